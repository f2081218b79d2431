//! The models of a recipe: their sizes, and fresh ones, drawn from its seed.

use bmae_architecture::Autoencoder;
use bmae_data::random::{Purpose, keyed};
use bmae_nn::weights::StateDict;
use bmae_nn::{Encoder, EncoderInit, MaskedAutoencoder, ShapeError};
use bmae_recipe::Recipe;
use burn::tensor::Device;

use crate::run_directory::epochs_done;

/// An encoder on `device`, drawn as `init` says.
///
/// # Errors
/// When the recipe's sizes cannot be.
pub(crate) fn fresh_encoder(recipe: &Recipe, init: EncoderInit, device: &Device) -> Result<Encoder, ShapeError> {
    let Autoencoder { grid, encoder, .. } = recipe.architecture();
    let mut generator = keyed(recipe.seed, 0, 0, Purpose::Initialisation);
    Encoder::init(grid, encoder, init, &mut generator, device)
}

/// A masked autoencoder that predicts pixels, on `device`.
///
/// # Errors
/// When the recipe's sizes cannot be.
pub(crate) fn fresh_autoencoder(recipe: &Recipe, device: &Device) -> Result<MaskedAutoencoder, ShapeError> {
    let mut generator = keyed(recipe.seed, 0, 0, Purpose::Initialisation);
    MaskedAutoencoder::init(&recipe.architecture(), &mut generator, device)
}

/// Whether the head of `weights` is for features: of those that a run of `recipe` wrote after its switch.
pub(crate) fn has_switched(weights: &StateDict, recipe: &Recipe) -> bool {
    epochs_done(weights).is_some_and(|done| done > 0 && recipe.method.predicts_features_in(done - 1))
}

/// What a prediction head predicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Predicted {
    /// The pixels of a patch, normalised as images are, or by the patch's own mean and variance with `norm_pix`.
    Pixels,
    /// The features of a target encoder.
    Features,
}
