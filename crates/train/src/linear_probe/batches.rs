//! Where the features of a probe's batches come from: computed once, or anew for every augmented image.

use std::sync::Arc;

use bmae_data::Images;
use bmae_data::loader::Loader;
use bmae_data::random::permutation;
use bmae_nn::Encoder;
use bmae_recipe::{Recipe, StageRecipe, TrainedStage};
use burn::tensor::{Tensor, TensorData};

use crate::evaluation::{EncoderFeature, FeatureRequest, Features, extract};
use crate::input::training_batches;
use crate::run_directory::Position;
use crate::stage_images::images_per_epoch;
use crate::{Session, TrainError};

/// The training features of a probe.
pub(super) enum TrainingFeatures {
    /// Without augmentation they never change.
    Fixed(Features),
    /// The encoder sees every augmented image.
    Augmented(Arc<dyn Images>),
}

impl TrainingFeatures {
    pub fn new(
        session: &Session<'_>,
        recipe: &Recipe,
        encoder: &Encoder,
        images: &Arc<dyn Images>,
    ) -> Result<Self, TrainError> {
        if !recipe.probes_fixed_features() {
            return Ok(Self::Augmented(images.clone()));
        }
        fixed(session, recipe, encoder, images).map(Self::Fixed)
    }

    /// The batches that are left of the epoch at `position`, in its shuffled order, the last partial one dropped.
    pub fn epoch<'a>(
        &'a self,
        session: &Session<'_>,
        recipe: &'a Recipe,
        position: Position,
    ) -> Result<EpochBatches<'a>, TrainError> {
        Ok(match self {
            Self::Fixed(features) => {
                let mut order = permutation(recipe.seed, position.epochs_done as u64, features.len());
                order.truncate(images_per_epoch(features.len(), &recipe.linprobe.stage));
                EpochBatches::Fixed { features, order }
            }
            Self::Augmented(images) => {
                let stage = TrainedStage::Linprobe;
                let ranks = session.ranks();
                let batches = training_batches(images, recipe, stage, position, ranks, session.workers())?;
                EpochBatches::Augmented { batches }
            }
        })
    }
}

/// The features of all `images`, without augmentation; short when the session is stopped meanwhile.
pub(super) fn fixed(
    session: &Session<'_>,
    recipe: &Recipe,
    encoder: &Encoder,
    images: &Arc<dyn Images>,
) -> Result<Features, TrainError> {
    let settings = &recipe.linprobe;
    let request = FeatureRequest { feature: settings.feature.into(), limit: 0, batch_size: settings.stage.batch_size };
    extract(session, recipe, encoder, images, request, || !session.stopped())
}

/// The batches of one epoch.
pub(super) enum EpochBatches<'a> {
    Fixed { features: &'a Features, order: Vec<usize> },
    Augmented { batches: Loader },
}

impl EpochBatches<'_> {
    /// Features [N, D] on the device without autodiff, and labels `[N]`, of the batch number `step`; batches are asked
    /// for in order. `None` after the last.
    pub fn next(
        &mut self,
        session: &Session<'_>,
        recipe: &Recipe,
        encoder: &Encoder,
        step: usize,
    ) -> Option<Result<(Tensor<2>, Vec<i64>), TrainError>> {
        let StageRecipe { batch_size, accumulate, .. } = recipe.linprobe.stage;
        match self {
            Self::Fixed { features, order } => {
                let batch = order.get(step * batch_size..(step + 1) * batch_size)?;
                let own = session.ranks().share_of_each_batch(accumulate).places(batch_size);
                let rows: Vec<usize> = own.into_iter().map(|place| batch[place]).collect();
                let dim = features.dim;
                let values: Vec<f32> =
                    rows.iter().flat_map(|&row| &features.values[row * dim..(row + 1) * dim]).copied().collect();
                let labels = rows.iter().map(|&row| features.labels[row]).collect();
                let data = TensorData::new(values, [rows.len(), dim]);
                Some(Ok((Tensor::from_data(data, &session.inference_device()), labels)))
            }
            Self::Augmented { batches } => Some(batches.next()?.map_err(TrainError::from).and_then(|batch| {
                let feature = EncoderFeature::from(recipe.linprobe.feature);
                Ok((feature.of(encoder, recipe, &batch.images)?, batch.labels))
            })),
        }
    }
}
