//! What can go wrong between a run directory and a written report, one readable sentence each.

use std::path::PathBuf;

use bmae_output::plain::plain_path;

use bmae_output::remedy::remedy;
use thiserror::Error;

/// Why a report could not be made. Each message says what was expected, what was found, and where.
#[derive(Debug, Error)]
pub enum ReportError {
    /// No run was named.
    #[error("no run was given: name run directories, or a folder that holds some, such as runs/quick")]
    NoRuns,
    /// A path that was given does not exist.
    #[error(
        "{} does not exist: name a run directory, or a folder that holds some, such as runs/quick",
        plain_path(path)
    )]
    Missing {
        /// The path as it was given.
        path: PathBuf,
    },
    /// A folder without any run in it, or a path that is not a folder.
    #[error(
        "{} holds no run: expected a folder with run.toml, or a folder of such folders, found {found}",
        plain_path(path)
    )]
    NotARun {
        /// The path as it was given.
        path: PathBuf,
        /// What is there instead.
        found: String,
    },
    /// A file of a run directory does not hold what it should.
    #[error("{}, line {line}: expected {expected}, found {found}; {remedy}", plain_path(file))]
    Malformed {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What should stand there.
        expected: String,
        /// What stands there, as the parser or the check put it.
        found: String,
        /// What the user can do.
        remedy: &'static str,
    },
    /// A file or folder could not be read.
    #[error("cannot read {}: {source}; check that it exists and that you may read it", plain_path(path))]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Something else in the place of a file of a run directory.
    #[error("{} is {found}, not a file: put the file back, or leave this run out of the report", plain_path(path))]
    NoFile {
        /// Where the file should be.
        path: PathBuf,
        /// What is there, in words.
        found: &'static str,
    },
    /// A run that came further than its metrics tell.
    #[error(
        "{} should tell all that the finished run did, but there is {found}: restore the file, or leave this run out of the report",
        plain_path(path)
    )]
    MetricsLost {
        /// The file.
        path: PathBuf,
        /// What there is of it, in words.
        found: String,
    },
    /// The test predictions of an evaluation cannot be counted.
    #[error("the classes of {} are not counted: {reason}", plain_path(path))]
    Predictions {
        /// The run directory.
        path: PathBuf,
        /// Why, in a clause.
        reason: String,
    },
    /// A report would be written among the files of a run.
    #[error("{} is a run directory: the report goes into another folder", plain_path(path))]
    IntoARun {
        /// The folder.
        path: PathBuf,
    },
    /// What is written would replace something else, or lie among it.
    #[error(transparent)]
    Taken(#[from] bmae_output::claim::Taken),
    /// A file or folder could not be written.
    #[error("cannot write {}: {source}; {}", plain_path(path), remedy(source))]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The drawing library refused a figure: a fault of ours, not of the runs.
    #[error("cannot draw the figure {name}: {reason}; please report this with the run's metrics.jsonl")]
    Figure {
        /// The figure's file name without its ending.
        name: String,
        /// The library's reason.
        reason: String,
    },
}
