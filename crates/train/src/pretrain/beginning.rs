//! A student that begins a new pre-training with given weights: with their encoder, and with their decoder and their head
//! for pixels where these fit. Optimiser and schedule know nothing of what came before.

use bmae_nn::MaskedAutoencoder;
use bmae_nn::parameters::parameters;
use bmae_nn::weights::{Architecture, ModelPart, StateDict};
use bmae_recipe::{GivenWeights, Recipe, Used};
use burn::tensor::Device;

use super::Student;
use crate::TrainError;
use crate::checksum::read_named;
use crate::method::Targets;
use crate::model::{fresh_autoencoder, has_switched};
use crate::observer::Message;
use crate::start::{fit, fit_channels, is_position, tell_left_over};

/// The head for what is predicted, and the one for pixels that stays beside one for features (`method.pixel_weight`).
const HEAD: &str = "decoder_pred.";
const PIXEL_HEAD: &str = "pixel_pred.";

impl Student {
    /// A student at its first epoch with the weights that `named` says: the encoder, and as far as they fit the decoder
    /// and the head for pixels; the rest is drawn from the recipe's seed. What a user should know of that goes to
    /// `tell`.
    ///
    /// # Errors
    /// When there are no weights, they have changed, or their encoder is not that of the recipe's sizes.
    pub(super) fn beginning_with(
        named: &GivenWeights,
        recipe: &Recipe,
        steps_per_epoch: usize,
        device: &Device,
        tell: &mut dyn FnMut(Message),
    ) -> Result<Self, TrainError> {
        let weights = read_named(named).map_err(|error| error.of_key("pretrain.from", recipe))?;
        let model = autoencoder(weights, recipe, device, tell)?;
        let targets = Targets::new(recipe, steps_per_epoch, &device.clone().inner(), tell)?;
        Self::with_model(recipe, model, targets, device)
    }
}

fn autoencoder(
    mut weights: StateDict,
    recipe: &Recipe,
    device: &Device,
    tell: &mut dyn FnMut(Message),
) -> Result<MaskedAutoencoder, TrainError> {
    let model = fresh_autoencoder(recipe, device)?;
    let source = weights.source_name();
    // A head is one for pixels by the channels that it then has.
    fit_channels(&mut weights, recipe, &mut *tell)?;
    let head = keep_pixel_head(&mut weights, recipe);
    let (used, note) = match decoder_fits(&weights, &model) {
        true => {
            let note = head.note(recipe.method.warmup_epochs() == Some(0));
            (Used::Autoencoder, note.map(|note| format!("{source} {note}")))
        }
        false => {
            let note = without_decoder(&weights, recipe);
            weights.tensors.retain(|name, _| ModelPart::of(name) != ModelPart::Decoder);
            (Used::Encoder, Some(note))
        }
    };
    fit(&mut weights, recipe, used, &mut *tell)?;
    let (model, report) = weights.load_into(model)?;
    if !weights.has_prefix("norm.") && weights.has_prefix("fc_norm.") {
        return Err(TrainError::NoFinalNorm { source_name: source });
    }
    // Blocks that the recipe's encoder lacks are refused: half an encoder is none.
    report.require(
        |name| is_position(name) || ModelPart::of(name) == ModelPart::Decoder,
        |name| ModelPart::of(name) != ModelPart::Encoder,
    )?;
    note.into_iter().for_each(|note| tell(Message::Note(note)));
    tell_left_over(&weights, &report.unexpected, tell);
    Ok(model)
}

/// What becomes of the head of given weights.
enum GivenHead {
    /// It predicts pixels, or there is none to say anything of.
    Taken,
    /// It predicts features, but beside it stood one for pixels.
    PixelsBeside,
    /// It predicts features.
    Features,
}

impl GivenHead {
    /// What there is to say of it, as a predicate, in a pre-training that `begins_with_features` or with pixels.
    fn note(&self, begins_with_features: bool) -> Option<&'static str> {
        match (self, begins_with_features) {
            (Self::Taken, _) => None,
            (_, true) => Some("predicts the features of targets that are gone: the head for features is begun afresh"),
            (Self::PixelsBeside, false) => {
                Some("predicts features, and pixels beside them: it goes on with its head for pixels")
            }
            (Self::Features, false) => Some(
                "predicts features, but a new pre-training begins with pixels: the head for pixels is begun afresh",
            ),
        }
    }
}

/// Leaves `weights` at most one head, that for pixels.
fn keep_pixel_head(weights: &mut StateDict, recipe: &Recipe) -> GivenHead {
    let pixels = recipe.architecture().grid.values_per_patch();
    let own = weights.config_text().and_then(|text| Recipe::from_toml(text).ok());
    let width = Architecture::of(weights).decoder.map_or(0, |decoder| decoder.prediction);
    let of_features = own.is_some_and(|own| has_switched(weights, &own)) || (width > 0 && width != pixels);
    let beside: Vec<String> = weights.tensors.keys().filter(|name| name.starts_with(PIXEL_HEAD)).cloned().collect();
    let head = match (of_features, beside.is_empty()) {
        (false, _) => GivenHead::Taken,
        (true, false) => GivenHead::PixelsBeside,
        (true, true) => GivenHead::Features,
    };
    if of_features {
        weights.tensors.retain(|name, _| !name.starts_with(HEAD));
    }
    for name in beside {
        if let Some(array) = weights.tensors.remove(&name).filter(|_| of_features) {
            weights.tensors.insert(name.replacen(PIXEL_HEAD, HEAD, 1), array);
        }
    }
    weights.tensors.retain(|name, _| !name.starts_with("feature_pred."));
    head
}

/// Whether the whole decoder of `model` is in `weights`, its positions and its head aside, and no block more.
fn decoder_fits(weights: &StateDict, model: &MaskedAutoencoder) -> bool {
    let is_needed =
        |name: &str| ModelPart::of(name) == ModelPart::Decoder && !is_position(name) && !name.starts_with(HEAD);
    let all = parameters(model);
    let needed: Vec<_> = all.iter().filter(|parameter| is_needed(&parameter.name)).collect();
    let there = |name: &str| weights.tensors.get(name).map(|array| &array.shape);
    needed.iter().all(|parameter| there(&parameter.name) == Some(&parameter.shape))
        && weights.tensors.keys().filter(|name| is_needed(name)).count() == needed.len()
}

/// Why the decoder of `weights` is not used.
fn without_decoder(weights: &StateDict, recipe: &Recipe) -> String {
    let source = weights.source_name();
    let wanted = recipe.architecture().decoder;
    match Architecture::of(weights).decoder {
        None => format!("{source} has no decoder: it is begun afresh, drawn from the seed"),
        Some(found) => format!(
            "the decoder of {source} (dim {}, depth {}) does not fit the recipe's (dim {}, depth {}, MLP {} wide), which is begun \
             afresh, drawn from the seed",
            found.dim,
            found.depth,
            wanted.dim,
            wanted.depth,
            wanted.hidden()
        ),
    }
}
