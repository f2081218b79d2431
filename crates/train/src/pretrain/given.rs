//! A student of given weights: where `forward` and `replay` begin.

use bmae_nn::weights::StateDict;
use bmae_nn::{Linear, MaskedAutoencoder};
use bmae_output::count::count;
use bmae_recipe::{Recipe, TargetRecipe};
use burn::tensor::Device;

use super::Student;
use crate::method::Targets;
use crate::model::{Predicted, fresh_autoencoder};
use crate::observer::Message;
use crate::start::settle;
use crate::{TrainError, teacher};

/// The prediction head in use, and the one that a switch to features puts in.
const HEAD: &str = "decoder_pred";
const FEATURE_HEAD: &str = "feature_pred";
/// The head for pixels that stays beside one for features (`method.pixel_weight`).
const PIXEL_HEAD: &str = "pixel_pred";

impl Student {
    /// A student at its first epoch with the tensors of `weights` under their official names; those that are not needed
    /// are ignored. Fixed positions may be absent. If features are predicted within the `epochs` that it is asked to
    /// train, the head that the switch puts in is `feature_pred.weight` [D, Dd] and `feature_pred.bias` `[D]` where
    /// they are there, else a fresh one. What a user should know of that goes to `tell`.
    ///
    /// # Errors
    /// When a parameter is missing or has another shape than the recipe's sizes give it.
    pub fn from_weights(
        recipe: &Recipe,
        steps_per_epoch: usize,
        epochs: usize,
        weights: &StateDict,
        device: &Device,
        tell: &mut dyn FnMut(Message),
    ) -> Result<Self, TrainError> {
        let switches = recipe.method.warmup_epochs().is_some_and(|warmup| warmup < epochs);
        let begins_with_features = recipe.method.warmup_epochs() == Some(0);
        let model = autoencoder(recipe, weights, &[HEAD, if switches { FEATURE_HEAD } else { HEAD }], device, tell)?;
        if !begins_with_features {
            check_pixels(recipe, weights, &model)?;
        }
        let targets = Targets::new(recipe, steps_per_epoch, &device.clone().inner(), tell)?;
        let width = targets.width();
        let student = Self::with_model(recipe, model, targets, device)?;
        if !switches {
            return Ok(student);
        }
        Ok(match head(weights, FEATURE_HEAD, recipe, Some(width), device)? {
            Some(head) => student.with_feature_head(head),
            None => {
                let source = weights.source_name();
                tell(Message::Note(format!(
                    "{source} has no {FEATURE_HEAD}.{{bias, weight}}: the head for features is begun afresh, drawn from the seed"
                )));
                student
            }
        })
    }

    /// A student of `weights` that predicts pixels, whatever the recipe's method, for one pass.
    ///
    /// # Errors
    /// As [`from_weights`](Self::from_weights).
    pub(crate) fn predicting_pixels(
        recipe: &Recipe,
        weights: &StateDict,
        device: &Device,
        tell: &mut dyn FnMut(Message),
    ) -> Result<Self, TrainError> {
        let model = autoencoder(recipe, weights, &[HEAD], device, tell)?;
        check_pixels(recipe, weights, &model)?;
        Self::with_model(recipe, model, Targets::none(), device)
    }

    /// A student of `weights` that predicts the features of one target encoder, that of `target`, and the name under
    /// which `weights` have its head: `decoder_pred` where only features are as wide as it, else `feature_pred` where
    /// they have it, else `decoder_pred`. What is done to the features, the recipe's first target says; without one
    /// they are as published.
    ///
    /// # Errors
    /// As [`from_weights`](Self::from_weights), and when the head does not predict as many values as the features have.
    pub(crate) fn predicting_features_of(
        recipe: &Recipe,
        weights: &StateDict,
        target: &StateDict,
        device: &Device,
        tell: &mut dyn FnMut(Message),
    ) -> Result<(Self, &'static str), TrainError> {
        let teacher = teacher::of_weights(target.clone(), recipe, &device.clone().inner(), &mut *tell)?;
        let dim = teacher.dim();
        let mut model = autoencoder(recipe, weights, &[HEAD, FEATURE_HEAD], device, tell)?;
        let mut name = HEAD;
        if model.pred.outputs() != dim || dim == recipe.architecture().grid.values_per_patch() {
            match head(weights, FEATURE_HEAD, recipe, Some(dim), device)? {
                Some(head) => {
                    name = FEATURE_HEAD;
                    model = model.replace_head(head);
                }
                None => check_features(dim, weights, &model)?,
            }
        }
        let of_target = recipe.method.first_target();
        let targets = Targets::fixed(TargetRecipe { weight: 1.0, ..of_target }, teacher);
        Ok((Self::with_model(recipe, model, targets, device)?, name))
    }
}

