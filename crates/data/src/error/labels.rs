//! What can be wrong with labels, and with tables of them.

use std::path::PathBuf;

use bmae_output::plain::{plain, plain_path};
use thiserror::Error;

/// What can be wrong with labels, and with tables of them.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LabelError {
    /// A label that no class has.
    #[error("{place} has the label {label}, but no class has it: the classes are {classes}", label = plain(label))]
    NoSuchClass {
        /// Where it stands.
        place: String,
        /// The label.
        label: String,
        /// The classes.
        classes: String,
    },
    /// A file of class names with one twice.
    #[error("{path} names the class {name} twice", path = plain_path(path), name = plain(name))]
    NamedTwice {
        /// The file.
        path: PathBuf,
        /// The class.
        name: String,
    },
    /// An image without a label among others that have one.
    #[error("{place} has no label, but others have one")]
    Missing {
        /// Where it should stand.
        place: String,
    },
    /// A table that says nothing of any image.
    #[error("{path} names no image: a line file,label is expected for each", path = plain_path(path))]
    EmptyTable {
        /// The table.
        path: PathBuf,
    },
    /// A table without the columns that are needed.
    #[error(
        "{path} has the columns {found}: one called file (or filename, path, image) and one called label (or class, \
         target) are expected",
        path = plain_path(path),
        found = plain(found)
    )]
    Columns {
        /// The table.
        path: PathBuf,
        /// What its first line has.
        found: String,
    },
    /// A line that is none of a table.
    #[error("{path}, line {line}: {what}", path = plain_path(path), what = plain(what))]
    Line {
        /// The table.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
    /// A line that names a file that is not there.
    #[error(
        "{path}, line {line}, names {file}, which is not there{and_more}",
        path = plain_path(path),
        file = plain_path(file),
        and_more = match more {
            0 => String::new(),
            1 => ", and 1 more file that is not there".to_owned(),
            more => format!(", and {more} more files that are not there"),
        }
    )]
    NoFile {
        /// The table.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The file.
        file: PathBuf,
        /// How many other lines name one that is not there.
        more: usize,
    },
    /// A table that names a file twice.
    #[error(
        "{path} names {file} twice, in lines {first} and {second}",
        path = plain_path(path),
        file = plain_path(file)
    )]
    FileTwice {
        /// The table.
        path: PathBuf,
        /// The file.
        file: PathBuf,
        /// The one line, from 1.
        first: u64,
        /// The other.
        second: u64,
    },
}
