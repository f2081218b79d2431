//! The weights that the result of a run is of.

use std::path::{Path, PathBuf};

use bmae_recipe::{Recipe, Stage};

use super::checkpoint::last_weights;
use super::run_file::RunFile;

/// Where the best weights of an evaluation lie.
pub(super) fn best_weights(directory: &Path) -> PathBuf {
    directory.join("checkpoints").join("best.safetensors")
}

/// The weights that stand for the run in `directory`: the last ones, but of an evaluation that chooses its epoch on images
/// that are held out the best ones, as soon as there are any. Its top-1 is theirs.
pub fn result_weights(directory: &Path) -> PathBuf {
    let best = best_weights(directory);
    if best.exists() && chooses_on_held_out_images(directory) { best } else { last_weights(directory) }
}

fn chooses_on_held_out_images(directory: &Path) -> bool {
    let stage = RunFile::read(directory).ok().and_then(|about| Stage::of_section(&about.stage));
    let recipe = std::fs::read_to_string(directory.join("config.toml")).ok();
    let recipe = recipe.and_then(|text| Recipe::from_toml(&text).ok());
    let labels = stage.zip(recipe.as_ref()).and_then(|(stage, recipe)| recipe.labels(stage));
    labels.is_some_and(|labels| labels.validation_fraction > 0.0)
}
