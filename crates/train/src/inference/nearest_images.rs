//! The training images that are nearest to others, by the cosine of a run's features.

use std::sync::Arc;

use bmae_data::loader::Share;
use bmae_data::random::{Purpose, keyed};
use bmae_data::{Dataset, Image, Images};
use bmae_nn::weights::Architecture;
use bmae_nn::{Classifier, Encoder, EncoderInit, HeadInit, Pooling, StateDict};
use bmae_recipe::Recipe;
use burn::tensor::Tensor;

use super::AskedError;
use super::asked_run::{AskedModel, AskedRun};
use super::classifier::computed;
use super::given_images::GivenImages;
use super::readable::read;
use super::similar_images::{NearestImage, SimilarImages};
use crate::evaluation::{EncoderFeature, Features, nearest, similarities};
use crate::export::Sees;
use crate::input::evaluation_batches;
use crate::model::fresh_encoder;
use crate::observer::Message;
use crate::pictures::seen_images;
use crate::step_images::patches_on;
use crate::{Session, TrainError, pipeline, start};

/// Training images that the model sees at once.
const BATCH: usize = 256;
/// Images that are asked about at once.
const AT_ONCE: usize = 64;

/// The training images of a run with their features.
pub struct NearestImages {
    recipe: Recipe,
    data: Dataset,
    model: FeatureModel,
    train: Features,
}

/// What computes the features of an image: those by which the run classifies, or else by which its nearest neighbours
/// would vote.
enum FeatureModel {
    Encoder(Box<Encoder>, EncoderFeature),
    Classifier(Box<Classifier>),
}

impl NearestImages {
    /// Computes the features of all training images of `asked`. `None` where the session was stopped meanwhile.
    ///
    /// # Errors
    /// When the images or the weights cannot be read, or do not fit each other; when the weights of nearest neighbours are
    /// no longer those that they measured.
    pub fn of(session: &mut Session<'_>, asked: &AskedRun) -> Result<Option<Self>, AskedError> {
        let model = FeatureModel::of(session, asked)?;
        let (data, change) = asked.training_images()?;
        session.say_of(&data);
        if let Some(change) = change {
            session.say(Message::Note(format!("the training images are not those of the run: {change}")));
        }
        session.say(Message::Note(computed(&data)));
        let recipe = asked.recipe.clone();
        let mut train = Features { values: Vec::new(), labels: Vec::new(), dim: recipe.model.encoder.dim };
        for batch in evaluation_batches(&data.train, &recipe, BATCH, Share::Whole, session.workers())? {
            if session.stopped() {
                return Ok(None);
            }
            let batch = batch.map_err(TrainError::from)?;
            train.values.extend(model.features(session, &recipe, &batch.images)?.into_data().iter::<f32>());
            train.labels.extend(batch.labels);
        }
        Ok(Some(Self { recipe, data, model, train }))
    }

    /// The `most` training images nearest to each of `given`, or all if there are fewer; of equals the first. An image that
    /// cannot be read is told and left out. `None` where the session was stopped.
    ///
    /// # Errors
    /// When an image fits no model of these sizes, which would be a fault of bmae.
    pub fn near(
        &self,
        session: &mut Session<'_>,
        given: &GivenImages,
        most: usize,
    ) -> Result<Option<SimilarImages>, TrainError> {
        let transform = pipeline::evaluation_transform(&self.recipe);
        transform.check()?;
        let mut found = SimilarImages { images: Vec::new(), unreadable: given.unreadable().len() };
        given.unreadable().iter().for_each(|error| session.warn(error.to_string()));
        for begin in (0..given.len()).step_by(AT_ONCE) {
            if session.stopped() {
                return Ok(None);
            }
            let readable = read(given, begin..given.len().min(begin + AT_ONCE), &transform, session.workers());
            found.unreadable += readable.unreadable.len();
            readable.unreadable.iter().for_each(|(_, error)| session.warn(error.to_string()));
            if readable.indices.is_empty() {
                continue;
            }
            let values = self.model.features(session, &self.recipe, &readable.values)?;
            let values = values.into_data().iter::<f32>().collect();
            let asked = Features { values, labels: Vec::new(), dim: self.train.dim };
            similarities(session, &self.train, &asked, |row, similarities| {
                let mut near: Vec<NearestImage> = nearest(similarities, most)
                    .into_iter()
                    .map(|index| NearestImage { index, similarity: similarities[index] })
                    .collect();
                near.sort_by(|a, b| b.similarity.total_cmp(&a.similarity).then(a.index.cmp(&b.index)));
                found.images.push((readable.indices[row], near));
            });
        }
        Ok(Some(found))
    }

    /// The training images.
    pub fn data(&self) -> &Dataset {
        &self.data
    }

    /// Those of `images` whose numbers are `indices` as the model sees them.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn pictures(&self, images: &Arc<dyn Images>, indices: &[usize]) -> Result<Vec<Image>, TrainError> {
        seen_images(&self.recipe, images, indices)
    }
}

impl FeatureModel {
    fn of(session: &mut Session<'_>, asked: &AskedRun) -> Result<Self, AskedError> {
        let (recipe, device) = (&asked.recipe, session.inference_device());
        let weights: &StateDict = match &asked.model {
            AskedModel::Neighbours(start) => {
                asked.check_start()?;
                let encoder = start::encoder(start, recipe, &device, &mut |message| session.say(message))?;
                return Ok(Self::Encoder(Box::new(encoder), recipe.knn.feature.into()));
            }
            AskedModel::Weights(weights) => weights,
        };
        let shapes = Architecture::of(weights);
        let encoder = fresh_encoder(recipe, EncoderInit::Mae, &device)?;
        let feature = match (shapes.classes, Sees::of(weights, recipe)) {
            (Some(classes), Sees::NormalisedMean) => {
                let mut generator = keyed(recipe.seed, 0, 0, Purpose::HeadInitialisation);
                let empty = Classifier::init(encoder, classes, Pooling::Mean, HeadInit::PROBE, &mut generator);
                let (classifier, report) = weights.load_into(empty)?;
                report.require(|_| false, |_| true)?;
                return Ok(Self::Classifier(Box::new(classifier)));
            }
            (Some(_), Sees::ClassToken) => EncoderFeature::ClassToken,
            (Some(_), Sees::MeanOfNormalised) => EncoderFeature::Mean,
            (None, _) => recipe.knn.feature.into(),
        };
        let encoder = start::fill(encoder, weights, true, &mut |_| {})?;
        Ok(Self::Encoder(Box::new(encoder), feature))
    }

    /// The features [N, D] of `images` [N, C, H, W] as evaluation sees them.
    fn features(&self, session: &Session<'_>, recipe: &Recipe, images: &[f32]) -> Result<Tensor<2>, TrainError> {
        match self {
            Self::Encoder(encoder, feature) => feature.of(encoder, recipe, images),
            Self::Classifier(classifier) => {
                Ok(classifier.features(patches_on(images, recipe, &session.inference_device())?))
            }
        }
    }
}
