//! The models of a recipe: their sizes, and fresh ones, drawn from its seed.

use bmae_data::random::{Purpose, keyed};
use bmae_nn::{DecoderConfig, Encoder, EncoderConfig, EncoderInit, MaskedAutoencoder, ShapeError};
use bmae_recipe::Recipe;
use burn::tensor::Device;

/// An encoder on `device`, drawn as `init` says.
///
/// # Errors
/// When the recipe's sizes cannot be.
pub(crate) fn fresh_encoder(recipe: &Recipe, init: EncoderInit, device: &Device) -> Result<Encoder, ShapeError> {
    let mut generator = keyed(recipe.seed, 0, 0, Purpose::Initialisation);
    Encoder::init(&encoder_config(recipe), init, &mut generator, device)
}

/// A masked autoencoder that predicts pixels, on `device`.
///
/// # Errors
/// When the recipe's sizes cannot be.
pub(crate) fn fresh_autoencoder(recipe: &Recipe, device: &Device) -> Result<MaskedAutoencoder, ShapeError> {
    let mut generator = keyed(recipe.seed, 0, 0, Purpose::Initialisation);
    MaskedAutoencoder::init(&encoder_config(recipe), &decoder_config(recipe), &mut generator, device)
}

/// The encoder's sizes, from a recipe.
pub(crate) fn encoder_config(recipe: &Recipe) -> EncoderConfig {
    let encoder = &recipe.model.encoder;
    EncoderConfig {
        image_size: recipe.data.image_size,
        patch_size: recipe.model.patch_size,
        dim: encoder.dim,
        depth: encoder.depth,
        heads: encoder.heads,
        mlp_ratio: encoder.mlp_ratio,
    }
}

/// The decoder's sizes, from a recipe.
pub(crate) fn decoder_config(recipe: &Recipe) -> DecoderConfig {
    let decoder = &recipe.model.decoder;
    DecoderConfig { dim: decoder.dim, depth: decoder.depth, heads: decoder.heads }
}

/// What a prediction head predicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Predicted {
    /// The pixels of a patch, normalised as images are, or by the patch's own mean and variance with `norm_pix`.
    Pixels,
    /// The features of a target encoder.
    Features,
}
