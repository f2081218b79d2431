//! Onto the disk, whole or not at all.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use bmae_output::claim::{Foreign, Taken, check_file, check_named_file, foreign_in};
use bmae_output::destination::behind_links;
use bmae_output::mark;

use super::error::ExportError;
use super::exported::{Exported, FolderTexts};
use super::mark::{EXPORTED, IMPORTED};
use crate::TrainError;
use crate::start::file_of;
use crate::whole_file::{create_folder, write_whole};

/// The files of a folder of Hugging Face's.
const CONFIG: &str = "config.json";
const PREPROCESSOR: &str = "preprocessor_config.json";
const WEIGHTS: &str = "model.safetensors";
const FILES: [&str; 3] = [CONFIG, PREPROCESSOR, WEIGHTS];

impl Exported {
    /// Refuses a place that cannot be written to before any work is done: a folder that holds what no export wrote, a file
    /// that is not called one of safetensors or is none that an export wrote, unless such `foreign` files are replaced.
    /// The weights that are exported, at `from`, never are.
    pub fn check_place(is_folder: bool, path: &Path, from: &Path, foreign: Foreign) -> Result<(), ExportError> {
        match is_folder {
            true => Ok(check_folder(path, from, foreign)?),
            false => {
                check_name(path)?;
                crate::whole_file::check_place(path)?;
                Ok(check_file(path, EXPORTED, &[&file_of(from)], foreign)?)
            }
        }
    }

    /// Writes the file or folder, whose place was [checked](Self::check_place).
    ///
    /// # Errors
    /// When the disk refuses; nothing half-written is left.
    pub fn write(&self, path: &Path) -> Result<(), ExportError> {
        let bytes = self.weights.to_bytes()?;
        let Some(texts) = &self.folder else {
            check_name(path)?;
            return Ok(write_whole(path, &bytes)?);
        };
        // Where a link leads, the folder comes to be.
        let path = behind_links(path).map_err(|error| TrainError::writing(path, error))?;
        if holds_something(&path) {
            // What else lies in the folder stays.
            return write_files(&path, texts, &bytes);
        }
        let beside = beside(&path);
        let written = write_folder(&beside, &path, texts, &bytes);
        if written.is_err() {
            remove_unfinished(&beside);
        }
        written
    }
}

/// Refuses a place for imported weights, as [`Exported::check_place`] does one for a file.
///
/// # Errors
/// As there.
pub fn check_place_of_import(path: &Path, from: &Path, foreign: Foreign) -> Result<(), ExportError> {
    check_name(path)?;
    crate::whole_file::check_place(path)?;
    Ok(check_file(path, IMPORTED, &[&file_of(from)], foreign)?)
}

fn check_name(path: &Path) -> Result<(), ExportError> {
    match path.extension().is_none_or(|extension| extension != "safetensors") {
        true => Err(ExportError::Name { path: path.to_owned(), kind: "a safetensors", ending: ".safetensors" }),
        false => Ok(()),
    }
}

fn check_folder(path: &Path, from: &Path, foreign: Foreign) -> Result<(), TrainError> {
    if path.exists() && !path.is_dir() {
        return Err(TrainError::writing(path, std::io::ErrorKind::NotADirectory.into()));
    }
    let weights = path.join(WEIGHTS);
    check_file(&weights, EXPORTED, &[&file_of(from)], foreign)?;
    let is_exported = mark::of_file(&weights).is_ok_and(|mark| mark.as_deref() == Some(EXPORTED));
    for name in [CONFIG, PREPROCESSOR] {
        check_named_file(&path.join(name), foreign, |_| is_exported)?;
    }
    match foreign_in(path, |_| is_exported).filter(|_| foreign == Foreign::Kept) {
        Some(found) => Err(Taken::Folder { folder: path.to_owned(), found }.into()),
        None => Ok(()),
    }
}

fn holds_something(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

/// A folder next to `path`, from where it can be renamed; always the same, so that what a process left there that was
/// killed is found by the next.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_else(|| OsStr::new("export")));
    name.push(".unfinished");
    path.with_file_name(name)
}

fn write_files(folder: &Path, texts: &FolderTexts, weights: &[u8]) -> Result<(), ExportError> {
    write_whole(&folder.join(CONFIG), texts.config.as_bytes())?;
    write_whole(&folder.join(PREPROCESSOR), texts.preprocessor.as_bytes())?;
    Ok(write_whole(&folder.join(WEIGHTS), weights)?)
}

fn write_folder(beside: &Path, path: &Path, texts: &FolderTexts, weights: &[u8]) -> Result<(), ExportError> {
    remove_unfinished(beside);
    create_folder(beside)?;
    write_files(beside, texts, weights)?;
    // An empty folder of that name makes room.
    if path.is_dir() {
        fs::remove_dir(path).map_err(|error| TrainError::writing(path, error))?;
    }
    fs::rename(beside, path).map_err(|error| TrainError::writing(path, error))?;
    Ok(())
}

/// Removes what this program leaves there when it is killed, and nothing else.
fn remove_unfinished(beside: &Path) {
    for name in FILES {
        let _ = fs::remove_file(beside.join(name));
    }
    bmae_output::leftovers::clear(beside, |name| FILES.contains(&name));
    let _ = fs::remove_dir(beside);
}
