//! Which model weights are of, checked: every tensor of it is there and has its shape.

use bmae_data::random::{Purpose, keyed};
use bmae_nn::weights::{Architecture, EncoderShape, ModelPart};
use bmae_nn::{Classifier, Encoder, EncoderInit, HeadInit, LinearProbe, LoadReport, Pooling, StateDict};
use bmae_recipe::{Feature, Recipe};
use burn::module::Module;
use burn::tensor::Device;

use super::ExportError;
use crate::model::{fresh_autoencoder, fresh_encoder, has_switched};

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An encoder alone.
    Encoder,
    /// A masked autoencoder that predicts pixels.
    PixelAutoencoder,
    /// A masked autoencoder that predicts features.
    FeatureAutoencoder,
    /// A classifier.
    Classifier(Sees),
}

/// What the head of a classifier sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sees {
    /// The class token after `norm`.
    ClassToken,
    /// The mean of the patch tokens, then `fc_norm`.
    NormalisedMean,
    /// The mean of the patch tokens after `norm`: a probe of the mean.
    MeanOfNormalised,
}

/// The metadata key by which an exported head says that it sees the mean of the patch tokens after `norm`, which no
/// tensor tells once a probe's BatchNorm is part of it.
const SEES_KEY: &str = "bmae.head_sees";
const MEAN: &str = "mean";

impl Sees {
    /// What the head of `weights` sees, which `recipe` tells of a probe.
    pub(crate) fn of(weights: &StateDict, recipe: &Recipe) -> Self {
        let shapes = Architecture::of(weights);
        let says_mean = weights.metadata.get(SEES_KEY).is_some_and(|sees| sees == MEAN);
        match (shapes.batch_norm, recipe.linprobe.feature, shapes.fc_norm) {
            (true, Feature::Mean, _) => Self::MeanOfNormalised,
            (false, _, true) => Self::NormalisedMean,
            (false, ..) if says_mean => Self::MeanOfNormalised,
            _ => Self::ClassToken,
        }
    }

    /// What an exported head says of it.
    pub(super) fn metadata(self) -> Option<(String, String)> {
        (self == Self::MeanOfNormalised).then(|| (SEES_KEY.to_owned(), MEAN.to_owned()))
    }
}

/// A whole model and nothing else.
pub(super) struct Model {
    pub kind: Kind,
    /// Exactly its tensors.
    pub weights: StateDict,
    /// What a user should know of what was done to them.
    pub notes: Vec<String>,
}

impl Model {
    /// The largest model that `weights` hold with the recipe's sizes. A probe's BatchNorm becomes part of its head.
    pub(super) fn of(weights: &StateDict, recipe: &Recipe) -> Result<Self, ExportError> {
        let shapes = Architecture::of(weights);
        let Some(encoder) = &shapes.encoder else {
            return Err(ExportError::NoEncoder { source_name: weights.source_name(), holds: shapes.in_one_line() });
        };
        match (shapes.classes, &shapes.decoder) {
            (Some(classes), _) => classifier(weights, recipe, &shapes, classes),
            (None, Some(decoder)) => autoencoder(weights, recipe, encoder, decoder.prediction),
            (None, None) => {
                let (module, report) = weights.load_into(empty_encoder(recipe)?)?;
                Self::whole(Kind::Encoder, &module, &report)
            }
        }
    }

    /// The encoder of this model, its final norm included.
    pub(super) fn encoder(&self) -> StateDict {
        let mut weights = self.weights.clone();
        weights.tensors.retain(|name, _| ModelPart::of(name) == ModelPart::Encoder);
        weights
    }

    fn whole(kind: Kind, module: &impl Module, report: &LoadReport) -> Result<Self, ExportError> {
        report.require(|_| false, |name| ModelPart::of(name) != ModelPart::Encoder)?;
        Ok(Self { kind, weights: StateDict::of(module), notes: Vec::new() })
    }
}

fn empty_encoder(recipe: &Recipe) -> Result<Encoder, ExportError> {
    Ok(fresh_encoder(recipe, EncoderInit::Mae, &Device::flex())?)
}

fn classifier(
    weights: &StateDict,
    recipe: &Recipe,
    shapes: &Architecture,
    classes: usize,
) -> Result<Model, ExportError> {
    let sees = Sees::of(weights, recipe);
    let pooling = match sees {
        Sees::NormalisedMean => Pooling::Mean,
        Sees::ClassToken | Sees::MeanOfNormalised => Pooling::ClassToken,
    };
    let mut generator = keyed(recipe.seed, 0, 0, Purpose::HeadInitialisation);
    let empty = Classifier::init(empty_encoder(recipe)?, classes, pooling, HeadInit::PROBE, &mut generator);
    let (mut module, report) = weights.load_into(empty)?;
    let mut notes = Vec::new();
    if shapes.batch_norm {
        let dim = recipe.model.encoder.dim;
        let empty = LinearProbe::init(dim, classes, recipe.precision, &mut generator, &Device::flex());
        let (probe, report) = weights.load_into(empty)?;
        report.require(|_| false, |_| true)?;
        module.head = probe.fold_batch_norm();
        notes.push("the BatchNorm before the head is now part of its weights".to_owned());
    }
    Ok(Model { notes, ..Model::whole(Kind::Classifier(sees), &module, &report)? })
}

fn autoencoder(
    weights: &StateDict,
    recipe: &Recipe,
    encoder: &EncoderShape,
    prediction: usize,
) -> Result<Model, ExportError> {
    let device = Device::flex();
    let empty = fresh_autoencoder(recipe, &device)?;
    let pixels = encoder.values_per_patch();
    let mut notes = Vec::new();
    let mut weights = weights.clone();
    // The head for pixels that `method.pixel_weight` keeps beside that for features makes a whole MAE.
    let beside = ["weight", "bias"].map(|kind| weights.tensors.remove(&format!("pixel_pred.{kind}")));
    let mut of_features = prediction != pixels || has_switched(&weights, recipe);
    if let [Some(weight), Some(bias)] = beside {
        weights.tensors.insert("decoder_pred.weight".to_owned(), weight);
        weights.tensors.insert("decoder_pred.bias".to_owned(), bias);
        of_features = false;
        notes.push("its prediction head is the one for pixels; the one for features stays behind".to_owned());
    }
    let outputs = if of_features { prediction } else { pixels };
    let mut generator = keyed(recipe.seed, 0, 0, Purpose::HeadInitialisation);
    let dim = recipe.model.decoder.dim;
    let head = HeadInit::PROBE.linear(dim, outputs, recipe.precision, &mut generator, &device);
    let (module, report) = weights.load_into(empty.replace_head(head))?;
    let kind = if of_features { Kind::FeatureAutoencoder } else { Kind::PixelAutoencoder };
    Ok(Model { notes, ..Model::whole(kind, &module, &report)? })
}
