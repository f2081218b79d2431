//! The classifier of a finished run, as its evaluation had it: fine-tuned, probed, or by nearest neighbours.

use bmae_data::Dataset;
use bmae_data::random::{Purpose, keyed};
use bmae_nn::weights::Architecture;
use bmae_nn::{Classifier, Encoder, EncoderInit, HeadInit, Linear, LinearProbe, Pooling, StateDict};
use bmae_output::count::count;
use bmae_recipe::{Recipe, Stage, Start};

use super::AskedError;
use super::asked_run::{AskedModel, AskedRun};
use crate::evaluation::{
    EncoderFeature, FeatureRequest, Features, NearestNeighbours, RankedClass, extract, nearest_neighbours_votes,
    ranked_by_logits, ranked_by_votes,
};
use crate::export::Sees;
use crate::model::fresh_encoder;
use crate::observer::Message;
use crate::step_images::patches_on;
use crate::{Session, TrainError, pipeline, start};

/// Training images that the encoder sees at once, as the evaluation shows them.
const BATCH: usize = 256;

/// A classifier, and what its classes are called.
pub struct TrainedClassifier {
    recipe: Recipe,
    class_names: Vec<String>,
    kind: TrainedKind,
}

/// How it classifies.
enum TrainedKind {
    /// By the head that was fine-tuned with its encoder.
    Finetuned(Box<Classifier>),
    /// By a head on features of a frozen encoder.
    Probed { encoder: Box<Encoder>, probe: LinearProbe, feature: EncoderFeature },
    /// The same where the BatchNorm became part of the head, as exports have it.
    Folded { encoder: Box<Encoder>, head: Linear, feature: EncoderFeature },
    /// By the votes of training images.
    Neighbours { encoder: Box<Encoder>, feature: EncoderFeature, train: Features, settings: NearestNeighbours },
}

impl TrainedClassifier {
    /// The classifier of `asked`; of nearest neighbours the features of all training images are computed. `None` where
    /// the session was stopped meanwhile.
    ///
    /// # Errors
    /// When there is no classifier, or the training images or the weights of nearest neighbours are no longer those that
    /// they measured.
    pub fn of(session: &mut Session<'_>, asked: &AskedRun) -> Result<Option<Self>, AskedError> {
        match &asked.model {
            AskedModel::Weights(weights) => Self::of_weights(session, asked, weights).map(Some),
            AskedModel::Neighbours(start) => Self::of_neighbours(session, asked, start),
        }
    }

    fn of_weights(session: &mut Session<'_>, asked: &AskedRun, weights: &StateDict) -> Result<Self, AskedError> {
        let recipe = &asked.recipe;
        let Some(classes) = Architecture::of(weights).classes else {
            return Err(AskedError::NoClassifier { path: asked.path.clone(), holds: asked.holds() });
        };
        let (device, sees) = (session.inference_device(), Sees::of(weights, recipe));
        let encoder = fresh_encoder(recipe, EncoderInit::Mae, &device)?;
        let mut generator = keyed(recipe.seed, 0, 0, Purpose::HeadInitialisation);
        let kind = if Architecture::of(weights).batch_norm {
            let encoder = start::fill(encoder, weights, true, &mut |_| {})?;
            let dim = recipe.model.encoder.dim;
            let probe = LinearProbe::init(dim, classes, recipe.precision, &mut generator, &device);
            let (probe, report) = weights.load_into(probe)?;
            report.require(|_| false, |_| true)?;
            TrainedKind::Probed { encoder: Box::new(encoder), probe, feature: recipe.linprobe.feature.into() }
        } else {
            let pooling = match sees {
                Sees::NormalisedMean => Pooling::Mean,
                Sees::ClassToken | Sees::MeanOfNormalised => Pooling::ClassToken,
            };
            let empty = Classifier::init(encoder, classes, pooling, HeadInit::PROBE, &mut generator);
            let (classifier, report) = weights.load_into(empty)?;
            report.require(|_| false, |_| true)?;
            match sees {
                Sees::MeanOfNormalised => TrainedKind::Folded {
                    encoder: Box::new(classifier.encoder),
                    head: classifier.head,
                    feature: EncoderFeature::Mean,
                },
                Sees::ClassToken | Sees::NormalisedMean => TrainedKind::Finetuned(Box::new(classifier)),
            }
        };
        let class_names = match weights.class_names() {
            Some(names) => names,
            None => names_of_data(session, recipe, classes, &weights.source_name()),
        };
        Ok(Self { recipe: recipe.clone(), class_names, kind })
    }

