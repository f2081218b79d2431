//! Onto the disk, whole or not at all.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use bmae_output::destination::behind_links;

use super::{ExportError, Exported};
use crate::TrainError;
use crate::whole_file::{create_folder, write_whole};

impl Exported {
    /// Refuses a place that cannot be written to before any work is done: a folder that holds something, a file that is
    /// not called one of safetensors.
    pub fn check_place(is_folder: bool, path: &Path) -> Result<(), ExportError> {
        match is_folder {
            true if is_taken(path) => Err(ExportError::Exists { path: path.to_owned() }),
            false if path.extension().is_none_or(|extension| extension != "safetensors") => {
                Err(ExportError::Name { path: path.to_owned() })
            }
            true => Ok(()),
            false => Ok(crate::whole_file::check_place(path)?),
        }
    }

    /// Writes the file or folder.
    ///
    /// # Errors
    /// As [`check_place`](Self::check_place), and when the disk refuses; nothing half-written is left.
    pub fn write(&self, path: &Path) -> Result<(), ExportError> {
        Self::check_place(self.config.is_some(), path)?;
        let bytes = self.weights.to_bytes()?;
        match &self.config {
            None => Ok(write_whole(path, &bytes)?),
            Some(config) => {
                // Where a link leads, the folder comes to be.
                let path = behind_links(path).map_err(|error| TrainError::writing(path, error))?;
                let beside = beside(&path);
                let written = write_folder(&beside, &path, config, &bytes);
                if written.is_err() {
                    // What matters is the error that is reported.
                    let _ = fs::remove_dir_all(&beside);
                }
                written
            }
        }
    }
}

fn is_taken(path: &Path) -> bool {
    match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => path.exists(),
    }
}

/// A folder next to `path`, from where it can be renamed; always the same, so that what a process left there that was
/// killed is found by the next.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_else(|| OsStr::new("export")));
    name.push(".unfinished");
    path.with_file_name(name)
}

fn write_folder(beside: &Path, path: &Path, config: &str, weights: &[u8]) -> Result<(), ExportError> {
    let _ = fs::remove_dir_all(beside);
    create_folder(beside)?;
    write_whole(&beside.join("config.json"), config.as_bytes())?;
    write_whole(&beside.join("model.safetensors"), weights)?;
    // An empty folder of that name makes room; one that holds something was refused.
    if path.is_dir() {
        fs::remove_dir(path).map_err(|error| TrainError::writing(path, error))?;
    }
    fs::rename(beside, path).map_err(|error| TrainError::writing(path, error))?;
    Ok(())
}
