//! Several ranks train one run as one process does: the same images, masks, draws and statistics, and the same weights but for
//! the order in which sums are added. The ranks are threads here; `tests/mpi/check.sh` does the same with real MPI.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Barrier, Mutex};

use bmae_recipe::{Recipe, Stage, Start};
use bmae_train::ranks::{Communicator, Ranks};
use bmae_train::{Outcome, TrainError, run};
use serde_json::Value;

use crate::small::{Watching, metrics, planned, recipe, session, weights};

/// One of several threads that reach each other by shared memory.
struct ThreadRank {
    rank: usize,
    shared: Arc<Shared>,
}

struct Shared {
    barrier: Barrier,
    given: Vec<Mutex<Vec<u8>>>,
}

impl Communicator for ThreadRank {
    fn rank(&self) -> usize {
        self.rank
    }

    fn count(&self) -> usize {
        self.shared.given.len()
    }

    fn gather(&self, own: &[u8]) -> Vec<Vec<u8>> {
        *self.shared.given[self.rank].lock().expect("no rank failed") = own.to_vec();
        self.shared.barrier.wait();
        let all = self.shared.given.iter().map(|given| given.lock().expect("no rank failed").clone()).collect();
        self.shared.barrier.wait();
        all
    }

    fn exchange(&self, own: &[f32], received: &mut [f32]) {
        let part = own.len() / self.count();
        let all = self.gather(&own.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>());
        let floats = all.iter().flat_map(|bytes| floats(bytes)[self.rank * part..(self.rank + 1) * part].to_vec());
        received.iter_mut().zip(floats).for_each(|(received, value)| *received = value);
    }

    fn gather_equal(&self, own: &[f32], all: &mut [f32]) {
        let given = self.gather(&own.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>());
        all.iter_mut().zip(given.iter().flat_map(|bytes| floats(bytes))).for_each(|(all, value)| *all = value);
    }
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])).collect()
}

/// What `work` gives on each of `count` ranks, the first first.
fn on_ranks<T: Send>(count: usize, work: impl Fn(Ranks) -> T + Sync) -> Vec<T> {
    let given = (0..count).map(|_| Mutex::default()).collect();
    let shared = Arc::new(Shared { barrier: Barrier::new(count), given });
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|rank| {
                let (shared, work) = (shared.clone(), &work);
                scope.spawn(move || work(Ranks::connected_by(ThreadRank { rank, shared })))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no rank panics")).collect()
    })
}

/// Trains `stage` in `out`, of which all ranks but the first are told another folder; the first is asked to stop after
/// `stop_after` steps.
fn train(
    count: usize,
    (stage, recipe, start): (Stage, &Recipe, &Start),
    out: &Path,
    resume: bool,
    stop_after: Option<usize>,
) -> Result<Outcome, TrainError> {
    let of_rank = |ranks: Ranks| {
        let first = ranks.is_first();
        let mut watching = Watching { stop_after: stop_after.filter(|_| first), ..Watching::default() };
        let elsewhere = elsewhere(out);
        let planned = planned(stage, recipe, start, if first { out } else { &elsewhere });
        run::stage(&mut session(&mut watching, 2).with_ranks(ranks), &planned, resume)
    };
    let mut outcomes = on_ranks(count, of_rank);
    assert!(!elsewhere(out).exists(), "only the first rank writes");
    outcomes.swap_remove(0)
}

fn elsewhere(out: &Path) -> PathBuf {
    out.with_extension("of-other-ranks")
}

/// The largest relative difference of two logs of the same run, line by line; panics where they differ in anything but
/// numbers.
fn largest_difference(one: &Path, other: &Path) -> f64 {
    let (one, other) = (metrics(one), metrics(other));
    assert_eq!(one.len(), other.len());
    let mut largest: f64 = 0.0;
    for (one, other) in one.iter().zip(&other) {
        assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
        for (key, one) in one {
            compare(one, &other[key], key, &mut largest);
        }
    }
    largest
}

fn compare(one: &Value, other: &Value, key: &str, largest: &mut f64) {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            assert_eq!(one.len(), other.len(), "{key}");
            one.iter().zip(other).for_each(|(one, other)| compare(one, other, key, largest));
        }
        (Value::Object(one), Value::Object(other)) => {
            assert_eq!(one.len(), other.len(), "{key}");
            one.iter().for_each(|(key, one)| compare(one, &other[key], key, largest));
        }
        (Value::Number(one), Value::Number(other)) => {
            let (one, other) = (one.as_f64().expect("a number"), other.as_f64().expect("a number"));
            *largest = largest.max((one - other).abs() / one.abs().max(1e-3));
        }
        _ => assert_eq!(one, other, "{key}"),
    }
}

