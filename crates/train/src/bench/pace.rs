//! How long a step takes, from a few steps: cheap enough to be asked before every training.

use std::time::{Duration, Instant};

use bmae_recipe::{Recipe, StageRecipe, TrainedStage};
use burn::tensor::Device;

use super::learner::BenchLearner;
use super::{wait_for, with_epochs_after_the_switch};
use crate::TrainError;

/// Images of the very first step, whose time says how many a timed one may have.
const FIRST_IMAGES: usize = 8;
/// What a timed step should take at the most; a batch that takes longer is timed on a part of its images.
const STEP: Duration = Duration::from_millis(500);
/// How many steps are timed, while they take no longer than [`ALL_STEPS`] together.
const STEPS: usize = 3;
const ALL_STEPS: Duration = Duration::from_secs(1);

/// Whose steps are timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timed {
    /// Whole steps of a stage; of a bootstrapped pre-training after its switch, of a probe through the encoder.
    Stage(TrainedStage),
    /// Steps of a probe's head, on features that are at hand.
    Head,
}

impl Timed {
    /// The stage whose batches are taken.
    pub fn stage(self) -> TrainedStage {
        match self {
            Self::Stage(stage) => stage,
            Self::Head => TrainedStage::Linprobe,
        }
    }
}

/// The time of a step, and what it was taken from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pace {
    /// Seconds of an optimiser step on a whole batch.
    pub seconds: f64,
    /// Steps that were timed; those before them do not count.
    pub steps: usize,
}

impl Pace {
    /// Times a few steps of `timed` under `recipe` on random images, after at least one that does not count: the first
    /// allocates. The learner is thrown away; nothing that trains later is changed by it.
    ///
    /// # Errors
    /// When the recipe cannot be trained.
    pub fn measure(recipe: &Recipe, timed: Timed, device: &Device) -> Result<Self, TrainError> {
        let StageRecipe { batch_size, accumulate, .. } = *recipe.stage(timed.stage());
        let part = (batch_size / accumulate).max(1);
        let recipe = &in_one_part(with_epochs_after_the_switch(recipe));
        let mut learner = BenchLearner::new(recipe, timed.stage(), part.min(FIRST_IMAGES), &device.clone().autodiff())?;
        let mut taken = 0;
        let mut step = |learner: &mut BenchLearner| {
            let start = Instant::now();
            learner.step(taken)?;
            wait_for(device);
            taken += 1;
            Ok::<_, TrainError>(start.elapsed())
        };
        let first = step(&mut learner)?;
        learner.separate_targets()?;
        let images = images_of_a_step(first, part.min(FIRST_IMAGES), part);
        learner.draw(images);
        if timed == Timed::Head {
            learner.keep_features()?;
        }
        // The first with this many images allocates once more; where a few take long, that is nothing beside it.
        if first < ALL_STEPS {
            step(&mut learner)?;
        }
        let times = few(|| step(&mut learner))?;
        Ok(Self { seconds: median(&times) * (part as f64 / images as f64) * accumulate as f64, steps: times.len() })
    }
}

/// The recipe whose batches are one part each.
fn in_one_part(mut recipe: Recipe) -> Recipe {
    for stage in [&mut recipe.pretrain.stage, &mut recipe.finetune.stage, &mut recipe.linprobe.stage] {
        stage.accumulate = 1;
    }
    recipe
}

/// How many images a timed step has, `part` at the most, after a `first` step with `first_images`.
fn images_of_a_step(first: Duration, first_images: usize, part: usize) -> usize {
    let fitting = STEP.as_secs_f64() / first.as_secs_f64().max(f64::MIN_POSITIVE) * first_images as f64;
    (fitting as usize).clamp(first_images, part)
}

/// The times of a few steps: [`STEPS`], or as many as [`ALL_STEPS`] has room for, at least one.
fn few(mut step: impl FnMut() -> Result<Duration, TrainError>) -> Result<Vec<Duration>, TrainError> {
    let mut times = Vec::with_capacity(STEPS);
    while times.len() < STEPS && times.iter().sum::<Duration>() < ALL_STEPS {
        times.push(step()?);
    }
    Ok(times)
}

/// The median of at least one time, in seconds.
fn median(times: &[Duration]) -> f64 {
    let mut times = times.to_vec();
    times.sort();
    times[times.len() / 2].as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_that_takes_long_is_timed_on_a_part_of_its_images() {
        let of = |milliseconds| images_of_a_step(Duration::from_millis(milliseconds), 8, 512);
        assert_eq!([of(1), of(40), of(100), of(60_000)], [512, 100, 40, 8]);
        assert_eq!(images_of_a_step(Duration::ZERO, 3, 3), 3);
    }

    #[test]
    fn three_steps_are_timed_or_fewer_where_they_take_long_and_at_least_one() {
        let timed = |milliseconds: &[u64]| {
            let mut left = milliseconds.iter().map(|&ms| Duration::from_millis(ms));
            few(|| Ok(left.next().expect("no more steps than that"))).expect("steps").len()
        };
        assert_eq!([timed(&[1, 1, 1]), timed(&[600, 600]), timed(&[90_000])], [3, 2, 1]);
    }

    #[test]
    fn one_slow_step_of_three_is_no_pace() {
        assert_eq!(median(&[5, 900, 6].map(Duration::from_millis)), 0.006);
    }
}
