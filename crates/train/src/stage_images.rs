//! Which of the training images a stage learns from, which of them are held out to choose an epoch by, and how the former
//! fill batches.

use std::sync::Arc;

use bmae_data::random::Purpose;
use bmae_data::stratified::{Parts, fraction_of_each_class, hold_out};
use bmae_data::{Dataset, Images, Subset};
use bmae_output::count::count;
use bmae_recipe::{LabelledRecipe, Recipe, Stage, StageRecipe, TrainedStage};

use crate::TrainError;

/// The training images as a stage takes them.
pub(crate) struct StageImages {
    /// What it learns from.
    pub train: Arc<dyn Images>,
    /// What its epochs are chosen by; nothing is learned from it.
    pub held_out: Option<Arc<dyn Images>>,
    /// Its recipe, with batches that its images fill.
    pub recipe: Recipe,
    /// Whole batches in an epoch, at least one.
    pub steps: usize,
    /// How large the recipe wants batches that its images do not fill.
    unfilled: Option<usize>,
}

impl StageImages {
    /// Those of the training images of `dataset` that `stage` of `recipe` takes: all of them, but for an evaluation whose
    /// recipe limits its labels or holds images out. Where so few are left that they fill no batch, they make one.
    ///
    /// # Errors
    /// When an epoch has no batch, or no class has an image to be held out.
    pub fn of(dataset: &Dataset, recipe: &Recipe, stage: TrainedStage) -> Result<Self, TrainError> {
        let section = Stage::from(stage).section();
        let (mut train, mut held_out, mut recipe) = (dataset.train.clone(), None, recipe.clone());
        let asked = recipe.stage(stage).batch_size;
        if let Some(labels) = recipe.labels(stage.into()).filter(|labels| are_limited(labels)).cloned() {
            let chosen = labelled(train, labels.label_fraction, recipe.seed);
            (train, held_out) = split(&chosen, labels.validation_fraction, recipe.seed);
            if labels.validation_fraction > 0.0 && held_out.is_none() {
                let (data, images, fraction) = (dataset.name.clone(), chosen.len(), labels.validation_fraction);
                return Err(TrainError::NothingHeldOut { data, images, fraction, section });
            }
            recipe = with_filled_batches(recipe, stage, train.len());
        }
        let batch = recipe.stage(stage).batch_size;
        let images = images_per_epoch(train.len(), recipe.stage(stage));
        match images / batch {
            0 => {
                let key = format!("{section}.batch_size");
                Err(TrainError::FewerThanOneBatch { data: dataset.name.clone(), images, batch, key })
            }
            steps => Ok(Self { train, held_out, recipe, steps, unfilled: (batch < asked).then_some(asked) }),
        }
    }

    /// What a user should know of the images of `stage`, a sentence; `None` where they are all of them.
    pub fn told(&self, stage: TrainedStage) -> Option<String> {
        let labels = self.recipe.labels(stage.into()).filter(|labels| are_limited(labels))?;
        let percent = 100.0 * labels.label_fraction;
        let of_labels =
            if labels.label_fraction < 1.0 { format!("{percent} % of the labels: ") } else { String::new() };
        let trained = format!("{of_labels}it learns from {}", count(self.train.len(), "image"));
        let held_out = self.held_out.as_ref().map(|images| {
            format!("; {} are held out, and the epoch that is best on them is tested", count(images.len(), "image"))
        });
        let batch = self.recipe.stage(stage).batch_size;
        let unfilled = self.unfilled.map(|asked| {
            format!("; a batch has {batch} images for want of {asked}, and the learning rate is that of such a batch")
        });
        Some(trained + &held_out.unwrap_or_default() + &unfilled.unwrap_or_default())
    }
}

/// How many of `images` training images an epoch of a stage with these `settings` sees.
pub(crate) fn images_per_epoch(images: usize, settings: &StageRecipe) -> usize {
    // To the nearest, since 0.29 of 100 is a little less than 29 in floating point.
    (images as f64 * settings.epoch_fraction).round() as usize
}

/// How many of `images` each of `classes` classes has; a label beyond them counts for none.
pub(crate) fn class_sizes(images: &dyn Images, classes: usize) -> Vec<usize> {
    let mut sizes = vec![0; classes];
    for label in (0..images.len()).filter_map(|index| images.label(index)) {
        if let Some(size) = sizes.get_mut(label) {
            *size += 1;
        }
    }
    sizes
}

fn are_limited(labels: &LabelledRecipe) -> bool {
    labels.label_fraction < 1.0 || labels.validation_fraction > 0.0
}

/// The images whose labels are used.
fn labelled(images: Arc<dyn Images>, fraction: f64, seed: u64) -> Arc<dyn Images> {
    if fraction >= 1.0 {
        return images;
    }
    let chosen = fraction_of_each_class(images.as_ref(), fraction, seed);
    Arc::new(Subset::new(images, chosen))
}

