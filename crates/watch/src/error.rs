//! What can keep a watch from starting or end it, one readable sentence each.

use std::path::PathBuf;

use bmae_output::plain::plain_path;

use thiserror::Error;

/// Why a watch could not begin or go on. A run that cannot be read is none of these: it is shown with its reason in the
/// list.
#[derive(Debug, Error)]
pub enum WatchError {
    /// No path was named.
    #[error("no run was given: name run directories, or a folder in which runs are or will be, such as runs/quick")]
    NoPaths,
    /// A path that was given does not exist.
    #[error(
        "{} does not exist: name a run directory, or a folder in which runs are or will be, such as runs/quick",
        plain_path(path)
    )]
    Missing {
        /// The path as it was given.
        path: PathBuf,
    },
    /// A path that was given is a file.
    #[error("{} is no folder: name the run directory it lies in, or a folder of such directories", plain_path(path))]
    NotAFolder {
        /// The path as it was given.
        path: PathBuf,
    },
    /// Standard output or the keyboard is no terminal.
    #[error(
        "a live view needs a terminal to draw on: start it in one, or send its output elsewhere for one plain table"
    )]
    NoTerminal,
    /// The terminal refused, or went away.
    #[error(
        "cannot work with the terminal: {source}; try another one, or send the output elsewhere for one plain table"
    )]
    Terminal {
        /// The system's reason.
        source: std::io::Error,
    },
}

impl WatchError {
    /// A refusal of the terminal, with the system's reason.
    pub(crate) fn terminal(source: std::io::Error) -> Self {
        Self::Terminal { source }
    }
}
