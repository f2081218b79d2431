//! What a run leaves beside its weights: a lock while it works, a word about its failure, pictures, TensorBoard's file.

use std::path::Path;

use bmae_recipe::{Stage, Start};
use bmae_train::run_directory::{Ending, RunFile};
use bmae_train::{Outcome, TrainError};

use crate::small::{Watching, planned, pretrain, recipe, session};

/// The names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The one event file of a run, and the tags in it with how often each comes, in order of the first.
fn tags(run: &Path) -> Vec<(String, usize)> {
    let folder = run.join("tensorboard");
    let files = names(&folder);
    assert_eq!(files.len(), 1, "{files:?}");
    let bytes = std::fs::read(folder.join(&files[0])).expect("an event file");
    let mut tags: Vec<(String, usize)> = Vec::new();
    for group in ["train/", "epoch/", "monitor/", "pictures/", "recipe/", "test/"] {
        for (at, _) in bytes.windows(group.len()).enumerate().filter(|(_, window)| *window == group.as_bytes()) {
            // A tag is a text with its length before it.
            let tag = String::from_utf8_lossy(&bytes[at..at + usize::from(bytes[at - 1])]).into_owned();
            match tags.iter_mut().find(|(other, _)| *other == tag) {
                Some((_, count)) => *count += 1,
                None => tags.push((tag, 1)),
            }
        }
    }
    tags
}

/// The values of a tag in the order of the event file.
fn values(run: &Path, tag: &str) -> Vec<f32> {
    let folder = run.join("tensorboard");
    let bytes = std::fs::read(folder.join(&names(&folder)[0])).expect("an event file");
    // The tag, and behind it the field `simple_value`: its key and four bytes.
    let field = [tag.as_bytes(), &[0x15]].concat();
    let value = |at: usize| {
        let value = &bytes[at + field.len()..at + field.len() + 4];
        f32::from_le_bytes(value.try_into().expect("four bytes"))
    };
    let found: Vec<f32> =
        bytes.windows(field.len()).enumerate().filter(|(_, w)| *w == field).map(|(at, _)| value(at)).collect();
    assert!(!found.is_empty(), "no value of {tag}");
    found
}

fn count(tags: &[(String, usize)], tag: &str) -> usize {
    tags.iter().find(|(other, _)| other == tag).map_or(0, |(_, count)| *count)
}

#[test]
fn a_run_draws_its_pictures_every_so_many_epochs_and_after_the_last() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys =
        "method.name = 'mae-k'\nmethod.k = 3\npretrain.epochs = 5\nmonitor.pictures_every = 2\nmonitor.pictures = 3";
    pretrain(&recipe(keys), folder.path(), false, None).expect("trains");
    let expected = ["0002", "0004", "0005"]
        .iter()
        .flat_map(|epoch| ["attention", "reconstruction"].map(|name| format!("epoch-{epoch}-{name}.png")));
    assert_eq!(names(&folder.path().join("pictures")), expected.collect::<Vec<_>>());
    let tags = tags(folder.path());
    assert_eq!(count(&tags, "pictures/reconstruction"), 3, "{tags:?}");
    assert_eq!(count(&tags, "pictures/attention"), 3, "{tags:?}");
}

#[test]
fn no_picture_is_drawn_where_none_is_asked_for() {
    for keys in ["monitor.pictures_every = 0", "monitor.pictures = 0"] {
        let folder = tempfile::tempdir().expect("a folder");
        pretrain(&recipe(&format!("pretrain.epochs = 1\n{keys}")), folder.path(), false, None).expect("trains");
        assert!(!folder.path().join("pictures").exists(), "{keys}");
    }
}

#[test]
fn the_event_file_of_a_resumed_run_tells_what_that_of_one_left_alone_tells() {
    let folder = tempfile::tempdir().expect("a folder");
    let (whole, stopped) = (folder.path().join("whole"), folder.path().join("stopped"));
    let recipe = recipe("method.name = 'ema-mae'\nmethod.wse = 2\nmonitor.pictures_every = 2");
    pretrain(&recipe, &whole, false, None).expect("trains");
    pretrain(&recipe, &stopped, false, Some(14)).expect("stops");
    pretrain(&recipe, &stopped, true, None).expect("goes on");
    assert_eq!(tags(&stopped), tags(&whole));
    for tag in ["train/loss", "train/loss_on_target_0", "epoch/loss", "monitor/target_std", "monitor/rank_me"] {
        assert_eq!(values(&stopped, tag), values(&whole, tag), "{tag}");
        assert!(values(&whole, tag).iter().all(|value| *value != 0.0), "{tag}: {:?}", values(&whole, tag));
    }
    assert_eq!(count(&tags(&whole), "train/loss"), 24, "four steps in each of six epochs");
    assert_eq!(count(&tags(&whole), "train/loss_on_target_0"), 16);
    assert_eq!(count(&tags(&whole), "monitor/target_std"), 6);
}

#[test]
fn a_resume_by_another_program_keeps_what_it_says_of_the_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let recipe = recipe("pretrain.epochs = 3");
    pretrain(&recipe, folder.path(), false, Some(6)).expect("stops");
    let path = folder.path().join("run.toml");
    let before = std::fs::read_to_string(&path).expect("run.toml");
    std::fs::write(&path, before.replace("program = \"bmae", "program = \"elder")).expect("run.toml");
    pretrain(&recipe, folder.path(), true, None).expect("goes on");
    let run = bmae_train::run_directory::RunFile::read(folder.path()).expect("run.toml");
    assert!(run.session.program.starts_with("bmae"), "{}", run.session.program);
    let programs: Vec<&str> = run.earlier.iter().map(|session| session.program.as_str()).collect();
    assert_eq!(programs, [run.session.program.replace("bmae", "elder")]);
}