/// What is left of `images`, and what is held out of them.
fn split(images: &Arc<dyn Images>, fraction: f64, seed: u64) -> (Arc<dyn Images>, Option<Arc<dyn Images>>) {
    let Parts { held_out, rest } = hold_out(images.as_ref(), fraction, seed, Purpose::ValidationSplit);
    if held_out.is_empty() {
        return (images.clone(), None);
    }
    let subset = |chosen| -> Arc<dyn Images> { Arc::new(Subset::new(images.clone(), chosen)) };
    (subset(rest), Some(subset(held_out)))
}

/// `recipe` with batches that an epoch of `images` images fills: where it fills none, one of all of them, in micro-batches
/// of at most the size that it asks for.
fn with_filled_batches(recipe: Recipe, stage: TrainedStage, images: usize) -> Recipe {
    let &StageRecipe { batch_size, accumulate, .. } = recipe.stage(stage);
    let images = images_per_epoch(images, recipe.stage(stage));
    if images == 0 || images >= batch_size {
        return recipe;
    }
    let parts = images.div_ceil((batch_size / accumulate).max(1));
    recipe.with_batches(stage, images - images % parts, parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline;

    const DATA: &str = "data.source = 'shapes'\ndata.image_size = 16\ndata.shapes_train = 200\ndata.shapes_test = 40\n";

    fn of(keys: &str, stage: TrainedStage) -> Result<StageImages, TrainError> {
        let recipe = Recipe::from_toml(&format!("{DATA}{keys}")).expect("a recipe");
        StageImages::of(&pipeline::open(&recipe).expect("shapes"), &recipe, stage)
    }

    fn names(images: &Arc<dyn Images>) -> Vec<String> {
        (0..images.len()).map(|index| images.name(index)).collect()
    }

    #[test]
    fn both_evaluations_draw_the_same_labels_and_pre_training_sees_all_images() {
        let keys = |fraction: f64| {
            format!(
                "pretrain.batch_size = 8\nfinetune = {{ batch_size = 8, label_fraction = {fraction} }}\n\
                 linprobe = {{ batch_size = 4, label_fraction = {fraction} }}"
            )
        };
        let of = |fraction, stage| of(&keys(fraction), stage).expect("images");
        let (finetune, linprobe) = (of(0.1, TrainedStage::Finetune), of(0.1, TrainedStage::Linprobe));
        assert_eq!((finetune.train.len(), finetune.steps, linprobe.steps), (20, 2, 5));
        assert_eq!(class_sizes(finetune.train.as_ref(), 10), [2; 10]);
        assert_eq!(names(&finetune.train), names(&linprobe.train));
        let more = names(&of(0.2, TrainedStage::Finetune).train);
        assert!(names(&finetune.train).iter().all(|name| more.contains(name)) && more.len() == 40);
        assert_eq!(of(0.1, TrainedStage::Pretrain).train.len(), 200);
    }

    #[test]
    fn what_is_held_out_is_learned_from_by_nobody_and_has_every_class() {
        let keys = "finetune = { batch_size = 8, label_fraction = 0.5, validation_fraction = 0.2 }";
        let images = of(keys, TrainedStage::Finetune).expect("images");
        let held_out = images.held_out.expect("held out");
        assert_eq!((images.train.len(), held_out.len()), (80, 20));
        assert_eq!(class_sizes(held_out.as_ref(), 10), [2; 10]);
        assert!(names(&held_out).iter().all(|name| !names(&images.train).contains(name)));
    }

    #[test]
    fn fewer_labels_than_a_batch_make_one_in_micro_batches_that_are_no_larger() {
        let filled = |batch_size: usize, accumulate: usize| {
            let settings = format!("batch_size = {batch_size}, accumulate = {accumulate}, label_fraction = 0.25");
            let images = of(&format!("finetune = {{ {settings} }}"), TrainedStage::Finetune).expect("images");
            let settings = images.recipe.finetune.stage.clone();
            assert!(settings.batch_size / settings.accumulate <= batch_size / accumulate);
            assert_eq!(images.told(TrainedStage::Finetune).expect("told").contains("for want of"), batch_size > 50);
            (settings.batch_size, settings.accumulate, images.steps)
        };
        assert_eq!(filled(16, 1), (16, 1, 3));
        assert_eq!(filled(50, 5), (50, 5, 1));
        assert_eq!(filled(512, 1), (50, 1, 1));
        assert_eq!(filled(512, 64), (49, 7, 1), "7 batches of at most 8");
        let refused = of("finetune.batch_size = 512", TrainedStage::Finetune).err().expect("all labels fill no batch");
        assert!(matches!(refused, TrainError::FewerThanOneBatch { images: 200, batch: 512, .. }), "{refused}");
    }

    #[test]
    fn classes_of_one_image_leave_nothing_to_hold_out() {
        let keys = "linprobe = { label_fraction = 0.01, validation_fraction = 0.5 }";
        let refused = of(keys, TrainedStage::Linprobe).err().expect("one image of each class").to_string();
        assert!(
            refused.contains("10 training images") && refused.contains("linprobe.validation_fraction"),
            "{refused}"
        );
    }
}
