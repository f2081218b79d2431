//! What a resume starts from, and what becomes of it when a part is lost.
//!
//! A state holds everything, the weights too, and writing it is the one step that makes a checkpoint count. After a
//! whole epoch the files that are for users follow from it: `checkpoints/last.safetensors`, and the kept
//! `epoch-NNNN.safetensors`. Killed between these steps, the next session finishes them.

use std::path::{Path, PathBuf};

use bmae_output::plain::plain_path;

use bmae_nn::weights::{CONFIG_KEY, StateDict};

use super::state_file::{self, Checkpoint, Position};
use crate::TrainError;
use crate::whole_file::{create_folder, write_whole_by};

/// `weights` with the recipe of the run that they are of.
pub(super) fn with_config(mut weights: StateDict, config: &str) -> StateDict {
    weights.metadata.insert(CONFIG_KEY.to_owned(), config.to_owned());
    weights
}

/// Where the weights after the last whole epoch lie.
pub fn last_weights(directory: &Path) -> PathBuf {
    directory.join("checkpoints").join("last.safetensors")
}

fn kept_weights(directory: &Path, epochs_done: usize) -> PathBuf {
    directory.join("checkpoints").join(format!("epoch-{epochs_done:04}.safetensors"))
}

/// Whether a run has a checkpoint of its own, whole or not.
pub fn exists(directory: &Path) -> bool {
    !state_file::list(directory).is_empty() || last_weights(directory).exists()
}

/// How far a run came, as the names of its states say; `None` where it has none.
pub(crate) fn furthest(directory: &Path) -> Option<Position> {
    state_file::list(directory).first().map(|(position, _)| *position)
}

/// Writes a checkpoint. One of a whole epoch replaces all before it; one within an epoch stands beside that of the last
/// whole epoch, and replaces others of the same epoch.
pub(super) fn save(directory: &Path, checkpoint: &Checkpoint) -> Result<(), TrainError> {
    create_folder(&directory.join("state"))?;
    write_whole_by(&state_file::path(directory, checkpoint.position), |out| checkpoint.write(out))?;
    if checkpoint.position.is_whole() {
        write_weights(directory, checkpoint)?;
    }
    remove_superseded(directory, checkpoint.position);
    Ok(())
}

/// The weights of a checkpoint of a whole epoch, for users.
fn write_weights(directory: &Path, checkpoint: &Checkpoint) -> Result<(), TrainError> {
    create_folder(&directory.join("checkpoints"))?;
    let epochs_done = checkpoint.position.epochs_done;
    let write = |path: &Path| {
        write_whole_by(path, |out| state_file::write_weights(out, &checkpoint.snapshot.weights, epochs_done))
    };
    if checkpoint.weights_kept {
        write(&kept_weights(directory, epochs_done))?;
    }
    write(&last_weights(directory))
}

/// Superseded states only take room: failing to remove one harms nothing.
fn remove_superseded(directory: &Path, newest: Position) {
    let whole = Position::after_epochs(newest.epochs_done);
    for (position, path) in state_file::list(directory) {
        if position != newest && position != whole {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Removes the states that the furthest one supersedes, where the session that wrote it could not.
pub(super) fn clear_superseded(directory: &Path) {
    if let Some((newest, _)) = state_file::list(directory).first() {
        remove_superseded(directory, *newest);
    }
}

/// What was found of the checkpoints of a run.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    /// The furthest one that is whole; `None` when nothing was kept yet.
    pub checkpoint: Option<Checkpoint>,
    /// What is lost, a sentence each.
    pub lost: Vec<String>,
}

/// Reads the furthest checkpoint of a run that is whole; nothing is written.
///
/// # Errors
/// When there are checkpoints, but none to go on from.
pub(super) fn load(directory: &Path) -> Result<Loaded, TrainError> {
    let mut lost = Vec::new();
    let weights = last_weights(directory);
    for (position, path) in state_file::list(directory) {
        match Checkpoint::read(&path, || Ok(StateDict::from_file(&weights)?)) {
            Ok(checkpoint) if checkpoint.position == position => {
                return Ok(Loaded { checkpoint: Some(checkpoint), lost });
            }
            Ok(_) => lost.push(format!("{} is the state of another epoch", plain_path(path))),
            Err(error) => lost.push(error.to_string()),
        }
    }
    if lost.is_empty() {
        return check_state(directory).map(|()| Loaded::default());
    }
    let weights = weights.exists().then_some(weights);
    Err(TrainError::NoState { path: directory.to_owned(), what: lost.join("; "), weights })
}

/// Refuses a run that has weights and no state to go on from, whole or not.
pub(super) fn check_state(directory: &Path) -> Result<(), TrainError> {
    let weights = last_weights(directory);
    if !state_file::list(directory).is_empty() || !weights.exists() {
        return Ok(());
    }
    let what = format!("there is no state in {}", plain_path(directory.join("state")));
    Err(TrainError::NoState { path: directory.to_owned(), what, weights: Some(weights) })
}

/// The text of the recipe that the checkpoints of a run carry, where its `config.toml` cannot be read.
pub(super) fn carried_config(directory: &Path) -> Option<String> {
    let files = state_file::list(directory).into_iter().map(|(_, path)| path).chain([last_weights(directory)]);
    let mut weights = files.filter_map(|path| StateDict::from_file(&path).ok());
    weights.find_map(|weights| weights.config_text().map(str::to_owned))
}

/// Puts a run directory in order before its `loaded` checkpoint goes on: the weights for users are those of its last
/// whole epoch, and superseded states are gone. Adds to what is lost.
pub(super) fn put_in_order(directory: &Path, loaded: &mut Loaded) -> Result<(), TrainError> {
    let Some(checkpoint) = &loaded.checkpoint else { return Ok(()) };
    let position = checkpoint.position;
    remove_superseded(directory, position);
    let epochs_done = position.epochs_done;
    if epochs_done == 0 {
        return Ok(());
    }
    let weights = last_weights(directory);
    let problem = match weights.exists().then(|| StateDict::from_file(&weights)) {
        None => "was missing".to_owned(),
        Some(Err(error)) => format!("could not be read ({error})"),
        Some(Ok(found)) if state_file::epochs_done(&found) != Some(epochs_done) => {
            "was that of another epoch".to_owned()
        }
        Some(Ok(_)) => {
            if position.is_whole() && checkpoint.weights_kept && !kept_weights(directory, epochs_done).exists() {
                write_weights(directory, checkpoint)?;
            }
            return Ok(());
        }
    };
    let whole = Position::after_epochs(epochs_done);
    let of_epoch = match position.is_whole() {
        true => Some(checkpoint.clone()),
        false => Checkpoint::read(&state_file::path(directory, whole), || Ok(StateDict::from_file(&weights)?)).ok(),
    };
    let then = match &of_epoch {
        Some(of_epoch) => {
            write_weights(directory, of_epoch)?;
            "it was written again from the state, and nothing is lost"
        }
        None => "it will be written after the next whole epoch",
    };
    loaded.lost.push(format!("{} {problem}: {then}", plain_path(weights)));
    Ok(())
}
