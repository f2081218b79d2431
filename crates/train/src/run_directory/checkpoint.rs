//! What a resume starts from.
//!
//! The state of epoch n is written first, under a name of its own; replacing `last.safetensors`, which says in its
//! metadata to which epoch it belongs, is the one step that makes the checkpoint count. Killed before that step, the
//! old pair is complete; after it, the new one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bmae_nn::weights::{Array, CONFIG_KEY, StateDict};

use crate::TrainError;
use crate::whole_file::{create_folder, write_whole};

const EPOCHS_DONE: &str = "bmae.epochs_done";
const METRICS_BYTES: &str = "bmae.metrics_bytes";
const WALL_S: &str = "bmae.wall_s";

/// Everything besides weights that a loop needs to go on after a whole epoch.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// Whole epochs done.
    pub epochs_done: usize,
    /// Length of `metrics.jsonl` then.
    pub metrics_bytes: u64,
    /// Seconds of work then, over all sessions.
    pub wall_s: f64,
    /// Optimiser moments, target encoders, running statistics: named flat values.
    pub values: BTreeMap<String, Vec<f32>>,
}

/// What a resume starts from: the weights and the state after the last whole epoch.
#[derive(Debug)]
pub struct Checkpoint {
    /// Under their official names.
    pub weights: StateDict,
    /// Everything else.
    pub state: State,
}

impl State {
    fn into_file(self) -> StateDict {
        let mut file = StateDict::default();
        for (name, values) in self.values {
            file.tensors.insert(name, Array { shape: vec![values.len()], values });
        }
        file.metadata.insert(EPOCHS_DONE.into(), self.epochs_done.to_string());
        file.metadata.insert(METRICS_BYTES.into(), self.metrics_bytes.to_string());
        file.metadata.insert(WALL_S.into(), self.wall_s.to_string());
        file
    }

    fn from_file(path: &Path, file: StateDict) -> Result<Self, TrainError> {
        Ok(Self {
            epochs_done: number(path, &file, EPOCHS_DONE)?,
            metrics_bytes: number(path, &file, METRICS_BYTES)?,
            wall_s: number(path, &file, WALL_S)?,
            values: file.tensors.into_iter().map(|(name, array)| (name, array.values)).collect(),
        })
    }
}

fn number<T: std::str::FromStr>(path: &Path, file: &StateDict, key: &str) -> Result<T, TrainError> {
    file.metadata
        .get(key)
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| TrainError::Damaged { path: path.to_owned(), what: format!("its metadata has no number {key}") })
}

fn state_path(directory: &Path, epochs_done: usize) -> PathBuf {
    directory.join("state").join(format!("epoch-{epochs_done:04}.safetensors"))
}

/// The whole epochs after which `weights` were written; `None` for those of other programs.
pub fn epochs_done(weights: &StateDict) -> Option<usize> {
    weights.metadata.get(EPOCHS_DONE)?.parse().ok()
}

/// `weights` with the recipe of the run that they are of.
pub(super) fn with_config(mut weights: StateDict, config: &str) -> StateDict {
    weights.metadata.insert(CONFIG_KEY.to_owned(), config.to_owned());
    weights
}

/// Where the weights after the last whole epoch lie.
pub fn last_weights(directory: &Path) -> PathBuf {
    directory.join("checkpoints").join("last.safetensors")
}

/// Writes weights and state of a whole epoch; `keep` also keeps the weights as `epoch-NNNN.safetensors`.
pub fn save(directory: &Path, mut weights: StateDict, state: State, keep: bool) -> Result<(), TrainError> {
    for folder in ["checkpoints", "state"] {
        create_folder(&directory.join(folder))?;
    }
    let epochs_done = state.epochs_done;
    let state_file = state_path(directory, epochs_done);
    write_whole(&state_file, &state.into_file().to_bytes()?)?;

    weights.metadata.insert(EPOCHS_DONE.into(), epochs_done.to_string());
    let bytes = weights.to_bytes()?;
    if keep {
        let name = format!("epoch-{epochs_done:04}.safetensors");
        write_whole(&directory.join("checkpoints").join(name), &bytes)?;
    }
    write_whole(&last_weights(directory), &bytes)?;
    remove_older_states(directory, &state_file);
    Ok(())
}

/// Older states only take room: failing to remove one harms nothing.
fn remove_older_states(directory: &Path, newest: &Path) {
    let Ok(entries) = std::fs::read_dir(directory.join("state")) else { return };
    for entry in entries.flatten().filter(|entry| entry.path() != newest) {
        let _ = std::fs::remove_file(entry.path());
    }
}

/// The checkpoint of the last whole epoch; `None` when no epoch was finished yet.
pub fn load(directory: &Path) -> Result<Option<Checkpoint>, TrainError> {
    let path = last_weights(directory);
    if !path.exists() {
        return Ok(None);
    }
    let weights = StateDict::from_file(&path)?;
    let epochs_done = number(&path, &weights, EPOCHS_DONE)?;
    let state_file = state_path(directory, epochs_done);
    let state = State::from_file(&state_file, StateDict::from_file(&state_file)?)?;
    Ok(Some(Checkpoint { weights, state }))
}
