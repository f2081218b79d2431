//! Files of a run that are damaged, gone or of another model: what is whole goes on, what is lost is said, and nothing
//! is silently something else.

use std::path::{Path, PathBuf};

use bmae_nn::{StateDict, WeightsError};
use bmae_recipe::{Recipe, Stage, Start};
use bmae_train::observer::{Event, Message, Observer};
use bmae_train::run_directory::{Ending, RunFile};
use bmae_train::{Outcome, Session, TrainError, device::Device, run, start};

use crate::small::{Watching, metrics, planned, pretrain, recipe, session, weights};

fn mae_k() -> Recipe {
    recipe("method.name = 'mae-k'\nmethod.k = 2")
}

/// A run that was stopped after 10 of 24 steps, in the third epoch, and one left alone.
fn stopped_and_whole(folder: &Path) -> (PathBuf, PathBuf) {
    let (stopped, whole) = (folder.join("stopped"), folder.join("whole"));
    pretrain(&mae_k(), &stopped, false, Some(10)).expect("stops");
    pretrain(&mae_k(), &whole, false, None).expect("trains");
    (stopped, whole)
}

/// Resumes a run: how it ended, and the warnings.
fn resume(run: &Path) -> (Result<Outcome, TrainError>, Vec<String>) {
    let mut watching = Watching::default();
    let stage = planned(Stage::Pretrain, &mae_k(), &Start::Scratch, run);
    let outcome = run::stage(&mut session(&mut watching, 2), &stage, true);
    let warning = |event: &Event| match event {
        Event::Message(Message::Warning(text)) => Some(text.clone()),
        _ => None,
    };
    (outcome, watching.events.iter().filter_map(warning).collect())
}

const WITHIN: &str = "state/epoch-0002-step-000002.safetensors";
const WHOLE: &str = "state/epoch-0002.safetensors";
const LAST: &str = "checkpoints/last.safetensors";

fn flip(file: &Path, at: usize, bit: u32) {
    let mut bytes = std::fs::read(file).expect("a file");
    bytes[at] ^= 1 << bit;
    std::fs::write(file, bytes).expect("written");
}

#[test]
fn a_flipped_bit_anywhere_in_weights_is_an_error_that_names_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    pretrain(&recipe("pretrain.epochs = 1"), folder.path(), false, None).expect("trains");
    let file = folder.path().join(LAST);
    let length = std::fs::metadata(&file).expect("a file").len() as usize;
    let header = 8 + 4000;
    for at in (0..header).step_by(3).chain((header..length).step_by(199)) {
        flip(&file, at, (at % 8) as u32);
        let error = StateDict::open(&file).expect_err("damaged").to_string();
        assert!(error.contains("last.safetensors"), "byte {at}: {error}");
        flip(&file, at, (at % 8) as u32);
    }
    StateDict::open(&file).expect("whole again");
}

#[test]
fn weights_of_zeros_are_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    pretrain(&recipe("pretrain.epochs = 1"), folder.path(), false, None).expect("trains");
    let file = folder.path().join(LAST);
    let bytes = std::fs::read(&file).expect("a file");
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    std::fs::write(&file, [&bytes[..header], &vec![0; bytes.len() - header][..]].concat()).expect("written");
    let error = start::read_weights(folder.path()).expect_err("damaged");
    assert!(matches!(error, TrainError::Weights(WeightsError::Checksum { .. })), "{error}");
    // Without a checksum, as other programs write them.
    let mut zeros = StateDict::from_bytes(&bytes, "zeros.safetensors").expect("whole");
    zeros.tensors.values_mut().for_each(|array| array.values.fill(0.0));
    let (outcome, start) = (folder.path().join("knn"), folder.path().join("zeros.safetensors"));
    std::fs::write(&start, zeros.to_bytes().expect("bytes")).expect("written");
    let mut watching = Watching::default();
    let stage = planned(Stage::Knn, &recipe(""), &Start::From(start), &outcome);
    let error = run::stage(&mut session(&mut watching, 1), &stage, false).expect_err("refused").to_string();
    assert!(error.contains("weight in ") && error.contains("holds nothing but zeros"), "{error}");
}

