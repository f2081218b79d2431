//! A run that is given another number of epochs goes on as the run that its recipe then describes, and what its folder
//! says is enough to go on with it.

use std::path::Path;

use bmae_nn::StateDict;
use bmae_recipe::{Recipe, Stage, Start, TrainedStage};
use bmae_train::run_directory::{Recorded, RunFile};
use bmae_train::{Outcome, run};

use crate::small::{Watching, metrics, planned, pretrain, recipe, session, weights};

/// Switches, copies, averages by a ramp over the whole training, monitors and pictures at its end.
const METHODS: [&str; 3] = [
    "method.name = 'mae'\nmonitor.pictures = 2\nmonitor.pictures_every = 5",
    "method.name = 'mae-k'\nmethod.k = 2\nmonitor.stability = 8",
    "method.name = 'custom'\nmethod.wse = 2\nmonitor.stability = 8\nmethod.targets = [\
     { update = 'copy', every = 1 }, { update = 'ema', unit = 'step', tau = 0.1, tau_end = 0.5, ramp = 'cosine' }]",
];

/// Goes on with what the folder says, with `epochs` epochs where that is given, until `stop_after` steps.
fn go_on(run: &Path, epochs: Option<usize>, stop_after: Option<usize>) -> Outcome {
    let recorded = Recorded::read(run).expect("it is recorded");
    let recorded = epochs.map_or(Ok(recorded.clone()), |epochs| recorded.with_epochs(epochs)).expect("they fit");
    let mut watching = Watching { stop_after, ..Watching::default() };
    run::stage(&mut session(&mut watching, 2), &recorded.planned, true).expect("it goes on")
}

fn stage(stage: Stage, recipe: &Recipe, from: &Path, out: &Path, stop_after: Option<usize>) -> Outcome {
    let mut watching = Watching { stop_after, ..Watching::default() };
    let planned = planned(stage, recipe, &Start::From(from.to_owned()), out);
    run::stage(&mut session(&mut watching, 2), &planned, false).expect("it runs")
}

fn recipe_of(run: &Path) -> Recipe {
    Recipe::from_toml(&std::fs::read_to_string(run.join("config.toml")).expect("a recipe")).expect("it reads")
}

fn pictures(run: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(run.join("pictures")).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn assert_alike(one: &Path, other: &Path, epochs: usize) {
    assert_eq!(metrics(one), metrics(other), "{}", one.display());
    let state = |run: &Path| StateDict::from_file(&run.join(format!("state/epoch-{epochs:04}.safetensors")));
    assert_eq!(state(one).expect("a state").tensors, state(other).expect("a state").tensors, "{}", one.display());
    assert_eq!(weights(one).tensors, weights(other).tensors, "{}", one.display());
    assert_eq!(pictures(one), pictures(other));
    assert!(RunFile::read(one).expect("a run").is_finished());
}

#[test]
fn a_finished_pre_training_with_more_epochs_is_the_run_of_its_new_recipe_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    for (number, method) in METHODS.into_iter().enumerate() {
        let at = |name: &str| folder.path().join(format!("{number}-{name}"));
        pretrain(&recipe(&format!("{method}\npretrain.epochs = 3")), &at("longer"), false, None).expect("trains");
        // Stopped within an epoch, the way on is that of the recipe that it has by then.
        let stopped = go_on(&at("longer"), Some(5), Some(6));
        assert_eq!(stopped, Outcome::Interrupted { epochs_kept: 4, epochs: 5, steps_kept: 2 }, "{method}");
        assert!(matches!(go_on(&at("longer"), None, None), Outcome::Finished(_)), "{method}");
        let described = recipe_of(&at("longer"));
        assert_eq!(
            described,
            recipe(&format!("{method}\npretrain.epochs = 3")).replanned(TrainedStage::Pretrain, 5, 3)
        );
        pretrain(&described, &at("alone"), false, None).expect("trains");
        assert_alike(&at("longer"), &at("alone"), 5);
        assert_eq!(go_on(&at("longer"), Some(5), None), Outcome::AlreadyFinished, "as many as it has");
    }
}

#[test]
fn an_unfinished_pre_training_follows_the_longer_schedule_from_its_next_epoch_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let short = recipe("method.name = 'mae-new'\nmethod.k = 2\npretrain.epochs = 3");
    // 4 steps an epoch: stopped within the second.
    pretrain(&short, &at("longer"), false, Some(6)).expect("stops");
    go_on(&at("longer"), Some(5), None);
    pretrain(&short.replanned(TrainedStage::Pretrain, 5, 2), &at("alone"), false, None).expect("trains");
    assert_alike(&at("longer"), &at("alone"), 5);

    let rates = |run: &Path| -> Vec<f64> {
        metrics(run).iter().filter(|line| line["kind"] == "step").filter_map(|line| line["lr"].as_f64()).collect()
    };
    pretrain(&short, &at("short"), false, None).expect("trains");
    pretrain(&recipe("method.name = 'mae-new'\nmethod.k = 2\npretrain.epochs = 5"), &at("long"), false, None)
        .expect("trains");
    let (own, short, long) = (rates(&at("longer")), rates(&at("short")), rates(&at("long")));
    assert_eq!((&own[..8], &own[8..]), (&short[..8], &long[8..]), "two epochs of the short one, three of the long one");
}

