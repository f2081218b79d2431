//! What a recipe leaves to the images, settled once they are opened: the number of channels, mean and standard deviation.
//!
//! The settled recipe is what a run records, so that whatever starts from it sees images as it did.

use std::path::PathBuf;
use std::time::Instant;

use bmae_data::statistics::Statistics;
use bmae_data::transforms::rand_augment;
use bmae_data::{CifarSet, Dataset};
use bmae_output::count::count;
use bmae_output::duration::seconds;
use bmae_recipe::plan::PlannedStage;
use bmae_recipe::{DataRecipe, DataSource, Recipe, Stage};

use crate::observer::Message;
use crate::run_directory::recorded_recipe;
use crate::{Session, TrainError, pipeline};

/// Training images that are measured, at the most, evenly spread: mean and deviation of so many are those of all to three
/// digits.
pub const MEASURED: usize = 10_000;
/// A deviation below this part of the mean, or of 1, is that of a channel that never changes.
const NO_DEVIATION: f64 = 1e-7;

/// The images of `recipe`, and the recipe with everything settled that it leaves to them. What was measured goes to `tell`.
///
/// # Errors
/// When the images cannot be read.
pub fn open(recipe: &Recipe, tell: &mut dyn FnMut(Message)) -> Result<(Dataset, Recipe), TrainError> {
    let dataset = pipeline::open(recipe)?;
    let recipe = settle(recipe, &dataset, tell)?;
    Ok((dataset, recipe))
}

/// `recipe` with everything settled that it leaves to the images, which are `dataset`.
///
/// # Errors
/// When an image that is measured cannot be read.
pub fn settle(recipe: &Recipe, dataset: &Dataset, tell: &mut dyn FnMut(Message)) -> Result<Recipe, TrainError> {
    if recipe.data.is_settled() {
        return Ok(recipe.clone());
    }
    let is_cifar = [CifarSet::Cifar10, CifarSet::Cifar100].iter().any(|set| dataset.name == set.to_string());
    let is_usual = match &recipe.data.source {
        DataSource::Path(_) => is_cifar,
        DataSource::Shapes | DataSource::Cifar10 { .. } | DataSource::Cifar100 { .. } => true,
    };
    let data = recipe.data.settled(dataset.channels, is_usual, || measure(dataset, tell))?;
    Ok(recipe.with_data(data))
}

fn measure(dataset: &Dataset, tell: &mut dyn FnMut(Message)) -> Result<(Vec<f32>, Vec<f32>), TrainError> {
    let began = Instant::now();
    let of = Statistics::of_some(dataset.train.as_ref(), 0, MEASURED)?;
    let numbers = |values: &[f64]| values.iter().map(|value| *value as f32).collect::<Vec<f32>>();
    let deviation = |(&mean, &std): (&f64, &f64)| if std <= NO_DEVIATION * mean.abs().max(1e-12) { 1.0 } else { std };
    let std: Vec<f64> = of.mean.iter().zip(&of.std).map(deviation).collect();
    let of_all = match of.images == dataset.train.len() {
        true => count(of.images, "training image"),
        false => format!("{} of {}, evenly spread", of.images, count(dataset.train.len(), "training image")),
    };
    let list = |values: &[f32]| values.iter().map(|value| format!("{value:.4}")).collect::<Vec<_>>().join(", ");
    let (mean, std) = (numbers(&of.mean), numbers(&std));
    tell(Message::Note(format!(
        "{}: data.mean=[{}] data.std=[{}], measured on {of_all} in {}",
        dataset.name,
        list(&mean),
        list(&std),
        seconds(began.elapsed().as_secs_f64())
    )));
    Ok((mean, std))
}

/// `planned` with its recipe settled.
///
/// # Errors
/// When its images cannot be read.
pub(crate) fn stage(session: &mut Session<'_>, planned: &PlannedStage) -> Result<PlannedStage, TrainError> {
    if planned.recipe.data.is_settled() {
        return Ok(planned.clone());
    }
    if let Some(data) = of_earlier_session(planned) {
        return Ok(PlannedStage { recipe: planned.recipe.with_data(data), ..planned.clone() });
    }
    let (_, recipe) = open(&planned.recipe, &mut |message| session.say(message))?;
    Ok(PlannedStage { recipe, ..planned.clone() })
}

/// What an earlier session of `planned` settled, if there was one: a session goes on with what the first one found, and
/// whether the images are still the same is asked of the images.
fn of_earlier_session(planned: &PlannedStage) -> Option<DataRecipe> {
    let recorded = recorded_recipe(&planned.out).ok()?;
    planned.recipe.data.settled_as(&recorded.data)
}

/// The stages of a plan with their recipes settled: those that start from another stage see images as that one does, and
/// each choice of images is measured once.
///
/// # Errors
/// When images cannot be read.
pub(crate) fn stages(session: &mut Session<'_>, plan: &[PlannedStage]) -> Result<Vec<PlannedStage>, TrainError> {
    let mut seen: Vec<(DataRecipe, DataRecipe)> = Vec::new();
    let mut made: Vec<(PathBuf, DataRecipe)> = Vec::new();
    let mut settled = Vec::with_capacity(plan.len());
    for planned in plan {
        let given = &planned.recipe.data;
        let start = planned.start.path().and_then(|start| made.iter().find(|(out, _)| out == start));
        let known = || seen.iter().find(|(wanted, _)| wanted == given);
        let data = if given.is_settled() {
            given.clone()
        } else if let Some(earlier) = of_earlier_session(planned) {
            earlier
        } else if let Some((_, of_start)) = start {
            given.seen_as(of_start)
        } else if let Some((_, known)) = known() {
            known.clone()
        } else {
            stage(session, planned)?.recipe.data
        };
        seen.push((given.clone(), data.clone()));
        made.push((planned.out.clone(), data.clone()));
        settled.push(PlannedStage { recipe: planned.recipe.with_data(data), ..planned.clone() });
    }
    Ok(settled)
}

/// Says, once, where RandAugment has no colours to work on.
pub(crate) fn say_augmentation(session: &mut Session<'_>, recipe: &Recipe, stage: Stage, dataset: &Dataset) {
    let is_on = stage == Stage::Finetune && recipe.finetune.randaugment;
    if is_on && !rand_augment::has_colours(dataset.channels, dataset.depth) {
        session.say(Message::Note(format!(
            "RandAugment moves and turns these images, and leaves its operations on colours out: they need 3 channels of 8 \
             bits, and these have {} of {}",
            dataset.channels, dataset.depth
        )));
    }
}
