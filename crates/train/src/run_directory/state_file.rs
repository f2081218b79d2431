//! One file of `state/`: everything that a loop needs to go on from a step, its weights among it.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bmae_output::plain::plain_path;

use bmae_nn::weights::{CLASSES_KEY, CONFIG_KEY, StateDict, Written, write_file};

use crate::TrainError;

/// The metadata key of the whole epochs after which weights were written.
const EPOCHS_DONE: &str = "bmae.epochs_done";
/// The metadata key of why weights are the best.
const CHOSEN_BY: &str = "bmae.chosen_by";
const STEPS_DONE: &str = "bmae.steps_done";
const METRICS_BYTES: &str = "bmae.metrics_bytes";
const WALL_S: &str = "bmae.wall_s";
const WEIGHTS_KEPT: &str = "bmae.weights_kept";
/// What the metadata keys of exact numbers begin with.
const NUMBER: &str = "bmae.number.";
/// What the names of the weights begin with; no other tensor's does.
const WEIGHTS: &str = "weights/";

/// The whole epochs after which `weights` were written; `None` for those of other programs.
pub fn epochs_done(weights: &StateDict) -> Option<usize> {
    weights.metadata.get(EPOCHS_DONE)?.parse().ok()
}

/// By what `weights` were chosen among those of their run, as `validation top-1, epoch 7`; `None` for those that were not.
pub fn chosen_by(weights: &StateDict) -> Option<&str> {
    weights.metadata.get(CHOSEN_BY).map(String::as_str)
}

/// Writes a file of `weights` as those after `epochs_done` whole epochs, which were `chosen_by` something.
pub(super) fn write_chosen_weights(
    out: &mut dyn Write,
    mut weights: StateDict,
    epochs_done: usize,
    chosen_by: &str,
) -> io::Result<()> {
    weights.metadata.insert(CHOSEN_BY.to_owned(), chosen_by.to_owned());
    write_weights(out, &weights, epochs_done)
}

/// Writes a file of `weights` as those after `epochs_done` whole epochs.
pub(super) fn write_weights(out: &mut dyn Write, weights: &StateDict, epochs_done: usize) -> io::Result<()> {
    let mut metadata = weights.metadata.clone();
    metadata.insert(EPOCHS_DONE.to_owned(), epochs_done.to_string());
    write_file(out, weights.tensors_to_write(""), &metadata)
}

/// How far a stage came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Whole epochs done.
    pub epochs_done: usize,
    /// Steps done of the epoch after them; 0 between two epochs.
    pub steps_done: usize,
}

impl Position {
    /// After `epochs_done` whole epochs.
    pub fn after_epochs(epochs_done: usize) -> Self {
        Self { epochs_done, steps_done: 0 }
    }

    /// Whether it is between two epochs.
    pub fn is_whole(self) -> bool {
        self.steps_done == 0
    }

    /// Epochs of which at least one step is done.
    pub fn epochs_begun(self) -> usize {
        self.epochs_done + usize::from(!self.is_whole())
    }

    /// The name of the state there.
    fn file_name(self) -> String {
        let Self { epochs_done, steps_done } = self;
        match self.is_whole() {
            true => format!("epoch-{epochs_done:04}.safetensors"),
            false => format!("epoch-{epochs_done:04}-step-{steps_done:06}.safetensors"),
        }
    }

    fn of_file_name(name: &str) -> Option<Self> {
        let numbers = name.strip_prefix("epoch-")?.strip_suffix(".safetensors")?;
        let (epochs, steps) = numbers.split_once("-step-").unwrap_or((numbers, "0"));
        let position = Self { epochs_done: epochs.parse().ok()?, steps_done: steps.parse().ok()? };
        (position.file_name() == name).then_some(position)
    }
}

/// What a loop holds in memory and a resume needs.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Under their official names.
    pub weights: StateDict,
    /// Optimiser moments, target encoders, the best score: named flat values.
    pub values: BTreeMap<String, Vec<f32>>,
    /// Sums of an unfinished epoch: named numbers, kept exactly.
    pub numbers: BTreeMap<String, f64>,
}

