//! The encoder of any weights, and what else its features go through: a classifier of the mean of the patch tokens has no
//! final norm, but one of that mean.

use bmae_nn::{Encoder, LayerNorm, StateDict};
use bmae_recipe::{Recipe, Start};
use burn::module::Module;
use burn::tensor::Device;

use crate::observer::Message;
use crate::{TrainError, start};

/// The norm under its official name.
#[derive(Module, Debug)]
struct NormOfMean {
    fc_norm: LayerNorm,
}

/// The encoder of `start` on `device`. Where it has no final norm but that of a mean, it normalises nothing at the end, and
/// that norm, for features [N, D], comes with it.
///
/// # Errors
/// When there are no weights, or they are of another architecture.
pub(super) fn encoder_and_norm(
    start: &Start,
    recipe: &Recipe,
    device: &Device,
    tell: &mut dyn FnMut(Message),
) -> Result<(Encoder, Option<LayerNorm>), TrainError> {
    let weights = start.path().map(start::read_weights).transpose()?;
    let is_of_mean = |weights: &StateDict| weights.has_prefix("fc_norm.") && !weights.has_prefix("norm.");
    let Some(weights) = weights.filter(is_of_mean) else {
        return Ok((start::encoder(start, recipe, device, tell)?, None));
    };
    let mut encoder = start::encoder_without_norm(start, recipe, device, tell)?;
    encoder.norm = None;
    let fc_norm = LayerNorm::init(recipe.model.encoder.dim, recipe.model.norm_epsilon, device);
    let (NormOfMean { fc_norm }, report) = weights.load_into(NormOfMean { fc_norm })?;
    report.require(|_| false, |_| true)?;
    Ok((encoder, Some(fc_norm)))
}