#[test]
fn a_run_says_on_how_many_test_images_of_how_many_classes_it_is_evaluated() {
    let folder = tempfile::tempdir().expect("a folder");
    pretrain(&recipe("pretrain.epochs = 1\ndata.test_limit = 30"), folder.path(), false, None).expect("finishes");
    let run = RunFile::read(folder.path()).expect("run.toml");
    assert_eq!((run.classes, run.test_images), (Some(10), Some(30)));
}

#[test]
fn a_second_process_on_a_run_directory_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let recipe = recipe("");
    pretrain(&recipe, folder.path(), false, Some(6)).expect("stops");
    let lock = std::fs::File::open(folder.path().join("lock")).expect("a lock file");
    lock.lock().expect("its owner is gone");
    let before = std::fs::read(folder.path().join("metrics.jsonl")).expect("metrics");
    let refused = pretrain(&recipe, folder.path(), true, None).expect_err("it is in use");
    assert!(matches!(refused, TrainError::RunInUse { .. }), "{refused}");
    assert_eq!(std::fs::read(folder.path().join("metrics.jsonl")).expect("metrics"), before);
    drop(lock);
    assert!(matches!(pretrain(&recipe, folder.path(), true, None), Ok(Outcome::Finished(_))));
}

#[test]
fn a_folder_with_nothing_but_the_lock_of_a_dead_process_is_as_good_as_empty() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("lock"), "4711").expect("a file");
    let recipe = recipe("pretrain.epochs = 1");
    assert!(matches!(pretrain(&recipe, folder.path(), false, None), Ok(Outcome::Finished(_))));
}

/// Steps of about 1e18 in every weight: products of several layers leave the range of f32.
#[test]
fn a_loss_that_is_no_number_stops_a_run_and_names_step_layers_and_the_last_good_checkpoint() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = recipe("pretrain.epochs = 4");
    pretrain(&good, folder.path(), false, Some(9)).expect("two epochs, and stopped in the third");
    let broken = recipe("pretrain.epochs = 4\npretrain.base_lr = 1e19");
    // The same run, as if its rate had always been so.
    std::fs::write(folder.path().join("config.toml"), broken.to_toml()).expect("a file");
    let refused = pretrain(&broken, folder.path(), true, None).expect_err("it diverges").to_string();
    let says = |part: &str| assert!(refused.contains(part), "{part} in: {refused}");
    says("is NaN after 10 steps, in epoch 3");
    says(&format!("of {}", folder.path().display()));
    says("the first to give such numbers is blocks.0 of the encoder's 2");
    says("checkpoints/last.safetensors is good after 2 epochs");

    assert_eq!(RunFile::read(folder.path()).expect("run.toml").ending, Ending::Failed(refused));
    std::fs::write(folder.path().join("config.toml"), good.to_toml()).expect("a file");
    pretrain(&good, folder.path(), true, None).expect("the checkpoint is good");
    assert_eq!(RunFile::read(folder.path()).expect("run.toml").ending, Ending::Finished, "it is well again");
}

#[test]
fn a_resumed_run_keeps_when_it_was_first_started() {
    let folder = tempfile::tempdir().expect("a folder");
    let recipe = recipe("");
    pretrain(&recipe, folder.path(), false, Some(6)).expect("stops");
    let mut file = RunFile::read(folder.path()).expect("run.toml");
    file.started = 1_000_000;
    file.write(folder.path()).expect("room");
    pretrain(&recipe, folder.path(), true, None).expect("goes on");
    assert_eq!(RunFile::read(folder.path()).expect("run.toml").started, 1_000_000);
}

#[test]
fn a_run_of_an_earlier_version_whose_recipe_lacks_new_keys_can_be_resumed() {
    let folder = tempfile::tempdir().expect("a folder");
    let recipe = recipe("");
    pretrain(&recipe, folder.path(), false, Some(6)).expect("stops");
    let config = folder.path().join("config.toml");
    let text = std::fs::read_to_string(&config).expect("config.toml");
    let is_new = |line: &&str| ["pictures =", "precision ="].iter().any(|key| line.starts_with(key));
    let without: Vec<&str> = text.lines().filter(|line| !is_new(line)).collect();
    assert_eq!(without.len() + 2, text.lines().count());
    std::fs::write(&config, without.join("\n")).expect("room");
    assert!(matches!(pretrain(&recipe, folder.path(), true, None), Ok(Outcome::Finished(_))));
}

#[test]
fn what_made_a_run_is_written_down() {
    let folder = tempfile::tempdir().expect("a folder");
    let provenance = bmae_train::Provenance {
        program: "bmae 9".into(),
        commit: Some("abc".into()),
        machine: Some("two cores".into()),
    };
    let mut watching = Watching::default();
    let mut session = session(&mut watching, 1).with_provenance(provenance);
    let recipe = recipe("pretrain.epochs = 1");
    bmae_train::run::stage(&mut session, &planned(Stage::Pretrain, &recipe, &Start::Scratch, folder.path()), false)
        .expect("trains");
    let file = RunFile::read(folder.path()).expect("run.toml");
    assert_eq!(
        (file.session.program.as_str(), file.session.commit.as_deref(), file.session.machine.as_deref()),
        ("bmae 9", Some("abc"), Some("two cores"))
    );
}