/// Trains `stage` as 1, 2 and 4 ranks, twice as 4, and compares what they log.
fn assert_ranks_agree(stage: Stage, keys: &str, start: &Start) {
    let folder = tempfile::tempdir().expect("a folder");
    let recipe = recipe(keys);
    let run = |count: usize, name: &str| {
        let out = folder.path().join(name);
        let outcome = train(count, (stage, &recipe, start), &out, false, None).expect("it trains");
        assert!(matches!(outcome, Outcome::Finished(_)), "{outcome:?}");
        out
    };
    let one = run(1, "one");
    for count in [2, 4] {
        let difference = largest_difference(&one, &run(count, &count.to_string()));
        assert!(difference < 1e-5, "{count} ranks differ from one by {difference:.1e}: {keys}");
    }
    let (four, again) = (folder.path().join("4"), run(4, "again"));
    assert_eq!(metrics(&four), metrics(&again), "two runs as four ranks are the same");
    if stage != Stage::Knn {
        assert_eq!(weights(&four).tensors, weights(&again).tensors);
    }
}

#[test]
fn every_method_pre_trains_as_ranks_as_it_does_as_one_process() {
    for keys in [
        "method.name = 'mae'\npretrain.accumulate = 2\nmonitor.stability = 8\npretrain.clip_norm = 0.05",
        "method.name = 'mae-k'\nmethod.k = 2\nmonitor.stability = 8",
        "method.name = 'ema-mae'\nmethod.wse = 2\nmethod.pixel_weight = 0.5",
        "method.name = 'mae-new'\nmethod.k = 2\nmethod.masks = 'separate'",
    ] {
        assert_ranks_agree(Stage::Pretrain, keys, &Start::Scratch);
    }
}

#[test]
fn mixing_drop_path_and_class_weights_are_those_of_the_whole_batch() {
    for keys in [
        "finetune.mixup = 0.8\nfinetune.cutmix = 1.0\nfinetune.drop_path = 0.5\nfinetune.accumulate = 2",
        "finetune.mixup = 0.0\nfinetune.cutmix = 0.0\nfinetune.class_weights = 'balanced'\nfinetune.validation_fraction = 0.25",
    ] {
        assert_ranks_agree(Stage::Finetune, keys, &Start::Scratch);
    }
}

#[test]
fn a_probe_normalises_by_the_statistics_of_the_whole_batch() {
    for keys in [
        "linprobe.augmentation = 'none'\nlinprobe.class_weights = 'balanced'",
        "linprobe.augmentation = 'random-resized-crop'\nlinprobe.accumulate = 2",
    ] {
        assert_ranks_agree(Stage::Linprobe, keys, &Start::Scratch);
    }
    assert_ranks_agree(Stage::Knn, "", &Start::Scratch);
}

#[test]
fn a_run_goes_on_with_another_number_of_ranks() {
    let folder = tempfile::tempdir().expect("a folder");
    let recipe = recipe("method.name = 'mae-k'\nmethod.k = 2\npretrain.checkpoint_minutes = 10");
    let stage = (Stage::Pretrain, &recipe, &Start::Scratch);
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    train(1, stage, &whole, false, None).expect("it trains");
    // Within the third epoch, at an end of one, and to the last.
    for (count, stop_after) in [(4, Some(10)), (1, Some(2)), (2, None)] {
        let outcome = train(count, stage, &parts, true, stop_after).expect("it trains");
        assert_eq!(matches!(outcome, Outcome::Interrupted { .. }), stop_after.is_some(), "{outcome:?}");
    }
    let difference = largest_difference(&whole, &parts);
    assert!(difference < 1e-5, "{difference:.1e}");
    let again = train(4, stage, &parts, true, None).expect("nothing is left to do");
    assert_eq!(again, Outcome::AlreadyFinished);
}

#[test]
fn a_batch_that_ranks_cannot_share_is_refused_with_numbers_that_would_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |stage: Stage, count: usize, keys: &str| {
        let recipe = recipe(keys);
        let refused = train(count, (stage, &recipe, &Start::Scratch), &folder.path().join("run"), false, None);
        refused.expect_err("it is refused").to_string()
    };
    assert_eq!(
        refused(Stage::Pretrain, 3, ""),
        "a batch of 16 images in 1 micro-batch (pretrain.batch_size, pretrain.accumulate) does not divide among 3 ranks; start 1, \
         2, 4, 8 or 16 ranks, or set pretrain.batch_size=15 or 18"
    );
    let mixed = refused(Stage::Finetune, 8, "finetune.accumulate = 2\nfinetune.mixup = 0.8");
    assert!(mixed.contains("mixed in pairs") && mixed.contains("start 1, 2 or 4 ranks"), "{mixed}");
    assert!(!folder.path().join("run").exists(), "nothing is written");
}
