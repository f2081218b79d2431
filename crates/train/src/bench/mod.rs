//! How fast a stage trains on this machine, without data: the learners that the loops drive, on random images that lie
//! in memory already (`docs/formats.md`, "bench"). [`loading()`] times the other half, the images without the model.
//!
//! Augmentation is no part of the figure; everything else of a step is: patches, masks, targets, forward and backward
//! pass, gradient norm, optimiser. A bootstrapped method is timed after its switch, all its targets present and
//! different from the student and from each other. A probe looks at fresh images in every step, as with augmentation.

mod agreement;
mod learner;
mod loading;
mod memory;
mod pace;
mod peak;
mod products;
mod work;

use std::time::{Duration, Instant};

use bmae_kernels::product::Bf16Products;
use bmae_kernels::profile;
use bmae_recipe::{Recipe, StageRecipe, TrainedStage};
use burn::tensor::Device;

use crate::TrainError;
use crate::device_scalar;

use learner::BenchLearner;
pub(crate) use learner::CLASSES;
pub use loading::{LoadingTime, loading};
pub(crate) use pace::{Pace, Timed};
pub use peak::ProductPeak;
pub use work::{Part, Work};

/// Images of the batch on which fused and composed operations are compared.
const COMPARED: usize = 8;

/// What is measured, and how often.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Which stage takes steps of its configured `batch_size` and `accumulate`.
    pub stage: TrainedStage,
    /// Steps that are timed, at least 1.
    pub steps: usize,
    /// Steps before them.
    pub warmup: usize,
    /// Whether as many steps again are taken under the stopwatch of [`bmae_kernels::profile`].
    pub profile: bool,
}

/// What was measured.
#[derive(Debug, Clone)]
pub struct StepTimes {
    /// Images of a step.
    pub batch: usize,
    /// The time of each step, ascending.
    pub steps: Vec<Duration>,
    /// What one step computes.
    pub work: Work,
    /// Floating-point operations a second of matrix products alone, on all threads, in the precision of the recipe.
    pub product_peak: ProductPeak,
    /// How products were computed whose factors are rounded to bfloat16; `None` where none are.
    pub bf16_products: Option<Bf16Products>,
    /// The most memory that the process held while it took the steps, in bytes; `None` where the system does not say.
    pub peak_memory: Option<u64>,
    /// How often a step waited for a GPU to tell numbers; `None` on the processor.
    pub device_waits: Option<f64>,
    /// Where the time went, if that was asked for.
    pub profile: Option<Profile>,
}

/// Where the time of some steps went.
#[derive(Debug, Clone)]
pub struct Profile {
    /// How many steps.
    pub steps: usize,
    /// Their time together.
    pub time: Duration,
    /// The time of all threads, by operation.
    pub entries: Vec<profile::Entry>,
}

impl StepTimes {
    /// The median time of a step.
    pub fn median(&self) -> Duration {
        let middle = self.steps.len() / 2;
        match self.steps.len() % 2 {
            1 => self.steps[middle],
            _ => (self.steps[middle - 1] + self.steps[middle]) / 2,
        }
    }

    /// Images a second in steps of this time.
    pub fn images_per_s(&self, step: Duration) -> f64 {
        self.batch as f64 / step.as_secs_f64()
    }

    /// Floating-point operations a second, by the median.
    pub fn flop_per_s(&self) -> f64 {
        self.work.flop() / self.median().as_secs_f64()
    }
}

