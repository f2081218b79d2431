//! The models of a recipe: their sizes, and fresh ones, drawn from its seed.

use bmae_architecture::Autoencoder;
use bmae_data::random::{Purpose, keyed};
use bmae_nn::{Encoder, EncoderInit, MaskedAutoencoder, ShapeError};
use bmae_recipe::Recipe;
use burn::tensor::Device;

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

/// What a prediction head predicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Predicted {
    /// The pixels of a patch, normalised as images are, or by the patch's own mean and variance with `norm_pix`.
    Pixels,
    /// The features of a target encoder.
    Features,
}
