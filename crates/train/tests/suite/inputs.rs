//! A run knows its inputs: with other images or weights it is refused, or made again with a word, and never mixed.

use std::fs;
use std::path::{Path, PathBuf};

use bmae_recipe::plan::{PlannedStage, plan, share_beginnings};
use bmae_recipe::{Recipe, Stage, Start};
use bmae_train::observer::{Event, Message};
use bmae_train::run::{self, PlanOutcome};
use bmae_train::run_directory::RunFile;
use bmae_train::{Outcome, TrainError};

use crate::small::{Watching, metrics, planned, pretrain, recipe, session, weights};

/// 32 training images, two batches, and 16 test images in two classes, all of one size in bytes.
fn photos(root: &Path) {
    let _ = fs::remove_dir_all(root);
    for (split, each) in [("train", 16), ("test", 8)] {
        for class in ["cat", "dog"] {
            for number in 0..each {
                let path = root.join(split).join(class).join(format!("{number}.ppm"));
                fs::create_dir_all(path.parent().expect("a folder")).expect("room");
                fs::write(path, photo(number + 40 * u8::from(class == "dog"))).expect("room");
            }
        }
    }
}

/// The bytes of a picture of 16 x 16 pixels that depends on `shade`.
fn photo(shade: u8) -> Vec<u8> {
    let pixels = (0..3 * 256).map(|at: usize| (at % 251) as u8 ^ shade.wrapping_mul(5));
    b"P6 16 16 255\n".iter().copied().chain(pixels).collect()
}

fn of_photos(root: &Path, keys: &str) -> Recipe {
    recipe(&format!("data.source = '{}'\n{keys}", root.display()))
}

fn run_stage(planned: &PlannedStage, resume: bool, stop_after: Option<usize>) -> Result<Outcome, TrainError> {
    let mut watching = Watching { stop_after, ..Watching::default() };
    run::stage(&mut session(&mut watching, 2), planned, resume)
}

/// Runs a plan and gives what it noted.
fn run_plan(stages: &[PlannedStage]) -> Result<Vec<String>, TrainError> {
    let mut watching = Watching::default();
    let outcome = run::plan(&mut session(&mut watching, 2), stages, |_| Ok(()))?;
    assert!(matches!(outcome, PlanOutcome::Finished));
    let notes = watching.events.into_iter().filter_map(|event| match event {
        Event::Message(Message::Note(text)) => Some(text),
        _ => None,
    });
    Ok(notes.filter(|text| text.contains("repeated")).collect())
}

/// Everything in a folder with its bytes.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(contents(&path)),
            path => found.push((path.clone(), fs::read(&path).expect("a file"))),
        }
    }
    found.sort();
    found
}

#[test]
fn a_resume_on_other_images_is_refused_with_what_changed_and_goes_on_once_they_are_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, out) = (folder.path().join("photos"), folder.path().join("run"));
    photos(&data);
    let recipe = of_photos(&data, "");
    let stopped = pretrain(&recipe, &out, false, Some(5)).expect("stops");
    assert!(matches!(stopped, Outcome::Interrupted { epochs_kept: 2, .. }));
    let before = contents(&out);
    let train = data.join("train");
    type Change<'a> = (&'a dyn Fn(), &'a str);
    let changes: [Change; 7] = [
        (
            &|| fs::write(train.join("cat/99.ppm"), photo(99)).expect("added"),
            "had 32 training images when it began, and has 33 now",
        ),
        (
            &|| fs::remove_file(train.join("cat/3.ppm")).expect("removed"),
            "had 32 training images when it began, and has 31 now",
        ),
        (
            &|| fs::write(train.join("cat/3.ppm"), photo(99)).expect("replaced"),
            "the contents of the training images of ",
        ),
        (
            &|| fs::write(train.join("cat/3.ppm"), b"P3 1 1 255 1 1 1").expect("replaced"),
            "the contents of the training images of ",
        ),
        (
            &|| fs::rename(train.join("cat/3.ppm"), train.join("cat/3x.ppm")).expect("renamed"),
            "the names or classes of the training images of ",
        ),
        (
            &|| fs::rename(train.join("cat/3.ppm"), train.join("dog/99.ppm")).expect("relabelled"),
            "the names or classes of the training images of ",
        ),
        (
            &|| fs::write(data.join("test/cat/3.ppm"), photo(99)).expect("replaced"),
            "the contents of the test images of ",
        ),
    ];
    for (change, said) in changes {
        change();
        let error = pretrain(&recipe, &out, true, None).expect_err(said);
        assert!(matches!(error, TrainError::OtherInputs { of: "images", .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(said) && text.contains("put the old images back") && text.contains("photos"), "{text}");
        assert_eq!(contents(&out), before, "{said}");
        photos(&data);
    }
    // Written anew, so with other times: they are the same images.
    assert!(matches!(pretrain(&recipe, &out, true, None).expect("goes on"), Outcome::Finished(_)));
    let alone = folder.path().join("alone");
    pretrain(&recipe, &alone, false, None).expect("trains");
    assert_eq!(metrics(&out), metrics(&alone));
}

#[test]
fn a_finished_pre_training_is_refused_for_other_training_images_and_not_for_other_test_images() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, out) = (folder.path().join("photos"), folder.path().join("run"));
    photos(&data);
    let recipe = of_photos(&data, "pretrain.epochs = 1");
    pretrain(&recipe, &out, false, None).expect("trains");
    fs::write(data.join("test/cat/3.ppm"), photo(99)).expect("replaced");
    let mut watching = Watching::default();
    let planned = planned(Stage::Pretrain, &recipe, &Start::Scratch, &out);
    let outcome = run::stage(&mut session(&mut watching, 2), &planned, true).expect("its weights know no test images");
    assert_eq!(outcome, Outcome::AlreadyFinished);
    let noted = |event: &Event| matches!(event, Event::Message(Message::Note(text)) if text.contains("test images"));
    assert!(watching.events.iter().any(noted), "{:?}", watching.events);
    fs::write(data.join("train/cat/3.ppm"), photo(99)).expect("replaced");
    assert!(matches!(pretrain(&recipe, &out, true, None), Err(TrainError::OtherInputs { of: "images", .. })));
}

