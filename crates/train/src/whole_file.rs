//! Files that are written whole or not at all, and through links; what refuses it becomes a sentence.

use std::io::{self, Write};
use std::path::Path;

use bmae_output::whole_file;

use crate::TrainError;

/// Writes a file as [`whole_file::write_whole`] does.
///
/// # Errors
/// When the path is a folder, its folder does not exist or cannot be written, or the disk is full.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    whole_file::write_whole(path, bytes).map_err(|source| TrainError::writing(path, source))
}

/// The same of what `write` puts into the file.
///
/// # Errors
/// As [`write_whole`], and what `write` says.
pub fn write_whole_by(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), TrainError> {
    whole_file::write_whole_by(path, write).map_err(|source| TrainError::writing(path, source))
}

/// Refuses a place that no file can be written to, before any work is done.
///
/// # Errors
/// When it is a folder, or its own folder is missing or takes no file.
pub fn check_place(path: &Path) -> Result<(), TrainError> {
    whole_file::check_place(path).map_err(|source| TrainError::writing(path, source))
}

/// Creates a folder and those above it.
///
/// # Errors
/// When the system refuses.
pub fn create_folder(path: &Path) -> Result<(), TrainError> {
    whole_file::create_folder(path).map_err(|source| TrainError::writing(path, source))
}
