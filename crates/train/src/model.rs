//! The models of a recipe: their sizes, and fresh ones, drawn from its seed.

use bmae_architecture::{Autoencoder, PatchGrid, Transformer};
use bmae_data::random::{Purpose, keyed};
use bmae_nn::{Encoder, EncoderInit, MaskedAutoencoder, ShapeError};
use burn::tensor::Device;

use bmae_recipe::{EncoderRecipe, Recipe};

/// An encoder on `device`, drawn as `init` says.
///
/// # Errors
/// When the recipe's sizes cannot be.
pub(crate) fn fresh_encoder(recipe: &Recipe, init: EncoderInit, device: &Device) -> Result<Encoder, ShapeError> {
    let Autoencoder { grid, encoder, .. } = autoencoder_sizes(recipe);
    let mut generator = keyed(recipe.seed, 0, 0, Purpose::Initialisation);
    Encoder::init(grid, encoder, init, &mut generator, device)
}

/// A masked autoencoder that predicts pixels, on `device`.
///
/// # Errors
/// When the recipe's sizes cannot be.
pub(crate) fn fresh_autoencoder(recipe: &Recipe, device: &Device) -> Result<MaskedAutoencoder, ShapeError> {
    let mut generator = keyed(recipe.seed, 0, 0, Purpose::Initialisation);
    MaskedAutoencoder::init(&autoencoder_sizes(recipe), &mut generator, device)
}

/// The sizes of a recipe's model.
pub(crate) fn autoencoder_sizes(recipe: &Recipe) -> Autoencoder {
    let EncoderRecipe { dim, depth, heads, mlp_ratio } = recipe.model.encoder;
    let decoder = &recipe.model.decoder;
    Autoencoder {
        grid: patch_grid(recipe),
        encoder: Transformer { dim, depth, heads, mlp_ratio },
        decoder: Transformer::decoder(decoder.dim, decoder.depth, decoder.heads),
    }
}

/// How a recipe's images are cut into patches.
pub(crate) fn patch_grid(recipe: &Recipe) -> PatchGrid {
    PatchGrid::rgb(recipe.data.image_size, recipe.model.patch_size)
}
