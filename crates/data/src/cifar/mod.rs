//! CIFAR-10 and CIFAR-100 in their official binary layout, as a directory or as the official archive.
//!
//! Both are 32x32 RGB images in files of records of one length (see [`binary`]). Which of the two it is, is told by
//! the names of the files: `data_batch_1.bin` ... `data_batch_5.bin` and `test_batch.bin`, or `train.bin` and
//! `test.bin`.

mod archive;
pub mod binary;
mod class_names;
mod files;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::error::CifarError;
use crate::{DataError, Dataset};
use binary::Records;
use files::Files;

pub(crate) use archive::is_gzip as is_archive;

/// Which of the two sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Ten classes; a record has one label byte.
    Cifar10,
    /// A hundred classes; a record has a coarse and a fine label byte, of which the fine one is used.
    Cifar100,
}

impl Kind {
    /// The files with training records, in order.
    pub fn train_files(self) -> &'static [&'static str] {
        match self {
            Self::Cifar10 => {
                &["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"]
            }
            Self::Cifar100 => &["train.bin"],
        }
    }

    /// The file with test records.
    pub fn test_file(self) -> &'static str {
        match self {
            Self::Cifar10 => "test_batch.bin",
            Self::Cifar100 => "test.bin",
        }
    }

    /// The text file with a class name a line; it may be missing.
    pub fn class_names_file(self) -> &'static str {
        match self {
            Self::Cifar10 => "batches.meta.txt",
            Self::Cifar100 => "fine_label_names.txt",
        }
    }

    /// How many label bytes a record begins with; the last of them is the one that is used.
    pub fn label_bytes(self) -> usize {
        match self {
            Self::Cifar10 => 1,
            Self::Cifar100 => 2,
        }
    }

    /// How many classes there are.
    pub fn classes(self) -> usize {
        match self {
            Self::Cifar10 => 10,
            Self::Cifar100 => 100,
        }
    }

    /// The directory within the official archive.
    pub fn directory_name(self) -> &'static str {
        match self {
            Self::Cifar10 => "cifar-10-batches-bin",
            Self::Cifar100 => "cifar-100-binary",
        }
    }

    /// The official archive.
    pub fn archive_name(self) -> &'static str {
        match self {
            Self::Cifar10 => "cifar-10-binary.tar.gz",
            Self::Cifar100 => "cifar-100-binary.tar.gz",
        }
    }

    /// What `bmae` calls it on the command line and in recipes.
    pub fn source_name(self) -> &'static str {
        match self {
            Self::Cifar10 => "cifar10",
            Self::Cifar100 => "cifar100",
        }
    }

    /// Every file that must be there.
    fn files(self) -> impl Iterator<Item = &'static str> {
        self.train_files().iter().copied().chain([self.test_file()])
    }

    /// Whether these file names are this set's, even if some are missing.
    fn recognises(self, names: &[String]) -> bool {
        self.files().any(|file| names.iter().any(|name| name == file))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cifar10 => "CIFAR-10",
            Self::Cifar100 => "CIFAR-100",
        })
    }
}

/// Opens a known set that lies in `root`: as its files, as its directory, or as the official archive; `root` may be the
/// archive itself.
///
/// # Errors
/// When it is not there, incomplete, cut short, overlong, or has labels that do not exist.
pub fn open(kind: Kind, root: &Path, limits: Limits) -> Result<Dataset, DataError> {
    let places = [root.to_owned(), root.join(kind.directory_name()), root.join(kind.archive_name())];
    for place in places {
        if let Some(files) = Files::open(&place)?
            && kind.recognises(&files.names())
        {
            return read(kind, &files, limits);
        }
    }
    Err(DataError::Cifar(CifarError::CifarNotFound { kind, root: root.to_owned() }))
}

/// Opens whichever of the two sets a directory or an archive holds, or `None` when it holds neither.
///
/// # Errors
/// As [`open`], and when it holds files of both sets.
pub fn recognise(path: &Path, limits: Limits) -> Result<Option<Dataset>, DataError> {
    let kinds = [Kind::Cifar10, Kind::Cifar100];
    if let Some(files) = Files::open(path)? {
        let names = files.names();
        match kinds.map(|kind| kind.recognises(&names)) {
            [true, true] => {
                return Err(DataError::Cifar(CifarError::CifarAmbiguous { path: path.to_owned() }));
            }
            [true, false] => return read(Kind::Cifar10, &files, limits).map(Some),
            [false, true] => return read(Kind::Cifar100, &files, limits).map(Some),
            [false, false] => {}
        }
    }
    // The folder that `bmae data download` writes to, or that an archive was unpacked in.
    let inside = |kind: &Kind| path.join(kind.directory_name()).is_dir() || path.join(kind.archive_name()).is_file();
    match kinds.iter().filter(|kind| inside(kind)).collect::<Vec<_>>()[..] {
        [] => Ok(None),
        [&kind] => open(kind, path, limits).map(Some),
        _ => Err(DataError::Cifar(CifarError::CifarAmbiguous { path: path.to_owned() })),
    }
}

/// How many records to take from the beginning of each part (0: all).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Of the training records.
    pub train: usize,
    /// Of the test records.
    pub test: usize,
}

impl Limits {
    /// The number that a limit stands for.
    pub(crate) fn count(limit: usize) -> usize {
        if limit == 0 { usize::MAX } else { limit }
    }
}

/// Reads both parts, having made sure that every file is there.
fn read(kind: Kind, files: &Files, limits: Limits) -> Result<Dataset, DataError> {
    let names = files.names();
    let missing: Vec<&str> = kind.files().filter(|file| !names.iter().any(|name| name == file)).collect();
    if !missing.is_empty() {
        return Err(DataError::Cifar(CifarError::CifarMissingFiles {
            kind,
            path: files.path().to_owned(),
            missing: missing.join(", "),
        }));
    }
    let part = |names: &[&str], limit: usize| -> Result<Records, DataError> {
        let mut records = Records::new(kind);
        for name in names {
            records.append(&files.place(name), &files.read(name)?, Limits::count(limit))?;
        }
        Ok(records)
    };
    let train = part(kind.train_files(), limits.train)?;
    let test = part(&[kind.test_file()], limits.test)?;
    let class_names = class_names::read(kind, files)?;
    Ok(Dataset { name: kind.to_string(), train: Arc::new(train), test: Some(Arc::new(test)), class_names })
}

#[cfg(test)]
mod tests;
