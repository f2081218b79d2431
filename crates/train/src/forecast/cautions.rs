//! When a recipe and its images are probably not meant like that.

use bmae_recipe::{Recipe, Stage};

use crate::estimate::Caution;
use crate::input::images_per_epoch;
use crate::speed::Sample;

/// How far normalised images may be from mean 0 and deviation 1: half a deviation, and a factor of 2
/// (`docs/decisions.md`, "Before it starts").
const FAR: f64 = 0.5;
const FACTOR: f64 = 2.0;
/// What a photograph still shows itself at: nothing is said of images that are shrunk to this side or a larger one.
const LARGE_ENOUGH: usize = 64;
/// An image is shrunk or enlarged by so much before it is worth a word.
const TIMES: usize = 2;
/// Images of an epoch that may be left out because they fill no batch.
const LEFT_OUT: f64 = 0.25;

/// Steps below which nobody has seen a stage learn (`docs/decisions.md`, "Before it starts").
fn enough_steps(stage: Stage) -> usize {
    match stage {
        Stage::Pretrain | Stage::Linprobe => 500,
        Stage::Finetune => 200,
        Stage::Knn => 0,
    }
}

/// What there is to say of `stage` of `recipe` on the images of `sample`.
pub(super) fn cautions(recipe: &Recipe, stage: Stage, sample: &Sample) -> Vec<Caution> {
    let about_images = [normalisation(recipe, sample), size(recipe, sample.shorter_side)];
    about_images.into_iter().chain(about_steps(recipe, stage, sample.train)).flatten().collect()
}

fn about_steps(recipe: &Recipe, stage: Stage, train: usize) -> [Option<Caution>; 2] {
    let Some(settings) = stage.trained().map(|trained| recipe.stage(trained)) else { return [None, None] };
    let (images, batch_size) = (images_per_epoch(train, settings), settings.batch_size);
    let (steps_per_epoch, epochs, enough) = (images / batch_size, settings.epochs, enough_steps(stage));
    let few_steps = epochs.saturating_mul(steps_per_epoch) < enough && steps_per_epoch > 0;
    let left_out = (images % batch_size) as f64 > LEFT_OUT * images as f64 && steps_per_epoch > 0;
    [
        few_steps.then_some(Caution::FewSteps { stage, epochs, steps_per_epoch, enough }),
        left_out.then_some(Caution::LeftOut { stage, images, batch_size }),
    ]
}

fn normalisation(recipe: &Recipe, sample: &Sample) -> Option<Caution> {
    let is_far = (0..3).any(|channel| {
        let [mean, std] = [recipe.data.mean, recipe.data.std].map(|values| f64::from(values[channel]));
        let (shift, scale) = ((sample.mean[channel] - mean) / std, sample.std[channel] / std);
        shift.abs() > FAR || !(1.0 / FACTOR..=FACTOR).contains(&scale)
    });
    // Of images of one colour no deviation can be given.
    let is_usable = sample.std.iter().all(|std| *std > 1e-3);
    (is_far && is_usable).then(|| Caution::Normalisation {
        data: sample.name.clone(),
        looked_at: sample.looked_at,
        mean: sample.mean,
        std: sample.std,
    })
}

fn size(recipe: &Recipe, shorter_side: usize) -> Option<Caution> {
    let (image_size, patch_size) = (recipe.data.image_size, recipe.model.patch_size);
    let times = LARGE_ENOUGH.div_ceil(image_size).min(shorter_side / image_size);
    if image_size < LARGE_ENOUGH && times >= TIMES {
        return Some(Caution::Shrunk { shorter_side, image_size, fitting: (times * image_size, times * patch_size) });
    }
    (shorter_side > 0 && image_size >= TIMES * shorter_side).then_some(Caution::Enlarged { shorter_side, image_size })
}
