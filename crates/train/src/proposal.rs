//! A recipe for the images at hand, with the steps that this machine takes as the clock of the choices.

use std::path::PathBuf;

use bmae_data::Dataset;
use bmae_data::statistics::Statistics;
use bmae_recipe::proposal::{self, Budget, ImagesAtHand, Proposal};
use bmae_recipe::{DataRecipe, DataSource, Setting};

use crate::TrainError;
use crate::device::Machine;
use crate::speed::{Sample, Stopwatch};

/// Images whose pixels are looked at: mean and deviation of so many are those of all to three digits.
const LOOKED_AT: usize = 2_000;

/// How the recipe names the images.
#[derive(Debug, Clone)]
pub struct Named {
    /// `data.source`.
    pub source: String,
    /// `data.root` where it is not the default.
    pub root: Option<PathBuf>,
}

/// Proposes a recipe for the images of `data`, which are those of `from` and are called `named`, within `budget`;
/// `settings` hold in it. Steps of a few models are timed on `machine`, whose learners are thrown away.
///
/// # Errors
/// When an image cannot be read, `settings` do not fit together, or nothing fits into memory.
pub fn propose(
    data: &Dataset,
    from: &DataRecipe,
    named: Named,
    budget: &Budget,
    settings: &[Setting],
    machine: &Machine,
) -> Result<Proposal, TrainError> {
    let classes = data.class_names.len();
    let statistics = Statistics::of_some(data.train.as_ref(), classes, LOOKED_AT)?;
    let images = ImagesAtHand {
        source: named.source,
        root: named.root,
        train: data.train.len(),
        test: data.test.as_ref().map_or(0, |test| test.len()),
        classes,
        shorter_side: (from.source != DataSource::Shapes).then_some(statistics.shorter_side),
        ratio: statistics.common_ratio,
        looked_at: statistics.images,
        mean: statistics.mean,
        std: statistics.std,
    };
    let sample = Sample::of(data)?;
    let mut stopwatch = Stopwatch::new(machine);
    proposal::propose(images, budget, settings, |recipe, stage| {
        let epochs = stage.trained().map_or(0, |trained| recipe.stage(trained).epochs);
        Ok(stopwatch.speed(recipe, stage, &sample, true)?.seconds(recipe, 0..epochs))
    })
}
