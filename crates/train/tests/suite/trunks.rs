//! Shared beginnings: runs that go on from a trunk are those left alone, bit for bit.

use std::path::Path;

use bmae_nn::StateDict;
use bmae_recipe::plan::{PlannedStage, share_beginnings};
use bmae_recipe::{Recipe, Stage, Start, Trunk};
use bmae_train::run::{self, PlanOutcome};
use bmae_train::{Outcome, TrainError};

use crate::small::{Watching, metrics, recipe, session};

/// Pictures and kept weights too, so that everything a run writes is compared.
const KEYS: &str = "pretrain.checkpoint_every = 2\nmonitor.pictures_every = 2\nmonitor.pictures = 2";

/// The pre-trainings of MAE, MAE-K 2 and EMA-MAE WSE 4, each in a folder of `directory`.
fn plan(directory: &Path) -> Vec<PlannedStage> {
    let methods = ["name = 'mae'", "name = 'mae-k'\nk = 2", "name = 'ema-mae'\nwse = 4\ntau = 0.1"];
    let stage = |(run, method): (&str, &str)| {
        let recipe: Recipe = recipe(&format!("{KEYS}\n[method]\n{method}"));
        let out = directory.join(run).join("pretrain");
        PlannedStage { run: run.into(), stage: Stage::Pretrain, recipe, start: Start::Scratch, out, ends_after: None }
    };
    ["mae", "mae-k", "ema-mae"].into_iter().zip(methods).map(stage).collect()
}

fn train(stages: &[PlannedStage], stop_after: Option<usize>) -> Result<PlanOutcome, TrainError> {
    let mut watching = Watching { stop_after, ..Watching::default() };
    run::plan(&mut session(&mut watching, 2), stages, |_| Ok(()))
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let read = |path: std::path::PathBuf| {
        (path.file_name().expect("a name").to_string_lossy().into_owned(), std::fs::read(&path).expect("a file"))
    };
    let mut files: Vec<_> = entries.map(read).collect();
    files.sort();
    files
}

/// The state after the last epoch; its metadata holds times.
fn state(run: &Path) -> StateDict {
    StateDict::from_file(&run.join("state/epoch-0006.safetensors")).expect("a state")
}

fn assert_alike(one: &Path, other: &Path) {
    assert_eq!(metrics(one), metrics(other));
    assert!(files(&one.join("pictures")) == files(&other.join("pictures")), "pictures differ");
    let weights = |run: &Path| files(&run.join("checkpoints"));
    assert_eq!(weights(one).len(), 4, "the last, and one every two epochs");
    assert!(weights(one) == weights(other), "weights differ");
    assert!(state(one).tensors == state(other).tensors, "the states differ");
    assert_eq!(
        std::fs::read_to_string(one.join("config.toml")).expect("a recipe"),
        std::fs::read_to_string(other.join("config.toml")).expect("a recipe")
    );
}

fn about(run: &Path) -> toml::Table {
    std::fs::read_to_string(run.join("run.toml")).expect("run.toml").parse().expect("TOML")
}

#[test]
fn runs_with_shared_beginnings_are_bit_for_bit_those_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let (alone, shared) = (folder.path().join("alone"), folder.path().join("shared"));
    train(&plan(&alone), None).expect("it trains");
    let stages = share_beginnings(plan(&shared), &shared);
    assert_eq!(stages.len(), 5, "trunks of 2 and 4 epochs");
    train(&stages, None).expect("it trains");
    for run in ["mae", "mae-k", "ema-mae"] {
        assert_alike(&alone.join(run).join("pretrain"), &shared.join(run).join("pretrain"));
    }
    let ema = about(&shared.join("ema-mae/pretrain"));
    assert_eq!(ema["shared_epochs"].as_integer(), Some(4));
    assert!(ema["shared_from"].as_str().is_some_and(|from| from.ends_with("trunks/mae-until-4/pretrain")), "{ema}");
    assert!(!ema.contains_key("from") && !ema.contains_key("trunk"), "{ema}");
    let trunk = about(&shared.join("trunks/mae-until-4/pretrain"));
    assert_eq!((trunk["trunk"].as_bool(), trunk["epochs"].as_integer()), (Some(true), Some(4)));
    assert_eq!(trunk["shared_epochs"].as_integer(), Some(2), "a trunk goes on from another");
}