/// Measures the stage of `recipe`, having made sure that fused and composed operations agree on its loss and gradients.
///
/// # Errors
/// When they do not, or the recipe cannot be trained.
pub fn run(recipe: &Recipe, settings: Settings, device: &Device) -> Result<StepTimes, TrainError> {
    let recipe = &with_epochs_after_the_switch(recipe);
    let StageRecipe { batch_size: batch, accumulate, .. } = *recipe.stage(settings.stage);
    let mut learner = BenchLearner::new(recipe, settings.stage, batch, &device.clone().autodiff())?;
    agreement::check(&mut learner, compared(batch, accumulate), (recipe.precision, settings.stage), device)?;
    memory::forget_peak();

    // The first step of a bootstrapped student ends its epoch, so that its targets differ from it.
    for step in 0..settings.warmup.max(1) {
        learner.step(step)?;
        if step == 0 {
            learner.separate_targets()?;
        }
    }
    let mut steps = Vec::with_capacity(settings.steps);
    let waits = device_scalar::waits();
    for step in 0..settings.steps {
        let start = Instant::now();
        learner.step(settings.warmup + 1 + step)?;
        wait_for(device);
        steps.push(start.elapsed());
    }
    let waits = (device_scalar::waits() - waits) as f64 / settings.steps as f64;
    let device_waits = (*device != Device::flex()).then_some(waits);
    steps.sort();
    let peak_memory = memory::peak();

    let profile = match settings.profile {
        true => Some(profiled(&mut learner, settings)?),
        false => None,
    };
    drop(learner);
    let work = Work::of(recipe, settings.stage, batch, CLASSES);
    let product_peak = ProductPeak::measure(recipe.precision, device);
    let bf16_products = products::bf16_products(recipe.precision, device);
    Ok(StepTimes { batch, steps, work, product_peak, bf16_products, peak_memory, device_waits, profile })
}

fn profiled(learner: &mut BenchLearner, settings: Settings) -> Result<Profile, TrainError> {
    profile::start();
    let start = Instant::now();
    for step in 0..settings.steps {
        learner.step(settings.warmup + 1 + settings.steps + step)?;
    }
    let time = start.elapsed();
    Ok(Profile { steps: settings.steps, time, entries: profile::stop() })
}

/// Waits for what a device still computes; the CPU never does. What failed there fails again where it is read.
fn wait_for(device: &Device) {
    let _ = device.sync();
}

/// Images that are compared: a few for each micro-batch, at least two, which a probe needs for its statistics.
fn compared(batch: usize, accumulate: usize) -> usize {
    (COMPARED / accumulate).max(2).min(batch / accumulate) * accumulate
}

/// The recipe with a pre-training long enough to reach what is measured: an epoch after that in which targets appear.
fn with_epochs_after_the_switch(recipe: &Recipe) -> Recipe {
    let mut recipe = recipe.clone();
    let least = recipe.method.warmup_epochs().unwrap_or(0).saturating_add(2);
    recipe.pretrain.stage.epochs = recipe.pretrain.stage.epochs.max(least);
    recipe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_of_steps_is_the_mean_of_the_middle_two() {
        let of = |milliseconds: &[u64]| StepTimes {
            batch: 64,
            steps: milliseconds.iter().map(|&ms| Duration::from_millis(ms)).collect(),
            work: Work { parts: Vec::new() },
            product_peak: ProductPeak { own: Some(1.0), burn: None },
            bf16_products: None,
            peak_memory: None,
            device_waits: None,
            profile: None,
        };
        assert_eq!(of(&[1, 2, 9]).median(), Duration::from_millis(2));
        assert_eq!(of(&[1, 2, 4, 9]).median(), Duration::from_millis(3));
        let measured = of(&[500]);
        assert_eq!(measured.images_per_s(measured.median()), 128.0);
    }

    #[test]
    fn a_few_images_of_each_micro_batch_are_compared() {
        assert_eq!(
            [(64, 1), (4, 1), (1, 1), (64, 4), (64, 16), (16, 16)].map(|(n, parts)| compared(n, parts)),
            [8, 4, 1, 8, 32, 16]
        );
    }

    #[test]
    fn a_switch_beyond_the_last_epoch_is_brought_within_reach() {
        let recipe = Recipe::from_toml("method = { name = 'mae-k', k = 9 }\npretrain.epochs = 3").expect("a recipe");
        assert_eq!(with_epochs_after_the_switch(&recipe).pretrain.stage.epochs, 11);
        let recipe = Recipe::from_toml("method = { name = 'mae' }\npretrain.epochs = 3").expect("a recipe");
        assert_eq!(with_epochs_after_the_switch(&recipe).pretrain.stage.epochs, 3);
    }
}