/// What a resume starts from.
#[derive(Debug, Clone, Default)]
pub struct Checkpoint {
    /// How far it is.
    pub position: Position,
    /// Length of `metrics.jsonl` then.
    pub metrics_bytes: u64,
    /// Seconds of work then, over all sessions.
    pub wall_s: f64,
    /// Whether the weights are kept as `epoch-NNNN.safetensors` too.
    pub weights_kept: bool,
    /// What the loop held.
    pub snapshot: Snapshot,
    /// The file that it was read from; empty for one that was not.
    pub file: PathBuf,
}

impl Checkpoint {
    /// The error about values that are not those of the model: `what` it has or lacks, as a predicate.
    pub(crate) fn refused(&self, what: String) -> TrainError {
        TrainError::StateOfAnotherModel { path: self.file.clone(), what }
    }

    /// Writes the file.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let Snapshot { weights, values, numbers } = &self.snapshot;
        let mut tensors = weights.tensors_to_write(WEIGHTS);
        let shapes: Vec<[usize; 1]> = values.values().map(|values| [values.len()]).collect();
        let flat = values.iter().zip(&shapes);
        tensors.extend(flat.map(|((name, values), shape)| Written { name: name.clone(), shape, values }));
        let mut metadata = weights.metadata.clone();
        let mut put = |key: &str, value: String| metadata.insert(key.to_owned(), value);
        put(EPOCHS_DONE, self.position.epochs_done.to_string());
        put(STEPS_DONE, self.position.steps_done.to_string());
        put(METRICS_BYTES, self.metrics_bytes.to_string());
        put(WALL_S, self.wall_s.to_string());
        put(WEIGHTS_KEPT, self.weights_kept.to_string());
        for (name, number) in numbers {
            // The shortest text that reads back as this very number.
            put(&format!("{NUMBER}{name}"), format!("{number:?}"));
        }
        write_file(out, tensors, &metadata)
    }

    /// Reads the file at `path`. States of earlier versions hold no weights: those are `checkpoints/last.safetensors`
    /// of the same epoch, which `last_weights` gives.
    pub(super) fn read(
        path: &Path,
        last_weights: impl FnOnce() -> Result<StateDict, TrainError>,
    ) -> Result<Self, TrainError> {
        Self::of_file(StateDict::from_file(path)?, path, last_weights)
    }

    /// That of `file`, which was read from `path`.
    pub(super) fn of_file(
        file: StateDict,
        path: &Path,
        last_weights: impl FnOnce() -> Result<StateDict, TrainError>,
    ) -> Result<Self, TrainError> {
        let (epochs_done, steps_done) =
            (number(path, &file, EPOCHS_DONE)?, optional(path, &file, STEPS_DONE)?.unwrap_or(0));
        let mut checkpoint = Self {
            position: Position { epochs_done, steps_done },
            metrics_bytes: number(path, &file, METRICS_BYTES)?,
            wall_s: number(path, &file, WALL_S)?,
            weights_kept: optional(path, &file, WEIGHTS_KEPT)?.unwrap_or(false),
            snapshot: Snapshot::default(),
            file: path.to_owned(),
        };
        let snapshot = &mut checkpoint.snapshot;
        for (name, array) in file.tensors {
            match name.strip_prefix(WEIGHTS) {
                Some(name) => drop(snapshot.weights.tensors.insert(name.to_owned(), array)),
                None => drop(snapshot.values.insert(name, array.values)),
            }
        }
        for (key, text) in &file.metadata {
            let Some(name) = key.strip_prefix(NUMBER) else { continue };
            let number = text.parse().map_err(|_| no_number(path, key))?;
            snapshot.numbers.insert(name.to_owned(), number);
        }
        let weights = &mut snapshot.weights;
        if weights.tensors.is_empty() {
            *weights = last_weights()?;
            if self::epochs_done(weights) != Some(epochs_done) {
                let what = format!("the weights of its epoch are not in {}", weights.source_name());
                return Err(TrainError::Damaged { path: path.to_owned(), what });
            }
        } else {
            weights.source = plain_path(path);
            let of_weights =
                file.metadata.into_iter().filter(|(key, _)| [CONFIG_KEY, CLASSES_KEY].contains(&key.as_str()));
            weights.metadata.extend(of_weights);
        }
        Ok(checkpoint)
    }
}