#[test]
fn a_plan_that_is_stopped_anywhere_goes_on_to_the_same_results() {
    let folder = tempfile::tempdir().expect("a folder");
    let (alone, shared) = (folder.path().join("alone"), folder.path().join("shared"));
    train(&plan(&alone), None).expect("it trains");
    let stages = share_beginnings(plan(&shared), &shared);
    // Four steps an epoch: in the first trunk, in the second, in a run behind it, and each time after some more.
    let mut stops = 0;
    loop {
        match train(&stages, Some(7)).expect("it trains") {
            PlanOutcome::Interrupted(..) => stops += 1,
            outcome => {
                assert!(matches!(outcome, PlanOutcome::Finished));
                break;
            }
        }
    }
    assert!(stops > 5, "{stops}");
    for run in ["mae", "mae-k", "ema-mae"] {
        assert_alike(&alone.join(run).join("pretrain"), &shared.join(run).join("pretrain"));
    }
    assert_eq!(about(&shared.join("ema-mae/pretrain"))["shared_epochs"].as_integer(), Some(4));
}

#[test]
fn a_trunk_is_trained_again_only_where_a_run_still_needs_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let stages = share_beginnings(plan(folder.path()), folder.path());
    train(&stages, None).expect("it trains");
    let trunks = folder.path().join("trunks");
    std::fs::remove_dir_all(&trunks).expect("the trunks");
    train(&stages, None).expect("nothing is left to do");
    assert!(!trunks.exists());
    std::fs::remove_dir_all(folder.path().join("mae-k")).expect("a run");
    train(&stages, None).expect("it trains");
    let left: Vec<String> = files_of(&trunks);
    assert_eq!(left, ["mae-until-2"]);
}

fn files_of(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn a_run_refuses_a_trunk_that_is_missing_unfinished_or_of_another_recipe_and_writes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let stages = share_beginnings(plan(folder.path()), folder.path());
    let (trunk, of_two) = (&stages[0], &stages[3]);
    assert_eq!(of_two.run, "mae-k");
    let begin = |stage: &PlannedStage| {
        let mut watching = Watching::default();
        let error = run::stage(&mut session(&mut watching, 1), stage, true).expect_err("refused").to_string();
        assert!(!stage.out.exists(), "{error}");
        error
    };
    let missing = begin(of_two);
    assert!(missing.contains("it is not there") && missing.contains("train the trunk again"), "{missing}");

    let mut stopping = Watching { stop_after: Some(5), ..Watching::default() };
    run::stage(&mut session(&mut stopping, 1), trunk, false).expect("it stops in its second epoch");
    assert!(begin(of_two).contains("it is not finished"));

    let mut watching = Watching::default();
    let outcome = run::stage(&mut session(&mut watching, 1), trunk, true).expect("it goes on");
    assert!(matches!(outcome, Outcome::Finished(_)));
    let other = recipe(&format!("{KEYS}\npretrain.mask_ratio = 0.5\n[method]\nname = 'mae-k'\nk = 2"));
    let error = begin(&PlannedStage { recipe: other, ..of_two.clone() });
    assert!(error.contains("the two recipes do the same in the first 0 epochs, and it has 2"), "{error}");
    let longer = Start::Trunk(Trunk { directory: trunk.out.clone(), epochs: 4 });
    assert!(begin(&PlannedStage { start: longer, ..of_two.clone() }).contains("not a trunk of 4"));

    std::fs::remove_dir_all(trunk.out.join("state")).expect("its state");
    assert!(begin(of_two).contains("no state"), "a damaged trunk is no beginning");
}