#[test]
fn a_pre_training_without_quick_nearest_neighbours_reads_no_test_images() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, out) = (folder.path().join("photos"), folder.path().join("run"));
    photos(&data);
    let recipe = of_photos(&data, "monitor.every = 0");
    pretrain(&recipe, &out, false, Some(5)).expect("stops");
    assert!(RunFile::read(&out).expect("run.toml").inputs.test.is_none());
    fs::write(data.join("test/cat/99.ppm"), photo(99)).expect("added");
    assert!(matches!(pretrain(&recipe, &out, true, None).expect("goes on"), Outcome::Finished(_)));
}

#[test]
fn one_byte_of_cifar_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, out) = (folder.path().join("cifar"), folder.path().join("run"));
    fs::create_dir(&data).expect("room");
    let write = |name: &str, first: u8| {
        let record = |number: u8| [vec![number], vec![first; 1], vec![number.wrapping_mul(9); 3071]].concat();
        fs::write(data.join(name), (0..10).flat_map(record).collect::<Vec<u8>>()).expect("room");
    };
    let names = ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"];
    names.iter().for_each(|name| write(&format!("{name}.bin"), 7));
    let recipe = of_photos(&data, "");
    pretrain(&recipe, &out, false, Some(8)).expect("stops");
    write("data_batch_3.bin", 8);
    let error = pretrain(&recipe, &out, true, None).expect_err("refused").to_string();
    assert!(error.contains("the contents of the training images of CIFAR-10 have changed since it began"), "{error}");
    write("data_batch_3.bin", 7);
    assert!(matches!(pretrain(&recipe, &out, true, None).expect("goes on"), Outcome::Finished(_)));
}

#[test]
fn a_run_that_goes_on_from_a_trunk_needs_the_images_of_the_trunk() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("photos");
    photos(&data);
    let stage = |run: &str, method: &str| PlannedStage {
        run: run.to_owned(),
        ..planned(
            Stage::Pretrain,
            &of_photos(&data, method),
            &Start::Scratch,
            &folder.path().join(run).join("pretrain"),
        )
    };
    let stages = vec![stage("mae", "method.name = 'mae'"), stage("mae-k", "method.name = 'mae-k'\nmethod.k = 2")];
    let stages = share_beginnings(stages, folder.path());
    run_stage(&stages[0], false, None).expect("the trunk");
    fs::write(data.join("train/dog/99.ppm"), photo(99)).expect("added");
    let error = run_stage(&stages[1], true, None).expect_err("refused").to_string();
    assert!(error.contains("it was made of other images: ") && error.contains("had 32 training images"), "{error}");
    assert!(!stages[1].out.exists());
}

/// Two pre-trainings of one recipe but their seeds, in folders `a` and `b`.
fn two_encoders(folder: &Path) -> [PathBuf; 2] {
    ["a", "b"].map(|name| {
        let out = folder.join(name);
        let seed = if name == "a" { 1 } else { 2 };
        pretrain(&recipe("pretrain.epochs = 1").with_seed(seed), &out, false, None).expect("trains");
        out
    })
}

