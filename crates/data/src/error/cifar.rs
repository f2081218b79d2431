//! What can be wrong with CIFAR files and their archives.

use std::io;
use std::path::PathBuf;

use bmae_output::count::count;
use bmae_output::plain::plain_path;
use thiserror::Error;

use crate::cifar_set::CifarSet;

/// What can be wrong with CIFAR files and their archives.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CifarError {
    /// A set that is not where it was looked for.
    #[error("{set} is not in {root}", root = plain_path(root))]
    NotFound {
        /// Which set.
        set: CifarSet,
        /// Where it was looked for.
        root: PathBuf,
    },
    /// Files of both sets in one place.
    #[error("{path} holds files of CIFAR-10 and of CIFAR-100", path = plain_path(path))]
    BothSets {
        /// The directory or archive.
        path: PathBuf,
    },
    /// The version for Python.
    #[error("{path} holds the version of CIFAR for Python; only the binary version is read", path = plain_path(path))]
    PythonVersion {
        /// The directory.
        path: PathBuf,
    },
    /// Some files are there, others are not.
    #[error("{set} in {path} is incomplete, missing {missing}", path = plain_path(path))]
    MissingFiles {
        /// Which set.
        set: CifarSet,
        /// The directory or archive.
        path: PathBuf,
        /// The files that are missing.
        missing: String,
    },
    /// A file that is no whole number of records.
    #[error(
        "{path} has {bytes}, but {set} has records of {record_bytes}: that is {whole} and {over} over, \
         so the file is cut short or overlong", path = plain_path(path), bytes = count(*found, "byte"), whole = count(*records, "record"), over = count(*rest, "byte")
    )]
    PartialRecord {
        /// Which set.
        set: CifarSet,
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        found: usize,
        /// The length of a record in bytes.
        record_bytes: usize,
        /// How many whole records there are.
        records: usize,
        /// How many bytes there are after them.
        rest: usize,
    },
    /// A file that is longer than any of the sets.
    #[error("{path} has more than {most} bytes, and no file of CIFAR-10 and CIFAR-100 has", path = plain_path(path))]
    TooLong {
        /// The file.
        path: PathBuf,
        /// More than the longest has.
        most: u64,
    },
    /// A label that stands for no class.
    #[error(
        "{path}, record {record}: the label is {label}, but there are {classes} classes, numbered from 0, \
         so the file is damaged", path = plain_path(path)
    )]
    LabelOutOfRange {
        /// The file.
        path: PathBuf,
        /// The record, from 0.
        record: usize,
        /// Its label.
        label: usize,
        /// How many classes there are.
        classes: usize,
    },
    /// A list of class names that is too short or too long.
    #[error("{path} names {classes}, not {expected}, one on each line", classes = count(*found, "class"), path = plain_path(path))]
    ClassNames {
        /// The file.
        path: PathBuf,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// An archive that cannot be read to its end.
    #[error("the archive {path} is cut short or damaged ({cause})", path = plain_path(path))]
    ArchiveDamaged {
        /// The archive.
        path: PathBuf,
        /// What went wrong.
        cause: io::Error,
    },
    /// An archive with an entry that the official one does not have.
    #[error("the archive {path} is refused because {entry} in it {why}", path = plain_path(path), entry = plain_path(entry))]
    ArchiveRefused {
        /// The archive.
        path: PathBuf,
        /// The entry.
        entry: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
}
