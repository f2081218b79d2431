//! Files in folders, on a disk or in an archive.

use std::path::{Path, PathBuf};

use crate::DataError;
use crate::left_out::LeftOut;

/// Files in folders. All paths are relative to the top of the tree, which is the empty path; what is hidden is not in it.
pub trait Tree {
    /// The folders that lie directly in a folder, in the order of their names.
    ///
    /// # Errors
    /// When it cannot be looked through.
    fn folders(&self, folder: &Path) -> Result<Vec<PathBuf>, DataError>;

    /// The first image, as its name tells, that lies directly in a folder.
    ///
    /// # Errors
    /// As [`folders`](Self::folders).
    fn image_in(&self, folder: &Path) -> Result<Option<PathBuf>, DataError>;

    /// All files below a folder, at any depth, in the order of their names.
    ///
    /// # Errors
    /// As [`folders`](Self::folders).
    fn files_below(&self, folder: &Path) -> Result<FilesBelow, DataError>;

    /// What to call a file or folder in errors.
    fn place(&self, path: &Path) -> PathBuf;
}

/// The files below a folder.
#[derive(Debug, Default)]
pub struct FilesBelow {
    /// Their paths.
    pub files: Vec<PathBuf>,
    /// What lies there and is no data.
    pub left_out: Option<LeftOut>,
}
