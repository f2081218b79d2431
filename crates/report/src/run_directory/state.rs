//! Whether a run is at work, done, or neither.

use std::fs::{File, TryLockError};
use std::path::Path;

/// The file on which the process that works on a run directory holds a lock. The system lets go of it when that process
/// ends, however it ends; the file itself says nothing.
const LOCK_FILE: &str = "lock";

/// The state of a run directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunState {
    /// A process is working on it.
    Running,
    /// It came to its end.
    Finished,
    /// Its last session ended with this error.
    Failed(String),
    /// It was interrupted and can be resumed.
    Stopped,
    /// It evaluated earlier weights of this run, and not those that it has now.
    Outdated(String),
}

impl RunState {
    /// The state in one word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Failed(_) => "failed",
            Self::Stopped => "stopped",
            Self::Outdated(_) => "outdated",
        }
    }

    /// What is wrong with a run in this state, as a clause; `None` where nothing is.
    pub fn trouble(&self) -> Option<String> {
        match self {
            Self::Failed(reason) => Some(reason.clone()),
            Self::Outdated(from) => Some(format!("it was made from earlier weights of {from}; run it again")),
            Self::Running | Self::Finished | Self::Stopped => None,
        }
    }
}

/// Whether some process holds the lock of the run in `directory`. A folder that cannot be asked is taken as left alone.
pub fn is_locked(directory: &Path) -> bool {
    let path = directory.join(LOCK_FILE);
    // Opening a pipe would wait, and a link is none of ours.
    path.symlink_metadata().is_ok_and(|found| found.is_file())
        && File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}