#[test]
fn a_damaged_state_within_an_epoch_costs_the_steps_of_that_epoch_and_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let (stopped, whole) = stopped_and_whole(folder.path());
    let state = stopped.join(WITHIN);
    let length = std::fs::metadata(&state).expect("a state").len() as usize;
    flip(&state, length - 5, 3);
    let (outcome, warnings) = resume(&stopped);
    outcome.expect("goes on from the whole epoch");
    assert!(warnings.iter().any(|warning| warning.contains("epoch-0002-step-000002")), "{warnings:?}");
    assert_eq!((metrics(&stopped), weights(&stopped)), (metrics(&whole), weights_at(&whole, &stopped)));
}

/// The weights of `run`, as if they lay in `other`.
fn weights_at(run: &Path, other: &Path) -> StateDict {
    StateDict { source: other.join(LAST).display().to_string(), ..weights(run) }
}

#[test]
fn a_damaged_or_missing_last_is_written_again_from_the_state() {
    let folder = tempfile::tempdir().expect("a folder");
    let (stopped, whole) = stopped_and_whole(folder.path());
    let last = stopped.join(LAST);
    let original = std::fs::read(&last).expect("weights");
    let damages: [(&str, &dyn Fn()); 3] = [
        ("missing", &|| std::fs::remove_file(&last).expect("removed")),
        ("cut", &|| std::fs::write(&last, &original[..original.len() / 2]).expect("written")),
        ("flipped", &|| flip(&last, original.len() - 9, 1)),
    ];
    for (name, damage) in damages {
        damage();
        let (_, warnings) = resume_for_no_step(&stopped);
        assert!(warnings.iter().any(|warning| warning.contains("nothing is lost")), "{name}: {warnings:?}");
        assert!(std::fs::read(&last).expect("weights") == original, "{name}");
    }
    resume(&stopped).0.expect("goes on");
    assert_eq!((metrics(&stopped), weights(&stopped)), (metrics(&whole), weights_at(&whole, &stopped)));
}

/// Opens a run and stops it at once.
fn resume_for_no_step(run: &Path) -> (Outcome, Vec<String>) {
    let mut watching = Watching::default();
    watching.stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let stage = planned(Stage::Pretrain, &mae_k(), &Start::Scratch, run);
    let outcome = run::stage(&mut session(&mut watching, 2), &stage, true).expect("opens");
    let warning = |event: &Event| match event {
        Event::Message(Message::Warning(text)) => Some(text.clone()),
        _ => None,
    };
    (outcome, watching.events.iter().filter_map(warning).collect())
}

#[test]
fn a_run_without_a_whole_state_is_refused_with_a_remedy_and_nothing_of_it_is_removed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (stopped, _) = stopped_and_whole(folder.path());
    for state in [WITHIN, WHOLE] {
        flip(&stopped.join(state), 4000, 0);
    }
    let names = || {
        let mut names: Vec<PathBuf> =
            std::fs::read_dir(stopped.join("state")).expect("a folder").flatten().map(|entry| entry.path()).collect();
        names.sort();
        names
    };
    let before = names();
    let refused = resume(&stopped).0.expect_err("refused").to_string();
    for said in ["epoch-0002.safetensors", "epoch-0002-step-000002", "begin another run from its weights", LAST] {
        assert!(refused.contains(said), "{said} in: {refused}");
    }
    assert!(!refused.contains("remove"), "{refused}");
    assert_eq!(names(), before);
    std::fs::remove_dir_all(stopped.join("state")).expect("removed");
    let refused = resume(&stopped).0.expect_err("refused").to_string();
    assert!(refused.contains("no state in"), "{refused}");
}