const EVALUATIONS: [(Stage, Option<usize>); 4] =
    [(Stage::Knn, None), (Stage::Linprobe, None), (Stage::Linprobe, Some(6)), (Stage::Finetune, Some(6))];

#[test]
fn an_evaluation_of_one_encoder_is_not_taken_for_that_of_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let [a, b] = two_encoders(folder.path());
    for (stage, stop_after) in EVALUATIONS {
        let out = folder.path().join(format!("{}-{}", stage.section(), stop_after.is_some()));
        let of = |from: &Path| planned(stage, &recipe(""), &Start::From(from.to_owned()), &out);
        run_stage(&of(&a), false, stop_after).expect("it begins");
        let before = contents(&out);
        let error = run_stage(&of(&b), true, None).expect_err("another encoder");
        let text = error.to_string();
        assert!(matches!(error, TrainError::OtherInputs { of: "weights", .. }), "{text}");
        for part in [a.display(), b.display()] {
            assert!(text.contains(&format!("the weights of {part} (SHA-256 ")), "{text}");
        }
        let error = run_stage(&planned(stage, &recipe(""), &Start::Scratch, &out), true, None).expect_err("random");
        assert!(error.to_string().contains("and is given a random encoder now"), "{error}");
        assert_eq!(contents(&out), before);
        run_stage(&of(&a), true, None).expect("its own encoder");
    }
}

#[test]
fn an_evaluation_whose_pre_training_was_made_anew_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let [a, b] = two_encoders(folder.path());
    let out = folder.path().join("knn");
    let of_a = planned(Stage::Knn, &recipe(""), &Start::From(a.clone()), &out);
    run_stage(&of_a, false, None).expect("evaluates");
    let run = RunFile::read(&out).expect("run.toml");
    assert_eq!(run.inputs.from_sha256, RunFile::read(&a).expect("run.toml").weights_sha256);
    assert_eq!(run.inputs.from_sha256.expect("it has weights").len(), 64);
    fs::copy(b.join("checkpoints/last.safetensors"), a.join("checkpoints/last.safetensors")).expect("other weights");
    let error = run_stage(&of_a, true, None).expect_err("other weights").to_string();
    let expected = format!("was made of other weights: those of {} have changed since it began", a.display());
    assert!(error.contains(&expected), "{error}");
}

/// Pre-training and evaluations of two methods on the photos in `folder`, in `folder/plan`.
fn photo_plan(folder: &Path) -> Vec<PlannedStage> {
    let keys = "pretrain.epochs = 2\nlinprobe.epochs = 2\nfinetune.epochs = 2\n[[runs]]\nname = 'mae'\n\
                [[runs]]\nname = 'mae-k'\nk = 1";
    plan(&of_photos(&folder.join("photos"), keys), 1, &folder.join("plan"))
}

#[test]
fn a_plan_makes_the_evaluations_of_a_new_pre_training_again_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    photos(&folder.path().join("photos"));
    let stages = photo_plan(folder.path());
    assert_eq!(run_plan(&stages).expect("it trains"), Vec::<String>::new());
    assert_eq!(run_plan(&stages).expect("nothing to do"), Vec::<String>::new());
    let mae = folder.path().join("plan/mae");
    let [other, _] = two_encoders(folder.path());
    fs::copy(other.join("checkpoints/last.safetensors"), mae.join("pretrain/checkpoints/last.safetensors"))
        .expect("others");
    fs::write(mae.join("linprobe/notes.txt"), "mine").expect("room");
    fs::write(mae.join("linprobe/checkpoints/mine.safetensors"), "foreign").expect("room");
    // One of them is unfinished: it must not go on either.
    let run_toml = mae.join("finetune/run.toml");
    let text = fs::read_to_string(&run_toml).expect("run.toml").replace("finished = true", "finished = false");
    fs::write(&run_toml, text).expect("room");
    let kept = contents(&folder.path().join("plan/mae-k"));

    let notes = run_plan(&stages).expect("it evaluates again");
    assert_eq!(notes.len(), 3, "{notes:?}");
    for (note, stage) in notes.iter().zip([Stage::Finetune, Stage::Linprobe, Stage::Knn]) {
        let out = mae.join(stage.section());
        let begins = format!("{} was made of other weights: those of ", out.display());
        assert!(note.starts_with(&begins) && note.ends_with("; it is repeated"), "{note}");
        let fresh = folder.path().join("fresh").join(stage.section());
        let planned = stages.iter().find(|planned| planned.out == out).expect("it is planned");
        run_stage(&PlannedStage { out: fresh.clone(), ..planned.clone() }, false, None).expect("evaluates");
        assert_eq!(metrics(&out), metrics(&fresh), "{stage:?}");
        if stage != Stage::Knn {
            assert_eq!(weights(&out).tensors, weights(&fresh).tensors, "{stage:?}");
        }
        let events = fs::read_dir(out.join("tensorboard")).expect("a folder").flatten();
        assert_eq!(events.filter(|entry| entry.file_name().to_string_lossy().ends_with(".bmae")).count(), 1);
    }
    assert!(mae.join("linprobe/notes.txt").exists());
    assert!(mae.join("linprobe/checkpoints/mine.safetensors").exists());
    assert_eq!(contents(&folder.path().join("plan/mae-k")), kept, "what has not changed is left alone");
    assert_eq!(run_plan(&stages).expect("nothing to do"), Vec::<String>::new());
}