/// The state files of a run directory with their positions, the furthest first.
pub(super) fn list(directory: &Path) -> Vec<(Position, PathBuf)> {
    let entries = std::fs::read_dir(directory.join("state")).into_iter().flatten().flatten();
    let of_entry =
        |entry: std::fs::DirEntry| Some((Position::of_file_name(entry.file_name().to_str()?)?, entry.path()));
    let mut files: Vec<_> = entries.filter_map(of_entry).collect();
    files.sort_by(|one, other| other.cmp(one));
    files
}

/// Where the state at `position` lies.
pub(super) fn path(directory: &Path, position: Position) -> PathBuf {
    directory.join("state").join(position.file_name())
}

fn optional<T: std::str::FromStr>(path: &Path, file: &StateDict, key: &str) -> Result<Option<T>, TrainError> {
    file.metadata.get(key).map(|text| text.parse().map_err(|_| no_number(path, key))).transpose()
}

fn number<T: std::str::FromStr>(path: &Path, file: &StateDict, key: &str) -> Result<T, TrainError> {
    optional(path, file, key)?.ok_or_else(|| no_number(path, key))
}

fn no_number(path: &Path, key: &str) -> TrainError {
    TrainError::Damaged { path: path.to_owned(), what: format!("its metadata has no number {key}") }
}

#[cfg(test)]
mod tests {
    use bmae_nn::weights::Array;

    use super::*;

    #[test]
    fn files_are_named_after_their_position_and_nothing_else_is_one() {
        let within = Position { epochs_done: 12, steps_done: 340 };
        for (position, name) in [
            (Position::after_epochs(3), "epoch-0003.safetensors"),
            (within, "epoch-0012-step-000340.safetensors"),
            (Position { epochs_done: 0, steps_done: 1_234_567 }, "epoch-0000-step-1234567.safetensors"),
        ] {
            assert_eq!(position.file_name(), name);
            assert_eq!(Position::of_file_name(name), Some(position));
        }
        for name in ["epoch-3.safetensors", "epoch-0003.safetensors.bak", ".epoch-0003.safetensors.Ab12cd", "lock"] {
            assert_eq!(Position::of_file_name(name), None, "{name}");
        }
        assert!(within > Position::after_epochs(12) && within < Position::after_epochs(13));
        assert_eq!((within.epochs_begun(), Position::after_epochs(12).epochs_begun()), (13, 12));
    }

    #[test]
    fn a_state_reads_back_with_every_bit_of_its_numbers() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state.safetensors");
        let array = Array { shape: vec![1, 2], values: vec![1.5, -0.0] };
        let numbers = [0.1 + 0.2, 1e-300 / 3.0, f64::MAX, -0.0, 1.0 / 3.0];
        let written = Checkpoint {
            position: Position { epochs_done: 2, steps_done: 7 },
            metrics_bytes: 99,
            wall_s: 0.1 + 0.7,
            weights_kept: true,
            snapshot: Snapshot {
                weights: StateDict {
                    tensors: [("norm.weight".to_owned(), array)].into(),
                    metadata: [(CLASSES_KEY.to_owned(), "[\"cat\"]".to_owned())].into(),
                    ..StateDict::default()
                },
                values: [("best_top1".to_owned(), vec![12.5])].into(),
                numbers: numbers.iter().enumerate().map(|(at, number)| (at.to_string(), *number)).collect(),
            },
            file: PathBuf::new(),
        };
        written.write(&mut std::fs::File::create(&path).expect("a file")).expect("written");
        let read = Checkpoint::read(&path, || unreachable!("it has weights")).expect("it reads");
        assert_eq!((read.position, read.metrics_bytes, read.wall_s), (written.position, 99, written.wall_s));
        assert!(read.weights_kept);
        assert_eq!(read.snapshot.weights.tensors, written.snapshot.weights.tensors);
        assert_eq!(read.snapshot.weights.metadata, written.snapshot.weights.metadata);
        assert_eq!(read.snapshot.values, written.snapshot.values);
        let bits = |numbers: &BTreeMap<String, f64>| numbers.values().map(|n| n.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&read.snapshot.numbers), bits(&written.snapshot.numbers));
    }
}