#[test]
fn evaluations_are_given_more_epochs_too_and_a_shorter_plan_ends_sooner() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let recipe = recipe("pretrain.epochs = 1\nfinetune.epochs = 2\nlinprobe.epochs = 4");
    pretrain(&recipe, &at("mae"), false, None).expect("trains");
    stage(Stage::Finetune, &recipe, &at("mae"), &at("finetune"), None);
    go_on(&at("finetune"), Some(3), None);
    stage(Stage::Finetune, &recipe_of(&at("finetune")), &at("mae"), &at("finetune-alone"), None);
    assert_alike(&at("finetune"), &at("finetune-alone"), 3);

    stage(Stage::Linprobe, &recipe, &at("mae"), &at("linprobe"), Some(6));
    go_on(&at("linprobe"), Some(3), None);
    assert_eq!(RunFile::read(&at("linprobe")).expect("a run").epochs, 3);
    stage(Stage::Linprobe, &recipe_of(&at("linprobe")), &at("mae"), &at("linprobe-alone"), None);
    assert_alike(&at("linprobe"), &at("linprobe-alone"), 3);
}

#[test]
fn epochs_that_cannot_be_are_refused_with_the_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let recipe = recipe("pretrain.epochs = 3");
    pretrain(&recipe, &at("mae"), false, Some(9)).expect("stops");
    let refused = |name: &str, epochs| {
        Recorded::read(&at(name)).expect("recorded").with_epochs(epochs).expect_err("refused").to_string()
    };
    assert!(
        refused("mae", 2)
            .ends_with("mae cannot be given 2 epochs: 3 epochs of it have begun, and cannot be taken back")
    );
    go_on(&at("mae"), None, None);
    stage(Stage::Knn, &recipe, &at("mae"), &at("knn"), None);
    assert!(refused("knn", 5).contains("nearest neighbours are not trained"), "{}", refused("knn", 5));
    let trunk = bmae_recipe::plan::PlannedStage {
        ends_after: Some(1),
        ..planned(Stage::Pretrain, &recipe, &Start::Scratch, &at("trunk"))
    };
    let mut watching = Watching { stop_after: Some(2), ..Watching::default() };
    run::stage(&mut session(&mut watching, 2), &trunk, false).expect("stops");
    assert!(refused("trunk", 5).contains("it is a trunk"), "{}", refused("trunk", 5));
    assert!(matches!(go_on(&at("trunk"), None, None), Outcome::Finished(_)));
    let about = RunFile::read(&at("trunk")).expect("a run");
    assert!(about.trunk && about.epochs == 1 && about.is_finished(), "it is a trunk still");
}

#[test]
fn a_run_that_was_killed_while_it_was_given_more_epochs_trains_them() {
    let folder = tempfile::tempdir().expect("a folder");
    pretrain(&recipe("pretrain.epochs = 2"), folder.path(), false, None).expect("trains");
    let longer = recipe("pretrain.epochs = 2").replanned(TrainedStage::Pretrain, 3, 2);
    // The recipe is written first, then `run.toml`, which says that it is finished until then.
    std::fs::write(folder.path().join("config.toml"), longer.to_toml()).expect("written");
    assert!(matches!(go_on(folder.path(), None, None), Outcome::Finished(_)));
    assert_eq!(RunFile::read(folder.path()).expect("a run").epochs, 3);
}

#[test]
fn evaluations_that_have_begun_need_the_weights_no_more_that_they_began_with() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let recipe = recipe("pretrain.epochs = 1\nlinprobe.augmentation = 'none'");
    pretrain(&recipe, &at("mae"), false, None).expect("trains");
    for (of, name) in [(Stage::Finetune, "finetune"), (Stage::Linprobe, "linprobe")] {
        stage(of, &recipe, &at("mae"), &at(&format!("{name}-alone")), None);
        stage(of, &recipe, &at("mae"), &at(name), Some(6));
    }
    std::fs::remove_dir_all(at("mae")).expect("removed");
    for name in ["finetune", "linprobe"] {
        assert!(matches!(go_on(&at(name), None, None), Outcome::Finished(_)), "{name}");
        assert_alike(&at(name), &at(&format!("{name}-alone")), 3);
        let inputs = |name: &str| RunFile::read(&at(name)).expect("a run").inputs;
        assert_eq!(inputs(name), inputs(&format!("{name}-alone")), "{name}: the checksum of the weights too");
    }
}

#[test]
fn what_does_not_tell_its_stage_or_its_recipe_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    pretrain(&recipe("pretrain.epochs = 1"), folder.path(), false, None).expect("trains");
    let file = |name: &str| folder.path().join(name);
    let about = std::fs::read_to_string(file("run.toml")).expect("a file");
    let refused = || Recorded::read(folder.path()).expect_err("refused").to_string();
    for text in ["", "stage = ", "garbage"] {
        std::fs::write(file("run.toml"), text).expect("written");
        assert!(
            refused().contains("does not tell how to go on with it: ") && !refused().contains('\n'),
            "{}",
            refused()
        );
    }
    std::fs::write(file("run.toml"), about.replace("\"pretrain\"", "\"dance\"")).expect("written");
    assert!(refused().contains("names the stage \"dance\""), "{}", refused());
    std::fs::write(file("run.toml"), about).expect("written");
    // The recipe is in the checkpoint as well.
    std::fs::write(file("config.toml"), "garbage").expect("written");
    assert_eq!(Recorded::read(folder.path()).expect("recorded").planned.recipe, recipe("pretrain.epochs = 1"));
    std::fs::remove_dir_all(file("state")).expect("removed");
    std::fs::write(file("config.toml"), recipe("pretrain.epochs = 1").to_toml()).expect("written");
    let longer = Recorded::read(folder.path()).expect("recorded").with_epochs(2).expect_err("there is no state");
    assert!(longer.to_string().contains("cannot go on: there is no state in"), "{longer}");
    std::fs::write(file("config.toml"), "garbage").expect("written");
    std::fs::remove_dir_all(file("checkpoints")).expect("removed");
    refused();
}
