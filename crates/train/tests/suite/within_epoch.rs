//! A training that is stopped or killed anywhere within an epoch repeats almost nothing and ends with the same bits.

use std::path::Path;

use bmae_nn::StateDict;
use bmae_recipe::{Recipe, Stage, Start};
use bmae_train::observer::{Event, Observer};
use bmae_train::{Outcome, Session, TrainError, device::Device, run};

use crate::small::{Watching, metrics, planned, pretrain, recipe, session};

/// Everything that changes within an epoch or at its borders: copies, averages by step and by epoch, the switch, a head
/// for pixels that stays, masks of their own, measures of stability.
const METHODS: [&str; 5] = [
    "method.name = 'mae'",
    "method.name = 'mae-new'\nmethod.k = 2\nmethod.tau = 0.3\nmonitor.stability = 8",
    "method.name = 'mae-k'\nmethod.k = 3\nmethod.copy_at = 'epoch-end'\nmethod.pixel_weight = 0.5\nmonitor.stability = 8",
    "method.name = 'ema-mae'\nmethod.wse = 2\nmethod.born = 'start'\nmonitor.stability = 8\nmethod.warmup_weight = 'sum'",
    "method.name = 'custom'\nmethod.wse = 2\nmethod.masks = 'separate'\nmonitor.stability = 8\nmethod.targets = [\
     { update = 'copy', every = 1 }, { update = 'ema', unit = 'step', tau = 0.1, tau_end = 0.5, ramp = 'cosine' }]",
];
const STEPS: usize = 24;

/// Every tensor of the state after the last epoch; its metadata holds times.
fn last_state(run: &Path, epochs: usize) -> StateDict {
    StateDict::from_file(&run.join(format!("state/epoch-{epochs:04}.safetensors"))).expect("a state")
}

fn assert_alike(stopped: &Path, whole: &Path, epochs: usize, about: &str) {
    assert_eq!(metrics(stopped), metrics(whole), "{about}");
    assert_eq!(last_state(stopped, epochs).tensors, last_state(whole, epochs).tensors, "{about}");
    let files = |run: &Path| {
        let entries = std::fs::read_dir(run.join("checkpoints")).expect("a folder");
        let read = |entry: std::fs::DirEntry| (entry.file_name(), std::fs::read(entry.path()).expect("a file"));
        let mut files: Vec<_> = entries.map(|entry| read(entry.expect("an entry"))).collect();
        files.sort();
        files
    };
    assert!(files(stopped) == files(whole), "{about}: the weights differ");
    let states = std::fs::read_dir(stopped.join("state")).expect("a folder").count();
    assert_eq!(states, 1, "{about}: superseded states are gone");
}

#[test]
fn a_pretraining_stopped_after_any_step_keeps_that_step_and_ends_with_the_same_bits() {
    let folder = tempfile::tempdir().expect("a folder");
    for (number, method) in METHODS.into_iter().enumerate() {
        let recipe = recipe(&format!("{method}\npretrain.checkpoint_every = 3"));
        let whole = folder.path().join(format!("{number}-whole"));
        pretrain(&recipe, &whole, false, None).expect("trains");
        for step in 1..STEPS {
            let stopped = folder.path().join(format!("{number}-{step}"));
            let outcome = pretrain(&recipe, &stopped, false, Some(step)).expect("stops");
            let kept = Outcome::Interrupted { epochs_kept: step / 4, epochs: 6, steps_kept: step % 4 };
            assert_eq!(outcome, kept, "{method}, step {step}");
            let mut watching = Watching::default();
            let stage = planned(Stage::Pretrain, &recipe, &Start::Scratch, &stopped);
            run::stage(&mut session(&mut watching, 2), &stage, true).expect("goes on");
            assert_eq!(watching.steps, STEPS - step, "{method}: no step is repeated after {step}");
            assert_alike(&stopped, &whole, 6, &format!("{method}, step {step}"));
        }
    }
}

#[test]
fn a_pretraining_stopped_again_and_again_ends_with_the_same_bits() {
    let folder = tempfile::tempdir().expect("a folder");
    let (whole, stopped) = (folder.path().join("whole"), folder.path().join("stopped"));
    let recipe = recipe(METHODS[1]);
    pretrain(&recipe, &whole, false, None).expect("trains");
    let mut sessions = 1;
    while let Outcome::Interrupted { .. } = pretrain(&recipe, &stopped, true, Some(1)).expect("one step more") {
        sessions += 1;
    }
    assert_eq!(sessions, STEPS, "each session takes one step");
    assert_alike(&stopped, &whole, 6, "one step a session");
}

