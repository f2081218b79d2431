//! Files that are there whole or not at all.

use std::path::{Path, PathBuf};

use bmae_output::whole_file;

use crate::error::ReportError;

/// Writes a file as [`whole_file::write_whole`] does. The folder must exist.
pub fn write_file(path: &Path, contents: &[u8]) -> Result<(), ReportError> {
    whole_file::write_whole(path, contents).map_err(|source| ReportError::Write { path: path.to_owned(), source })
}

/// Creates a folder and those above it.
pub fn create_folder(path: &Path) -> Result<(), ReportError> {
    whole_file::create_folder(path).map_err(|source| ReportError::Write { path: path.to_owned(), source })
}

/// Removes the files of a folder that are `ours` by name and not among those to `keep`. What cannot be removed stays:
/// it harms nobody.
pub fn remove_others(folder: &Path, keep: &[PathBuf], ours: impl Fn(&str) -> bool) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let named = path.file_name().and_then(|name| name.to_str()).is_some_and(&ours);
        if named && !keep.contains(&path) {
            let _ = std::fs::remove_file(&path);
        }
    }
}
