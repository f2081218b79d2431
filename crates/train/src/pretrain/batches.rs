//! Where the batches of a pre-training come from: from threads that load and crop images, or from images that are kept on a GPU.

use std::sync::Arc;

use bmae_data::{Images, loader};
use bmae_recipe::{Recipe, TrainedStage};
use burn::tensor::Tensor;

use crate::input::{training_batches, training_order};
use crate::kept_images::{KeptImages, keep};
use crate::observer::Event;
use crate::run_directory::Position;
use crate::step_images::StepImages;
use crate::{Session, TrainError};

const STAGE: TrainedStage = TrainedStage::Pretrain;

/// The images of a batch, and their places in the data set `[N]`.
pub(super) struct Batch {
    images: BatchImages,
    pub indices: Vec<usize>,
}

enum BatchImages {
    Planes(Vec<f32>),
    Patches(Box<Tensor<3>>),
}

impl Batch {
    /// The images.
    pub fn images(&self) -> StepImages<'_> {
        match &self.images {
            BatchImages::Planes(planes) => StepImages::Planes(planes),
            BatchImages::Patches(patches) => StepImages::Patches(patches.clone()),
        }
    }
}

/// All training images.
pub(super) struct BatchSource {
    images: Arc<dyn Images>,
    kept: Option<Box<dyn KeptImages>>,
}

impl BatchSource {
    /// Of `images`, which are kept on the device of `session` where they may be.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn of(images: &Arc<dyn Images>, recipe: &Recipe, session: &mut Session<'_>) -> Result<Self, TrainError> {
        let kept = keep(images.as_ref(), recipe, STAGE, &session.inference_device())?;
        if let Some(kept) = &kept {
            session.tell(Event::Detail(kept.describe()));
        }
        Ok(Self { images: Arc::clone(images), kept })
    }

    /// The batches that are left of the epoch at `position`, of each the share of this process.
    ///
    /// # Errors
    /// When there are none.
    pub fn batches<'a>(
        &'a self,
        recipe: &Recipe,
        position: Position,
        session: &Session<'_>,
    ) -> Result<Box<dyn Iterator<Item = Result<Batch, TrainError>> + 'a>, TrainError> {
        let Some(kept) = &self.kept else {
            let loaded = training_batches(&self.images, recipe, STAGE, position, session.ranks(), session.workers())?;
            return Ok(Box::new(loaded.map(|batch| {
                let batch = batch?;
                Ok(Batch { images: BatchImages::Planes(batch.images), indices: batch.indices })
            })));
        };
        let order = training_order(self.images.len(), recipe, STAGE, position, session.ranks(), session.workers());
        let places = loader::places(self.images.len(), &order)?;
        Ok(Box::new(places.into_iter().map(move |indices| {
            let images = BatchImages::Patches(Box::new(kept.patches(&indices, order.epoch)));
            Ok(Batch { images, indices })
        })))
    }
}