#[test]
fn evaluations_stopped_after_any_step_keep_that_step_and_end_with_the_same_bits() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys =
        "finetune.drop_path = 0.3\nfinetune.mixup = 0.8\nfinetune.randaugment = true\nfinetune.random_erasing = 0.25";
    let augmented = format!("{keys}\nlinprobe.augmentation = 'byol-crop'");
    let fixed = format!("{keys}\nlinprobe.augmentation = 'none'");
    for (name, stage, keys) in [
        ("finetune", Stage::Finetune, keys),
        ("augmented", Stage::Linprobe, augmented.as_str()),
        ("fixed", Stage::Linprobe, fixed.as_str()),
    ] {
        let recipe = recipe(keys);
        let work = |out: &Path, stop_after: Option<usize>| {
            let mut watching = Watching { stop_after, ..Watching::default() };
            let stage = planned(stage, &recipe, &Start::Scratch, out);
            let outcome = run::stage(&mut session(&mut watching, 2), &stage, true).expect("works");
            (outcome, watching.steps)
        };
        let whole = folder.path().join(format!("{name}-whole"));
        work(&whole, None);
        for step in 1..12 {
            let stopped = folder.path().join(format!("{name}-{step}"));
            let (outcome, _) = work(&stopped, Some(step));
            let Outcome::Interrupted { epochs_kept, steps_kept, .. } = outcome else { panic!("{name}: {outcome:?}") };
            assert_eq!(epochs_kept * 4 + steps_kept, step, "{name}");
            let (_, steps) = work(&stopped, None);
            assert_eq!(steps, 12 - step, "{name}: no step is repeated after {step}");
            assert_alike(&stopped, &whole, 3, &format!("{name}, step {step}"));
        }
    }
}

/// Copies the run directory as it is after every step: what a process that is killed there leaves.
struct Copying<'a> {
    run: &'a Path,
    copies: &'a Path,
    steps: usize,
}

impl Observer for Copying<'_> {
    fn notify(&mut self, event: &Event) {
        if matches!(event, Event::Step { .. }) {
            self.steps += 1;
            copy(self.run, &self.copies.join(self.steps.to_string()));
        }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        match entry.file_type().expect("a kind").is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => drop(std::fs::copy(entry.path(), to.join(entry.file_name())).expect("copied")),
        }
    }
}

/// Trains `stage` with an observer that copies.
fn train_and_copy(stage: Stage, recipe: &Recipe, run_path: &Path, copies: &Path) -> Result<Outcome, TrainError> {
    let mut copying = Copying { run: run_path, copies, steps: 0 };
    let mut session = Session::new(Device::flex(), 2, Default::default(), &mut copying);
    run::stage(&mut session, &planned(stage, recipe, &Start::Scratch, run_path), false)
}

#[test]
fn a_run_killed_after_any_step_repeats_at_most_what_came_since_its_last_state_and_ends_with_the_same_bits() {
    let folder = tempfile::tempdir().expect("a folder");
    // A state after every step: it is written after the step is told.
    let keys = "pretrain.checkpoint_minutes = 1e-9\nfinetune.checkpoint_minutes = 1e-9";
    for (name, stage, keys) in [
        ("pretrain", Stage::Pretrain, format!("{}\n{keys}", METHODS[2])),
        ("finetune", Stage::Finetune, keys.to_owned()),
    ] {
        let recipe = recipe(&keys);
        let (whole, copies) = (folder.path().join(name), folder.path().join(format!("{name}-copies")));
        train_and_copy(stage, &recipe, &whole, &copies).expect("trains");
        let (steps, epochs) = if stage == Stage::Pretrain { (STEPS, 6) } else { (12, 3) };
        for step in 1..=steps {
            let killed = copies.join(step.to_string());
            let mut watching = Watching::default();
            run::stage(&mut session(&mut watching, 2), &planned(stage, &recipe, &Start::Scratch, &killed), true)
                .expect("goes on");
            assert_eq!(watching.steps, steps - step + 1, "{name}: one step is repeated after {step}");
            assert_alike(&killed, &whole, epochs, &format!("{name}, killed after step {step}"));
        }
    }
}

#[test]
fn without_minutes_only_whole_epochs_are_kept_and_the_minutes_may_change_between_sessions() {
    let folder = tempfile::tempdir().expect("a folder");
    let with = |minutes: &str| recipe(&format!("pretrain.epochs = 2\npretrain.checkpoint_minutes = {minutes}"));
    let copies = folder.path().join("copies");
    train_and_copy(Stage::Pretrain, &with("0"), &folder.path().join("whole"), &copies).expect("trains");
    let states = |step: usize| std::fs::read_dir(copies.join(format!("{step}/state"))).map_or(0, Iterator::count);
    assert_eq!([1, 3, 4, 5, 7].map(states), [0, 0, 0, 1, 1]);
    pretrain(&with("1e-9"), &copies.join("6"), true, None).expect("goes on");
}