/// The autoencoder of `weights`, whose prediction head is for what it is said to predict; the head for pixels beside
/// one for features is taken along where they have it.
///
/// # Errors
/// When a parameter is missing or has another shape than the recipe's sizes give it.
pub(crate) fn autoencoder_that_predicts(
    predicted: Predicted,
    recipe: &Recipe,
    weights: &StateDict,
    device: &Device,
    tell: &mut dyn FnMut(Message),
) -> Result<MaskedAutoencoder, TrainError> {
    let mut model = autoencoder(recipe, weights, &[HEAD, PIXEL_HEAD], device, tell)?;
    match predicted {
        Predicted::Pixels => check_pixels(recipe, weights, &model)?,
        Predicted::Features => {
            // A teacher's width, only its own weights tell.
            if recipe.method.first_target().update.weights().is_none() {
                check_features(recipe.model.encoder.dim, weights, &model)?;
            }
            model.pixel_pred =
                head(weights, PIXEL_HEAD, recipe, Some(recipe.architecture().grid.values_per_patch()), device)?;
        }
    }
    Ok(model)
}

/// The autoencoder of `weights`; its head is as wide as theirs. Of what is left over, `heads` are used elsewhere.
fn autoencoder(
    recipe: &Recipe,
    weights: &StateDict,
    heads: &[&str],
    device: &Device,
    tell: &mut dyn FnMut(Message),
) -> Result<MaskedAutoencoder, TrainError> {
    let mut model = fresh_autoencoder(recipe, device)?;
    if let Some(head) = head(weights, HEAD, recipe, None, device)? {
        model = model.replace_head(head);
    }
    let (model, mut report) = weights.load_into(model)?;
    report.unexpected.retain(|name| !heads.contains(&name.split('.').next().unwrap_or(name)));
    settle(weights, &report, &[], tell)?;
    Ok(model)
}

/// The head `name` of `weights` [outputs, Dd], if they have it; without `outputs`, as wide as it is.
///
/// # Errors
/// When half of it is missing, or it has another shape.
fn head(
    weights: &StateDict,
    name: &str,
    recipe: &Recipe,
    outputs: Option<usize>,
    device: &Device,
) -> Result<Option<Linear>, TrainError> {
    let [weight, bias] = ["weight", "bias"].map(|part| format!("{name}.{part}"));
    let refused = |tensor: &str, found: String, expected: String| TrainError::Recorded {
        tensor: tensor.to_owned(),
        source_name: weights.source_name(),
        found,
        expected,
    };
    let half = |missing: &str, there: &str| {
        Err(refused(missing, "is missing".to_owned(), format!("{there} is there: a head needs both")))
    };
    let (of_weight, of_bias) = match (weights.tensors.get(&weight), weights.tensors.get(&bias)) {
        (None, None) => return Ok(None),
        (Some(_), None) => return half(&bias, &weight),
        (None, Some(_)) => return half(&weight, &bias),
        (Some(of_weight), Some(of_bias)) => (of_weight, of_bias),
    };
    let outputs = outputs.unwrap_or(of_bias.values.len());
    for (tensor, array, shape) in
        [(&weight, of_weight, vec![outputs, recipe.model.decoder.dim]), (&bias, of_bias, vec![outputs])]
    {
        if array.shape != shape {
            let expected = format!("this model needs {shape:?}: use the sizes the weights were trained with");
            return Err(refused(tensor, format!("has the shape {:?}", array.shape), expected));
        }
    }
    let [of_weight, of_bias] = [of_weight, of_bias].map(|array| array.values.clone());
    Ok(Some(Linear::from_values(of_weight, of_bias, recipe.precision, device)))
}

/// Refuses a head that does not predict as many values as a patch has.
fn check_pixels(recipe: &Recipe, weights: &StateDict, model: &MaskedAutoencoder) -> Result<(), TrainError> {
    let (found, pixels) = (model.pred.outputs(), recipe.architecture().grid.values_per_patch());
    match found == pixels {
        true => Ok(()),
        false => Err(TrainError::PredictsNoPixels { source_name: weights.source_name(), found, pixels }),
    }
}

/// Refuses a head that does not predict as many values as the target's features have.
fn check_features(dim: usize, weights: &StateDict, model: &MaskedAutoencoder) -> Result<(), TrainError> {
    let found = model.pred.outputs();
    match found == dim {
        true => Ok(()),
        false => Err(TrainError::Recorded {
            tensor: format!("{HEAD}.weight"),
            source_name: weights.source_name(),
            found: format!("predicts {}", count(found, "value")),
            expected: format!(
                "the target has {}: use weights from after the switch, or with a head of their own \
                 ({FEATURE_HEAD}.weight, {FEATURE_HEAD}.bias)",
                count(dim, "feature")
            ),
        }),
    }
}