    fn of_neighbours(session: &mut Session<'_>, asked: &AskedRun, start: &Start) -> Result<Option<Self>, AskedError> {
        let recipe = &asked.recipe;
        asked.check_start()?;
        let (data, change) = asked.training_images()?;
        if let Some(change) = change {
            return Err(AskedError::OtherImages { path: asked.path.clone(), change });
        }
        if !data.is_labelled() {
            return Err(TrainError::Unlabelled { stage: Stage::Knn.section(), data: data.name }.into());
        }
        let device = session.inference_device();
        let encoder = start::encoder(start, recipe, &device, &mut |message| session.say(message))?;
        session.say(Message::Note(computed(&data)));
        let feature = recipe.knn.feature.into();
        let request = FeatureRequest { feature, limit: 0, batch_size: BATCH };
        let train = extract(session, recipe, &encoder, &data.train, request, || !session.stopped())?;
        if session.stopped() {
            return Ok(None);
        }
        let settings = NearestNeighbours { k: recipe.knn.k, temperature: recipe.knn.temperature };
        let kind = TrainedKind::Neighbours { encoder: Box::new(encoder), feature, train, settings };
        Ok(Some(Self { recipe: recipe.clone(), class_names: data.class_names, kind }))
    }

    /// What its classes are called, in the order of their numbers.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// The recipe by which its images are prepared.
    pub(super) fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The `most` most probable classes of each of `images` [N, C, H, W], as evaluation sees them: the first is the one
    /// that the evaluation counts, and the same whatever stands beside the image.
    ///
    /// # Errors
    /// When `images` are none of the recipe's sizes.
    pub(super) fn ranked(
        &self,
        session: &Session<'_>,
        images: &[f32],
        most: usize,
    ) -> Result<Vec<Vec<RankedClass>>, TrainError> {
        let logits = match &self.kind {
            TrainedKind::Finetuned(classifier) => {
                classifier.forward(patches_on(images, &self.recipe, &session.inference_device())?)
            }
            TrainedKind::Probed { encoder, probe, feature } => {
                probe.forward_eval(feature.of(encoder, &self.recipe, images)?)
            }
            TrainedKind::Folded { encoder, head, feature } => {
                head.forward(feature.of(encoder, &self.recipe, images)?)
            }
            TrainedKind::Neighbours { encoder, feature, train, settings } => {
                let values = feature.of(encoder, &self.recipe, images)?.into_data().iter::<f32>().collect();
                let asked = Features { values, labels: Vec::new(), dim: train.dim };
                let mut ranked = Vec::with_capacity(asked.len());
                nearest_neighbours_votes(session, *settings, train, &asked, self.class_names.len(), |_, votes| {
                    ranked.push(ranked_by_votes(votes, most));
                });
                return Ok(ranked);
            }
        };
        let [_, classes] = logits.dims();
        let values: Vec<f32> = logits.into_data().iter::<f32>().collect();
        Ok(values.chunks_exact(classes).map(|logits| ranked_by_logits(logits, most)).collect())
    }
}

/// What takes a while before the first answer, in words.
pub(super) fn computed(data: &Dataset) -> String {
    format!("the features of the {} of {} are computed", count(data.train.len(), "training image"), data.name)
}

/// The names of the classes of weights, called `source`, that do not carry them: those of the recipe's data, where it is
/// there and has as many, else numbers.
fn names_of_data(session: &mut Session<'_>, recipe: &Recipe, classes: usize, source: &str) -> Vec<String> {
    let data = pipeline::open(recipe).ok().filter(|data| data.class_names.len() == classes);
    data.map(|data| data.class_names).unwrap_or_else(|| {
        session.say(Message::Note(format!(
            "{source} does not name its classes, and its images are not at hand: they are called by their numbers, from 0"
        )));
        (0..classes).map(|class| class.to_string()).collect()
    })
}
