//! What a plan will take is told before it starts, and changes nothing of it.

use std::path::Path;

use bmae_recipe::plan::PlannedStage;
use bmae_recipe::{Stage, Start};
use bmae_train::device::{Device, Machine};
use bmae_train::estimate::{Effort, PlanEstimate};
use bmae_train::forecast::forecast;
use bmae_train::observer::Event;
use bmae_train::{TrainError, run};

use crate::small::{Watching, metrics, planned, pretrain, recipe, session, weights};

/// A model whose weights outweigh the headers of its files.
const WIDER: &str =
    "model.encoder.dim = 64\nmodel.decoder.dim = 32\nmonitor.pictures = 0\nmethod.name = 'mae-new'\nmethod.k = 1";

fn estimated(plan: &[PlannedStage], effort: Effort) -> Result<PlanEstimate, TrainError> {
    forecast(plan, &Machine { device: Device::flex(), threads: 2 }, effort, || false)
}

/// Bytes of all files in `folder`.
fn bytes_in(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    entries
        .map(
            |entry| {
                if entry.path().is_dir() { bytes_in(&entry.path()) } else { entry.metadata().expect("a file").len() }
            },
        )
        .sum()
}

#[test]
fn an_estimate_is_told_before_the_stage_begins_and_changes_no_weight_and_no_metric() {
    let folder = tempfile::tempdir().expect("a folder");
    let (plain, told) = (folder.path().join("plain"), folder.path().join("told"));
    let recipe = recipe("method.name = 'mae-k'\nmethod.k = 2");
    pretrain(&recipe, &plain, false, None).expect("a training");
    let mut watching = Watching::default();
    let mut with_estimates = session(&mut watching, 2).with_estimates(Effort::Always);
    run::stage(&mut with_estimates, &planned(Stage::Pretrain, &recipe, &Start::Scratch, &told), false)
        .expect("the same");
    assert!(weights(&plain).tensors == weights(&told).tensors);
    assert_eq!(metrics(&plain), metrics(&told));
    let Event::Estimated(estimate) = &watching.events[0] else { panic!("{:?}", watching.events[0]) };
    assert!(estimate.steps_timed > 0 && estimate.seconds() > 0.0, "{estimate:?}");
}

#[test]
fn a_session_that_was_not_asked_to_tells_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut watching = Watching::default();
    let stage = planned(Stage::Pretrain, &recipe(""), &Start::Scratch, &folder.path().join("a"));
    run::stage(&mut session(&mut watching, 2), &stage, false).expect("a training");
    assert!(!watching.events.iter().any(|event| matches!(event, Event::Estimated(_))));
}

#[test]
fn what_is_left_to_do_is_estimated_and_what_is_finished_takes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let recipe = recipe("");
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let stage = |out: &Path| planned(Stage::Pretrain, &recipe, &Start::Scratch, out);
    let knn = planned(Stage::Knn, &recipe, &Start::From(first.clone()), &folder.path().join("knn"));
    let plan = [stage(&first), stage(&second), knn];
    let before = estimated(&plan, Effort::Always).expect("an estimate");
    assert_eq!((before.due(), before.stages[0].epochs, before.stages[0].steps_per_epoch), (3, 6, 4));
    pretrain(&recipe, &first, false, None).expect("a training");
    pretrain(&recipe, &second, false, Some(10)).expect("it stops in its third epoch");
    let after = estimated(&plan, Effort::Always).expect("an estimate");
    assert_eq!((after.due(), after.stages[0].is_due, after.stages[0].seconds), (2, false, 0.0));
    assert_eq!(after.stages[1].epochs, 4);
    assert!(after.stages[2].seconds > 0.0, "{after:?}");
}

#[test]
fn the_disk_that_is_told_is_what_a_run_leaves() {
    let folder = tempfile::tempdir().expect("a folder");
    let recipe = recipe(&format!("{WIDER}\npretrain.checkpoint_every = 2\nfinetune.checkpoint_every = 1"));
    let pretraining = folder.path().join("pretrain");
    let mut watching = Watching::default();
    for (stage, start) in [
        (Stage::Pretrain, Start::Scratch),
        (Stage::Finetune, Start::From(pretraining.clone())),
        (Stage::Linprobe, Start::From(pretraining.clone())),
    ] {
        let stage = planned(stage, &recipe, &start, &folder.path().join(stage.section()));
        let estimate = estimated(std::slice::from_ref(&stage), Effort::RoomOnly).expect("an estimate");
        run::stage(&mut session(&mut watching, 2), &stage, false).expect("a training");
        let (told, left) = (estimate.stages[0].disk.0 as f64, bytes_in(&stage.out) as f64);
        assert!((told - left).abs() < 0.1 * left + 80e3, "{:?}: {told} told, {left} left", stage.stage);
    }
}

#[test]
fn a_plan_for_which_the_disk_has_no_room_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("plan/mae/pretrain");
    let stage = planned(Stage::Pretrain, &recipe("pretrain.checkpoint_every = 1"), &Start::Scratch, &out);
    let mut too_long = stage.clone();
    too_long.recipe.pretrain.stage.epochs = 1 << 40;
    let mut watching = Watching::default();
    let mut session = session(&mut watching, 2).with_estimates(Effort::RoomOnly);
    let refused = run::plan(&mut session, &[too_long], |_| Ok(())).expect_err("there is no such disk");
    assert!(matches!(refused, TrainError::NoRoom { .. }), "{refused}");
    assert!(!folder.path().join("plan").exists());
}