#[test]
fn damaged_metrics_go_on_with_their_whole_lines_and_say_what_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let (stopped, whole) = stopped_and_whole(folder.path());
    let path = stopped.join("metrics.jsonl");
    let mut bytes = std::fs::read(&path).expect("metrics");
    let first = bytes.iter().position(|byte| *byte == b'\n').expect("a line");
    bytes[first + 5..first + 20].fill(0);
    std::fs::write(&path, bytes).expect("written");
    let (outcome, warnings) = resume(&stopped);
    outcome.expect("goes on");
    assert!(warnings.iter().any(|warning| warning.contains("metrics.jsonl") && warning.contains("1 damaged line")));
    let (found, expected) = (metrics(&stopped), metrics(&whole));
    assert_eq!(found.len(), expected.len() - 1);
    assert_eq!(found[2..], expected[3..]);
    assert_eq!(weights(&stopped).tensors, weights(&whole).tensors);
}

#[test]
fn a_recipe_that_is_gone_or_damaged_is_read_from_the_checkpoint() {
    let folder = tempfile::tempdir().expect("a folder");
    let (stopped, whole) = stopped_and_whole(folder.path());
    let config = stopped.join("config.toml");
    let text = std::fs::read_to_string(&config).expect("a recipe");
    for damage in [None, Some("seed = \0")] {
        match damage {
            None => std::fs::remove_file(&config).expect("removed"),
            Some(text) => std::fs::write(&config, text).expect("written"),
        }
        let other = recipe("method.name = 'mae-k'\nmethod.k = 3");
        let refused = pretrain(&other, &stopped, true, None).expect_err("another recipe").to_string();
        assert!(refused.contains("method.k was 2, is now 3"), "{refused}");
        let (_, warnings) = resume_for_no_step(&stopped);
        assert!(warnings.iter().any(|warning| warning.contains("its checkpoint carries is taken")), "{warnings:?}");
        assert_eq!(std::fs::read_to_string(&config).expect("a recipe"), text);
    }
    resume(&stopped).0.expect("goes on");
    assert_eq!(weights(&stopped).tensors, weights(&whole).tensors);
}

#[test]
fn a_damaged_run_toml_is_written_anew_and_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let (stopped, _) = stopped_and_whole(folder.path());
    std::fs::write(stopped.join("run.toml"), [0xff, 0, 1]).expect("written");
    let (outcome, warnings) = resume(&stopped);
    outcome.expect("goes on");
    assert!(warnings.iter().any(|warning| warning.contains("run.toml")), "{warnings:?}");
    assert!(RunFile::read(&stopped).expect("run.toml").is_finished());
}

/// Rewrites a state, with a checksum that is right.
fn change_state(file: &Path, change: impl FnOnce(&mut StateDict)) {
    let mut state = StateDict::from_file(file).expect("a state");
    change(&mut state);
    std::fs::write(file, state.to_bytes().expect("bytes")).expect("written");
}

type Change = Box<dyn Fn(&mut StateDict)>;

#[test]
fn a_state_of_another_model_is_refused_tensor_by_tensor() {
    let folder = tempfile::tempdir().expect("a folder");
    let (stopped, _) = stopped_and_whole(folder.path());
    let state = stopped.join(WITHIN);
    let original = std::fs::read(&state).expect("a state");
    let moment = "optimiser/blocks.0.mlp.fc1.weight/second";
    let target = "target.0/blocks.1.norm1.weight";
    let weight = "weights/blocks.0.mlp.fc1.weight";
    let array = |values: usize| bmae_nn::weights::Array { shape: vec![values], values: vec![0.0; values] };
    let changes: [(&str, Change); 8] = [
        ("lacks optimiser/blocks.0.mlp.fc1.weight/second", Box::new(|s| drop(s.tensors.remove(moment)))),
        ("has 3 values of optimiser/blocks.0", Box::new(move |s| drop(s.tensors.insert(moment.into(), array(3))))),
        (
            "has optimiser/else/first",
            Box::new(move |s| drop(s.tensors.insert("optimiser/else/first".into(), array(3)))),
        ),
        ("lacks target.0/blocks.1.norm1.weight", Box::new(|s| drop(s.tensors.remove(target)))),
        ("has 3 values of target.0/", Box::new(move |s| drop(s.tensors.insert(target.into(), array(3))))),
        ("has target.7/x", Box::new(move |s| drop(s.tensors.insert("target.7/x".into(), array(3))))),
        ("blocks.0.mlp.fc1.weight", Box::new(|s| drop(s.tensors.remove(weight)))),
        ("epoch.loss_sum", Box::new(|s| drop(s.metadata.remove("bmae.number.epoch.loss_sum")))),
    ];
    for (said, change) in changes {
        std::fs::write(&state, &original).expect("written");
        change_state(&state, change);
        let refused = resume(&stopped).0.expect_err("refused").to_string();
        assert!(refused.contains(said) && refused.contains("epoch-0002-step-000002"), "{said}: {refused}");
    }
}

