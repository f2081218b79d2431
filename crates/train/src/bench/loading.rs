//! How fast the images of a stage are made ready: read, decoded and augmented by all workers, with no model that computes
//! beside them.

use std::time::{Duration, Instant};

use bmae_recipe::{Recipe, TrainedStage};

use super::memory;
use crate::ranks::Ranks;
use crate::run_directory::Position;
use crate::stage_images::StageImages;
use crate::{TrainError, input, settled};

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoadingTime {
    /// Images of a batch.
    pub batch: usize,
    /// Images that were timed.
    pub images: usize,
    /// The time from the last batch that was not timed to the last that was.
    pub time: Duration,
    /// The most memory that the process held meanwhile, in bytes; `None` where the system does not say.
    pub peak_memory: Option<u64>,
}

impl LoadingTime {
    /// Images a second.
    pub fn images_per_s(&self) -> f64 {
        self.images as f64 / self.time.as_secs_f64()
    }
}

/// Times `batches` training batches of `stage`, after `warmup` others, in as many epochs as they take; `workers` threads
/// make them.
///
/// # Errors
/// When there is no such data, an image cannot be read, or the images do not fill one batch.
pub fn loading(
    recipe: &Recipe,
    stage: TrainedStage,
    batches: usize,
    warmup: usize,
    workers: usize,
) -> Result<LoadingTime, TrainError> {
    let (data, settled) = settled::open(recipe, &mut |_| {})?;
    let StageImages { train, recipe, steps: of_epoch, .. } = StageImages::of(&data, &settled, stage)?;
    memory::forget_peak();
    let mut start = Instant::now();
    for epoch in 0..(warmup + batches).div_ceil(of_epoch) {
        let seen = epoch * of_epoch;
        let loader =
            input::training_batches(&train, &recipe, stage, Position::after_epochs(epoch), &Ranks::default(), workers)?;
        for (step, loaded) in (seen..warmup + batches).zip(loader) {
            loaded?;
            if step + 1 == warmup {
                start = Instant::now();
            }
        }
    }
    let batch = recipe.stage(stage).batch_size;
    Ok(LoadingTime { batch, images: batches * batch, time: start.elapsed(), peak_memory: memory::peak() })
}