#[test]
fn a_plan_makes_evaluations_on_other_test_images_again_and_keeps_its_pre_trainings() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("photos");
    photos(&data);
    let stages = photo_plan(folder.path());
    run_plan(&stages).expect("it trains");
    let pretraining = contents(&folder.path().join("plan/mae/pretrain"));
    fs::remove_file(data.join("test/dog/0.ppm")).expect("removed");
    let notes = run_plan(&stages).expect("it evaluates again");
    assert_eq!(notes.len(), 6, "{notes:?}");
    assert!(notes[0].contains("had 16 test images when it began, and has 15 now; it is repeated"), "{notes:?}");
    assert_eq!(contents(&folder.path().join("plan/mae/pretrain")), pretraining);
}

#[test]
fn a_plan_refuses_other_training_images_before_any_work() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("photos");
    photos(&data);
    let stages = photo_plan(folder.path());
    run_plan(&stages).expect("it trains");
    // The pre-training that is in the way stands behind one that would be trained.
    fs::remove_dir_all(folder.path().join("plan/mae")).expect("a run");
    fs::write(data.join("train/dog/0.ppm"), photo(99)).expect("replaced");
    let error = run_plan(&stages).expect_err("refused").to_string();
    assert!(error.contains("mae-k/pretrain was made of other images: the contents of the training images"), "{error}");
    assert!(!folder.path().join("plan/mae").exists(), "nothing was begun");

    // With another recipe it is that which is said.
    let mut other: Vec<PlannedStage> = stages.into_iter().filter(|stage| stage.run == "mae-k").collect();
    other.iter_mut().for_each(|stage| stage.recipe.data.train_limit = 16);
    let error = run_plan(&other).expect_err("refused").to_string();
    assert!(error.contains("data.train_limit was 0, is now 16"), "{error}");
}

/// `run.toml` of a run as an earlier version wrote it, which began at `started`.
fn as_of_an_earlier_version(run: &Path, started: u64) {
    let path = run.join("run.toml");
    let mut about: toml::Table = fs::read_to_string(&path).expect("run.toml").parse().expect("TOML");
    about.remove("inputs");
    about.remove("weights_sha256");
    about.insert("started".to_owned(), toml::Value::Integer(started as i64));
    fs::write(path, about.to_string()).expect("room");
}

#[test]
fn runs_of_earlier_versions_are_not_compared_and_record_their_inputs_when_they_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, out) = (folder.path().join("photos"), folder.path().join("run"));
    photos(&data);
    let recipe = of_photos(&data, "");
    pretrain(&recipe, &out, false, Some(5)).expect("stops");
    as_of_an_earlier_version(&out, 1000);
    assert!(RunFile::read(&out).expect("run.toml").inputs.train.is_none());
    pretrain(&recipe, &out, true, None).expect("goes on");
    let inputs = RunFile::read(&out).expect("run.toml").inputs;
    assert_eq!((inputs.train.expect("recorded").images, inputs.test.expect("recorded").images), (32, 16));
}

#[test]
fn an_evaluation_of_an_earlier_version_that_is_older_than_its_pre_training_is_no_evaluation_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let [a, _] = two_encoders(folder.path());
    let out = folder.path().join("knn");
    let of_a = planned(Stage::Knn, &recipe(""), &Start::From(a.clone()), &out);
    run_stage(&of_a, false, None).expect("evaluates");
    as_of_an_earlier_version(&a, 1000);
    as_of_an_earlier_version(&out, 1001);
    assert_eq!(run_stage(&of_a, true, None).expect("it may be"), Outcome::AlreadyFinished);
    as_of_an_earlier_version(&out, 999);
    let error = run_stage(&of_a, true, None).expect_err("it cannot be").to_string();
    assert!(error.contains("other weights: it began before those that ") && error.contains("were trained"), "{error}");
}
