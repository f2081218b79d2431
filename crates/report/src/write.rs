//! Files that are there whole or not at all.

use std::io::Write;
use std::path::Path;

use atomic_write_file::AtomicWriteFile;

use crate::error::ReportError;

/// Writes a file in one go: temporary file, sync, rename. The folder must exist.
pub fn write_file(path: &Path, contents: &[u8]) -> Result<(), ReportError> {
    let write = || {
        let mut file = AtomicWriteFile::open(path)?;
        file.write_all(contents)?;
        file.commit()
    };
    write().map_err(|source| ReportError::Write { path: path.to_owned(), source })
}

/// Creates a folder and those above it.
pub fn create_folder(path: &Path) -> Result<(), ReportError> {
    std::fs::create_dir_all(path).map_err(|source| ReportError::Write { path: path.to_owned(), source })
}
