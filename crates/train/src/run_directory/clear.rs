//! A run directory as if nothing had been done in it, for a run that is made again from its beginning.

use std::path::Path;

use super::metrics::METRICS;
use super::run_file::{Ending, RunFile};
use super::test_files::{TestFile, remove};
use crate::TrainError;

/// What bmae writes into the folders of a run, by folder, beginning and end of the name.
const WRITTEN: [(&str, &str, &str); 7] = [
    ("checkpoints", "last", ".safetensors"),
    ("checkpoints", "best", ".safetensors"),
    ("checkpoints", "epoch-", ".safetensors"),
    ("state", "epoch-", ".safetensors"),
    ("pictures", "epoch-", "-reconstruction.png"),
    ("pictures", "epoch-", "-attention.png"),
    ("tensorboard", "events.out.tfevents.", ".bmae"),
];

/// Removes what the run at `path` has made. The recipe stays, so that the folder is still known as a run; so does what
/// somebody else put there. `run.toml`, which says what the run was made of, goes last: a session that is killed before
/// leaves an unfinished run, which the next one compares and clears again.
///
/// # Errors
/// When something cannot be removed.
pub(super) fn clear(path: &Path) -> Result<(), TrainError> {
    if let Ok(mut run) = RunFile::read(path) {
        run.ending = Ending::Open;
        run.write(path)?;
    }
    for file in TestFile::ALL {
        remove(&file.path(path))?;
    }
    for (folder, begins, ends) in WRITTEN {
        let folder = path.join(folder);
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(begins) && name.ends_with(ends) {
                remove(&entry.path())?;
            }
        }
        // It stays where anything is left in it.
        let _ = std::fs::remove_dir(&folder);
    }
    remove(&path.join(METRICS))?;
    remove(&path.join("run.toml"))
}