#[test]
fn what_killed_processes_left_is_cleared_by_the_next_session() {
    let folder = tempfile::tempdir().expect("a folder");
    let (stopped, _) = stopped_and_whole(folder.path());
    let left = ["checkpoints/.last.safetensors.Ab12Cd", "state/.epoch-0003.safetensors.000000", ".run.toml.zzzzzz"];
    for name in left {
        std::fs::write(stopped.join(name), "half").expect("written");
    }
    std::fs::write(stopped.join("checkpoints/mine.txt"), "a note").expect("written");
    resume(&stopped).0.expect("goes on");
    assert_eq!(left.map(|name| stopped.join(name).exists()), [false; 3]);
    assert!(stopped.join("checkpoints/mine.txt").exists());
}

/// Does something to the run directory after a step.
struct AfterStep<F: FnMut()> {
    step: usize,
    steps: usize,
    act: F,
}

impl<F: FnMut()> Observer for AfterStep<F> {
    fn notify(&mut self, event: &Event) {
        if matches!(event, Event::Step { .. }) {
            self.steps += 1;
            if self.steps == self.step {
                (self.act)();
            }
        }
    }
}

#[test]
fn a_run_directory_that_is_moved_deleted_or_replaced_ends_the_run_and_nothing_is_put_in_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let (out, moved) = (folder.path().join("run"), folder.path().join("moved"));
    let deleted = || std::fs::remove_dir_all(&out).expect("removed");
    let is_moved = || std::fs::rename(&out, &moved).expect("moved");
    let replaced = || {
        std::fs::remove_dir_all(&out).expect("removed");
        std::fs::create_dir(&out).expect("made");
    };
    let acts: [(&str, &dyn Fn()); 3] = [("moved", &is_moved), ("deleted", &deleted), ("replaced", &replaced)];
    for (name, act) in acts {
        let mut observer = AfterStep { step: 6, steps: 0, act };
        let mut session = Session::new(Device::flex(), 2, Default::default(), &mut observer);
        let stage = planned(Stage::Pretrain, &mae_k(), &Start::Scratch, &out);
        let error = run::stage(&mut session, &stage, false).expect_err(name);
        assert!(matches!(error, TrainError::RunMoved { .. }), "{name}: {error}");
        let left = std::fs::read_dir(&out).map_or(0, Iterator::count);
        assert_eq!((left, out.exists()), (0, name == "replaced"), "{name}");
        let _ = std::fs::remove_dir(&out);
    }
    resume(&moved).0.expect("it goes on where it was moved to");
}

#[test]
fn finished_and_failed_exclude_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    pretrain(&mae_k(), folder.path(), false, Some(3)).expect("stops");
    let path = folder.path().join("run.toml");
    let mut file = RunFile::read(folder.path()).expect("run.toml");
    file.ending = Ending::Failed("a full disk".to_owned());
    file.write(folder.path()).expect("written");
    let text = std::fs::read_to_string(&path).expect("run.toml");
    assert!(text.contains("finished = false") && text.contains("failed = \"a full disk\""), "{text}");
    resume(folder.path()).0.expect("goes on");
    let text = std::fs::read_to_string(&path).expect("run.toml");
    assert!(text.contains("finished = true") && !text.contains("failed"), "{text}");
}
