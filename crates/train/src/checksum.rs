//! The weights that a recipe names, known by their checksum: it is written down when a run begins, and compared when they
//! are read.

use std::path::Path;

use bmae_nn::weights::StateDict;
use bmae_recipe::plan::PlannedStage;
use bmae_recipe::{GivenWeights, Recipe, Start};

use crate::TrainError;
use crate::file_checksum::sha256_of_file;
use crate::start::{read_weights, weights_file};

/// A pre-training with the checksums of all weights that it reads: those that its recipe has, else those that its run
/// directory has from earlier, else those of the files as they are now. Its start and its recipe name the same weights.
///
/// # Errors
/// When weights without a checksum cannot be read.
pub(crate) fn with_checksums(planned: &PlannedStage) -> Result<PlannedStage, TrainError> {
    let mut planned = planned.clone();
    match (&planned.start, &planned.recipe.pretrain.from) {
        (Start::From(path), None) => planned.recipe.pretrain.from = Some(GivenWeights::at(path)),
        (Start::Scratch, Some(weights)) => planned.start = Start::From(weights.path.clone()),
        _ => {}
    }
    let earlier = std::fs::read_to_string(planned.out.join("config.toml")).unwrap_or_default();
    let mut earlier = Recipe::from_toml(&earlier).ok();
    let earlier: Vec<&mut GivenWeights> = earlier.iter_mut().flat_map(Recipe::weights_mut).collect();
    for weights in planned.recipe.weights_mut().into_iter().filter(|weights| weights.sha256.is_none()) {
        let same = earlier.iter().find(|earlier| earlier.path == weights.path);
        weights.sha256 = match same.and_then(|earlier| earlier.sha256.clone()) {
            Some(known) => Some(known),
            None => Some(sha256(&weights.path)?),
        };
    }
    Ok(planned)
}

/// The weights that a recipe names, under the official names.
///
/// # Errors
/// When there are none, or they are others than those whose checksum the recipe has.
pub(crate) fn read_named(named: &GivenWeights) -> Result<StateDict, TrainError> {
    if let Some(expected) = &named.sha256 {
        let found = sha256(&named.path)?;
        if found != *expected {
            return Err(TrainError::WeightsChanged { path: named.path.clone(), expected: expected.clone(), found });
        }
    }
    read_weights(&named.path)
}

/// The SHA-256 of the file that holds the weights at `path`, in hexadecimal digits.
///
/// # Errors
/// When there are none, or they cannot be read.
pub(crate) fn sha256(path: &Path) -> Result<String, TrainError> {
    sha256_of_file(&StateDict::file_at(&weights_file(path)?)?)
}
