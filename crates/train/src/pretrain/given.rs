//! A student of given weights: where `forward` and `replay` begin.

use bmae_data::random::{Purpose, keyed};
use bmae_nn::weights::{Array, StateDict};
use bmae_nn::{Encoder, EncoderInit, Linear, MaskedAutoencoder};
use burn::tensor::Device;

use super::Student;
use super::student::{decoder_config, encoder_config};
use crate::TrainError;
use crate::method::Targets;
use crate::recipe::{CopyAt, Recipe, TargetRecipe, Update};

/// The prediction head in use, and the one that a switch to features puts in.
const HEAD: &str = "decoder_pred";
const FEATURE_HEAD: &str = "feature_pred";

impl Student {
    /// A student at its first epoch with the tensors of `weights` under their official names; those that an autoencoder
    /// does not have are ignored. Fixed positions may be absent. The head that a switch puts in is `feature_pred.weight`
    /// [D, Dd] and `feature_pred.bias` `[D]` where they are there, else a fresh one.
    ///
    /// # Errors
    /// When a parameter is missing or has another shape than the recipe's sizes give it.
    pub fn from_weights(
        recipe: &Recipe,
        steps_per_epoch: usize,
        weights: &StateDict,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let begins_with_features = recipe.method.warmup_epochs == Some(0);
        let length = recipe.model.patch_size * recipe.model.patch_size * 3;
        let model = autoencoder(recipe, weights, device)?;
        if !begins_with_features {
            check_outputs(weights, &model, length, Predicted::Pixels)?;
        }
        let student = Self::with_model(recipe, steps_per_epoch, model, device)?;
        Ok(match linear(weights, FEATURE_HEAD, recipe.model.decoder.dim, recipe.model.encoder.dim, device)? {
            Some(head) => student.with_feature_head(head),
            None => student,
        })
    }

    /// A student of `weights` that predicts the features of one target encoder, that of `target`, with `feature_pred` where
    /// `weights` have it, else with `decoder_pred`. What is done to the features, the recipe's first target says; without
    /// one they are as published.
    ///
    /// # Errors
    /// As [`from_weights`](Self::from_weights), and when the head does not predict as many values as the features have.
    pub fn predicting_features_of(
        recipe: &Recipe,
        weights: &StateDict,
        target: &StateDict,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let dim = recipe.model.encoder.dim;
        let mut model = autoencoder(recipe, weights, device)?;
        match linear(weights, FEATURE_HEAD, recipe.model.decoder.dim, dim, device)? {
            Some(head) => model = model.replace_head(head),
            None => check_outputs(weights, &model, dim, Predicted::Features)?,
        }
        let published = || TargetRecipe::published(1.0, Update::Copy { every: 1, at: CopyAt::EpochStart });
        let of_target = recipe.method.targets.first().copied().unwrap_or_else(published);
        let encoder = encoder(recipe, target, &device.clone().inner())?;
        let student = Self::with_model(recipe, 1, model, device)?;
        Ok(student.with_targets(Targets::fixed(TargetRecipe { weight: 1.0, ..of_target }, encoder)))
    }
}

/// The autoencoder of `weights`; its head is as wide as theirs.
fn autoencoder(recipe: &Recipe, weights: &StateDict, device: &Device) -> Result<MaskedAutoencoder, TrainError> {
    let mut generator = keyed(recipe.seed, 0, 0, Purpose::Initialisation);
    let mut model = MaskedAutoencoder::init(&encoder_config(recipe), &decoder_config(recipe), &mut generator, device)?;
    let inputs = recipe.model.decoder.dim;
    if let Some(&[outputs, _]) = weights.tensors.get("decoder_pred.weight").map(|array| array.shape.as_slice())
        && let Some(head) = linear(weights, HEAD, inputs, outputs, device)?
    {
        model = model.replace_head(head);
    }
    let (model, report) = weights.load_into(model)?;
    report.require(|name| matches!(name, "pos_embed" | "decoder_pos_embed"), |_| true)?;
    Ok(model)
}

/// The encoder of `weights` alone, whatever else they hold.
fn encoder(recipe: &Recipe, weights: &StateDict, device: &Device) -> Result<Encoder, TrainError> {
    let mut generator = keyed(recipe.seed, 0, 0, Purpose::Initialisation);
    let encoder = Encoder::init(&encoder_config(recipe), EncoderInit::Mae, &mut generator, device)?;
    let (encoder, report) = weights.load_into(encoder)?;
    report.require(|name| name == "pos_embed", |_| true)?;
    Ok(encoder)
}

/// The Linear `name` [outputs, inputs] of `weights`, if they have it.
fn linear(
    weights: &StateDict,
    name: &str,
    inputs: usize,
    outputs: usize,
    device: &Device,
) -> Result<Option<Linear>, TrainError> {
    let part = |part: &str, shape: Vec<usize>| -> Result<Option<&Array>, TrainError> {
        let tensor = format!("{name}.{part}");
        match weights.tensors.get(&tensor) {
            Some(array) if array.shape != shape => Err(TrainError::Recorded {
                tensor,
                source_name: weights.source.clone(),
                found: format!("has the shape {:?}", array.shape),
                expected: format!("this model needs {shape:?}: use the sizes the weights were trained with"),
            }),
            found => Ok(found),
        }
    };
    let (Some(weight), Some(bias)) = (part("weight", vec![outputs, inputs])?, part("bias", vec![outputs])?) else {
        return Ok(None);
    };
    Ok(Some(Linear::from_values(weight.values.clone(), bias.values.clone(), device)))
}

/// What a head has to predict.
#[derive(Clone, Copy)]
enum Predicted {
    Pixels,
    Features,
}

/// Refuses a head that predicts another number of values than the target has.
fn check_outputs(
    weights: &StateDict,
    model: &MaskedAutoencoder,
    expected: usize,
    what: Predicted,
) -> Result<(), TrainError> {
    let found = model.pred.outputs();
    if found == expected {
        return Ok(());
    }
    let expected = match what {
        Predicted::Pixels => format!(
            "a patch has {expected} pixels: use weights from before the switch to features, or name the encoder whose \
             features are predicted (forward: --target; replay: method.wse=0)"
        ),
        Predicted::Features => format!(
            "the target has {expected} features: use weights from after the switch, or with a head of their own \
             (feature_pred.weight, feature_pred.bias)"
        ),
    };
    Err(TrainError::Recorded {
        tensor: format!("{HEAD}.weight"),
        source_name: weights.source.clone(),
        found: format!("predicts {found} values"),
        expected,
    })
}
