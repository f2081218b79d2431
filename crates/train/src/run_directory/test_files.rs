//! What an evaluation leaves of its test images once it is through.

use std::path::{Path, PathBuf};

use bmae_output::mark;

use crate::TrainError;
use crate::whole_file::{create_folder, write_whole};

/// A file about the test images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestFile {
    /// What was predicted for each.
    Predictions,
    /// Those that were mistaken for another class with the greatest confidence, as a picture.
    Mistakes,
    /// Where each lies on a map of their features.
    Map,
}

impl TestFile {
    /// All of them.
    pub(super) const ALL: [Self; 3] = [Self::Predictions, Self::Mistakes, Self::Map];

    /// Its folder in a run directory, and its name.
    fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::Predictions => ("", "test_predictions.csv"),
            Self::Mistakes => ("pictures", "mistakes.png"),
            Self::Map => ("", "map.csv"),
        }
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        self.place().1
    }

    /// Where it lies.
    pub(super) fn path(self, directory: &Path) -> PathBuf {
        let (folder, name) = self.place();
        if folder.is_empty() { directory.join(name) } else { directory.join(folder).join(name) }
    }
}

/// Writes a file of a run `directory`; with nothing to write, one of an earlier end is removed.
pub(super) fn write(directory: &Path, file: TestFile, contents: Option<Vec<u8>>) -> Result<(), TrainError> {
    let path = file.path(directory);
    let Some(contents) = contents else { return remove(&path) };
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    match file {
        TestFile::Mistakes => write_whole(&path, &mark::png(contents, super::pictures::MARK)),
        TestFile::Predictions | TestFile::Map => write_whole(&path, &contents),
    }
}

/// Removes a file that need not be there.
pub(super) fn remove(path: &Path) -> Result<(), TrainError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(TrainError::writing(path, error)),
        _ => Ok(()),
    }
}
