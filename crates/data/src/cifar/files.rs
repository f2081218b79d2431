//! The files of a set, wherever they lie: in a directory, or in an archive that is read into memory.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::archive;
use super::limits::LONGEST_FILE;
use crate::DataError;
use crate::error::CifarError;

/// Files by name.
pub enum Files {
    /// In a directory; they are read when they are asked for.
    Directory {
        /// The directory.
        path: PathBuf,
        /// The names of what is in it.
        names: Vec<String>,
    },
    /// In an archive, already in memory.
    Archive {
        /// The archive.
        path: PathBuf,
        /// What was taken from it.
        contents: BTreeMap<String, Vec<u8>>,
    },
}

impl Files {
    /// The files of a directory or of a gzipped archive; `None` when `path` is neither.
    pub fn open(path: &Path) -> Result<Option<Self>, DataError> {
        if path.is_dir() {
            let mut names = Vec::new();
            for entry in std::fs::read_dir(path).map_err(DataError::io("read", path))? {
                let entry = entry.map_err(DataError::io("read", path))?;
                names.extend(entry.file_name().into_string());
            }
            return Ok(Some(Self::Directory { path: path.to_owned(), names }));
        }
        if path.is_file() && archive::is_gzip(path)? {
            let contents = archive::read(path)?;
            return Ok(Some(Self::Archive { path: path.to_owned(), contents }));
        }
        Ok(None)
    }

    /// The directory or the archive.
    pub fn path(&self) -> &Path {
        let (Self::Directory { path, .. } | Self::Archive { path, .. }) = self;
        path
    }

    /// The names of all files.
    pub fn names(&self) -> Vec<String> {
        match self {
            Self::Directory { names, .. } => names.clone(),
            Self::Archive { contents, .. } => contents.keys().cloned().collect(),
        }
    }

    /// The contents of a file.
    pub fn read(&self, name: &str) -> Result<Cow<'_, [u8]>, DataError> {
        match self {
            Self::Directory { path, .. } => {
                let file = path.join(name);
                let mut bytes = Vec::new();
                File::open(&file)
                    .and_then(|file| file.take(LONGEST_FILE + 1).read_to_end(&mut bytes))
                    .map_err(DataError::io("read", &file))?;
                if bytes.len() as u64 > LONGEST_FILE {
                    return Err(CifarError::TooLong { path: file, most: LONGEST_FILE }.into());
                }
                Ok(Cow::Owned(bytes))
            }
            Self::Archive { path, contents } => match contents.get(name) {
                Some(bytes) => Ok(Cow::Borrowed(bytes)),
                None => {
                    let cause = std::io::ErrorKind::NotFound.into();
                    Err(DataError::io("read", path.join(name))(cause))
                }
            },
        }
    }

    /// What to call a file in errors: its path, or the archive's path and its name in it.
    pub fn place(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }
}
