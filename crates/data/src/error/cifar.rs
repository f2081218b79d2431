//! What can be wrong with CIFAR files and their archives.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::cifar::Kind;

/// What can be wrong with CIFAR files and their archives.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CifarError {
    /// A known set that has not been downloaded.
    #[error(
        "{kind} is not in {root}: run `bmae data download {source_name} --to {root}`, or give --data its directory or archive",
        source_name = kind.source_name(), root = root.display()
    )]
    CifarNotFound {
        /// Which set.
        kind: Kind,
        /// Where it was looked for.
        root: PathBuf,
    },
    /// Files of both sets in one place.
    #[error("{path} holds files of CIFAR-10 and of CIFAR-100: put them into folders of their own and choose one", path = path.display())]
    CifarAmbiguous {
        /// The directory or archive.
        path: PathBuf,
    },
    /// The version for Python or Matlab.
    #[error(
        "{path} holds the version of CIFAR for Python, which is not read: \
         get the binary version with `bmae data download cifar10` or `bmae data download cifar100`", path = path.display()
    )]
    CifarForPython {
        /// The directory.
        path: PathBuf,
    },
    /// Some files are there, others are not.
    #[error("{kind} in {path} is incomplete, missing {missing}: download it again", path = path.display())]
    CifarMissingFiles {
        /// Which set.
        kind: Kind,
        /// The directory or archive.
        path: PathBuf,
        /// The files that are missing.
        missing: String,
    },
    /// A file that is no whole number of records.
    #[error(
        "{path} has {found} bytes, but {kind} has records of {record_bytes}: that is {records} records and {rest} bytes over; \
         the file is cut short or overlong, so download it again", path = path.display()
    )]
    CifarLength {
        /// Which set.
        kind: Kind,
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
    /// A label that stands for no class.
    #[error(
        "{path}, record {record}: the label is {label}, but there are {classes} classes, numbered from 0; \
         the file is damaged, so download it again", path = path.display()
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
    #[error("{path} names {found} classes, not {expected}: put one name on each line, or delete the file", path = path.display())]
    CifarClassNames {
        /// The file.
        path: PathBuf,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// An archive that cannot be read to its end.
    #[error("the archive {path} is cut short or damaged ({cause}): download it again", path = path.display())]
    ArchiveDamaged {
        /// The archive.
        path: PathBuf,
        /// What went wrong.
        cause: io::Error,
    },
    /// An archive with something in it that has no business there.
    #[error("the archive {path} is refused because {entry} in it {why}: download the official one", path = path.display(), entry = entry.display())]
    ArchiveRefused {
        /// The archive.
        path: PathBuf,
        /// The entry.
        entry: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
}
