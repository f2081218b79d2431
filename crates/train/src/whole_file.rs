//! Files that are written whole or not at all.

use std::io::{self, Write};
use std::path::Path;

use atomic_write_file::AtomicWriteFile;

use crate::TrainError;

/// Writes a file whole or not at all: temporary file, sync, rename.
///
/// # Errors
/// When the folder does not exist or cannot be written, or the disk is full.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    write_whole_by(path, |file| file.write_all(bytes))
}

/// The same of what `write` puts into the file.
///
/// # Errors
/// As [`write_whole`], and what `write` says.
pub fn write_whole_by(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), TrainError> {
    let write = || {
        let mut file = AtomicWriteFile::open(path)?;
        write(&mut file)?;
        file.commit()
    };
    write().map_err(|source| TrainError::writing(path, source))
}

/// Refuses a place that no file can be written to, before any work is done.
///
/// # Errors
/// When it is a folder, or its own folder is missing or takes no file.
pub fn check_place(path: &Path) -> Result<(), TrainError> {
    let refused = |source| TrainError::writing(path, source);
    if path.is_dir() {
        return Err(refused(std::io::ErrorKind::IsADirectory.into()));
    }
    // A file that is begun and given up leaves nothing.
    AtomicWriteFile::open(path).and_then(AtomicWriteFile::discard).map_err(refused)
}

/// Creates a folder and those above it.
///
/// # Errors
/// When the system refuses.
pub fn create_folder(path: &Path) -> Result<(), TrainError> {
    std::fs::create_dir_all(path).map_err(|source| TrainError::writing(path, source))
}
