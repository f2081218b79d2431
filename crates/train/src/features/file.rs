//! Where features are written, and as what.

use std::path::Path;

use bmae_output::claim::{Foreign, check_file_by};
use bmae_output::mark;

use super::format::FeatureFormat;
use super::table::FeatureTable;
use super::{comma_separated, npz, safetensors_file};
use crate::TrainError;
use crate::whole_file::{self, write_whole_by};

/// What a file of features is, by its mark.
const MARK: &str = "features";

/// Refuses a place that no file of features can be written to, before any work is done: one of the `inputs`, and a file that
/// does not hold features that bmae wrote, unless such `foreign` files are replaced.
///
/// # Errors
/// Then.
pub fn check_place(path: &Path, format: FeatureFormat, inputs: &[&Path], foreign: Foreign) -> Result<(), TrainError> {
    whole_file::check_place(path)?;
    let mark = |place: &Path| match format {
        FeatureFormat::Csv => Ok(comma_separated::is_one(place)?.then(|| MARK.to_owned())),
        FeatureFormat::Safetensors | FeatureFormat::Npz => mark::of_file(place),
    };
    Ok(check_file_by(path, MARK, inputs, foreign, mark)?)
}

/// Writes `table` to the file at `path` as `format`, whole or not at all.
///
/// # Errors
/// When the disk refuses.
pub fn write(table: &FeatureTable, path: &Path, format: FeatureFormat) -> Result<(), TrainError> {
    write_whole_by(path, |out| match format {
        FeatureFormat::Safetensors => safetensors_file::write(out, table, MARK),
        FeatureFormat::Npz => npz::write(out, table, MARK),
        FeatureFormat::Csv => comma_separated::write(out, table),
    })
}
