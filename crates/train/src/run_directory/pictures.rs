//! `pictures/`: what a model makes of a few images, after some of the epochs.

use std::path::{Path, PathBuf};

use bmae_output::mark;

use super::metrics::Fields;
use super::tensorboard::EventFile;
use crate::TrainError;
use crate::whole_file::{create_folder, write_whole};

/// What a picture of a run is, by its mark.
pub(super) const MARK: &str = "pictures of a run";

/// What a picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureName {
    /// Images, what is seen of them and what the decoder makes of that.
    Reconstruction,
    /// Where the class token looks.
    Attention,
}

impl PictureName {
    const ALL: [Self; 2] = [Self::Reconstruction, Self::Attention];

    /// The word in file names and tags.
    pub fn word(self) -> &'static str {
        match self {
            Self::Reconstruction => "reconstruction",
            Self::Attention => "attention",
        }
    }
}

fn path(directory: &Path, epochs_done: usize, name: PictureName) -> PathBuf {
    directory.join("pictures").join(format!("epoch-{epochs_done:04}-{}.png", name.word()))
}

/// Writes a picture of a run `directory`.
pub(super) fn write(directory: &Path, epochs_done: usize, name: PictureName, png: &[u8]) -> Result<(), TrainError> {
    create_folder(&directory.join("pictures"))?;
    write_whole(&path(directory, epochs_done, name), &mark::png(png.to_vec(), MARK))
}

/// Tells `events` the kept `lines` of metrics, and after each epoch the pictures of that epoch.
pub(super) fn retell(directory: &Path, lines: &[Fields], events: &mut EventFile) -> Result<(), TrainError> {
    for line in lines {
        events.line(line)?;
        let epoch = line.get("epoch").and_then(serde_json::Value::as_u64);
        let Some(epoch) = epoch.filter(|_| line.get("kind").is_some_and(|kind| kind == "epoch")) else { continue };
        for name in PictureName::ALL {
            if let Ok(png) = std::fs::read(path(directory, epoch as usize + 1, name)) {
                events.picture(name.word(), &png)?;
            }
        }
    }
    Ok(())
}
