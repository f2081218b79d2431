//! Features with what belongs to them, on their way into a file.

use std::path::Path;

use bmae_output::claim::{Foreign, check_file_by};
use bmae_output::mark;

use super::{FeatureFormat, comma_separated, npz, safetensors_file};
use crate::TrainError;
use crate::evaluation::Features;
use crate::whole_file::{self, write_whole_by};

/// What a file of features is, by its mark.
const MARK: &str = "features";

/// A row for each image.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureTable {
    /// [N, D], and the labels `[N]` where the images have some.
    pub features: Features,
    /// The file of each image as text, relative to the folder of all; empty where it has none of its own.
    pub files: Vec<String>,
    /// The names of the classes in the order of the labels; empty without labels.
    pub class_names: Vec<String>,
}

impl FeatureTable {
    /// Refuses a place that no such file can be written to, before any work is done: one of the `inputs`, and a file that
    /// does not hold features that bmae wrote, unless such `foreign` files are replaced.
    ///
    /// # Errors
    /// Then.
    pub fn check_place(
        path: &Path,
        format: FeatureFormat,
        inputs: &[&Path],
        foreign: Foreign,
    ) -> Result<(), TrainError> {
        whole_file::check_place(path)?;
        let mark = |place: &Path| match format {
            FeatureFormat::Csv => Ok(comma_separated::is_one(place)?.then(|| MARK.to_owned())),
            FeatureFormat::Safetensors | FeatureFormat::Npz => mark::of_file(place),
        };
        Ok(check_file_by(path, MARK, inputs, foreign, mark)?)
    }

    /// Writes the file at `path` as `format`, whole or not at all.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write(&self, path: &Path, format: FeatureFormat) -> Result<(), TrainError> {
        write_whole_by(path, |out| match format {
            FeatureFormat::Safetensors => safetensors_file::write(out, self, MARK),
            FeatureFormat::Npz => npz::write(out, self, MARK),
            FeatureFormat::Csv => comma_separated::write(out, self),
        })
    }
}
