//! When a recipe and its images are probably not meant like that.

use bmae_architecture::{ImageSize, PatchSize};
use bmae_recipe::{Recipe, Stage};

use crate::estimate::Caution;
use crate::speed::Sample;
use crate::stage_images::images_per_epoch;

/// How far the recipe's mean may be from that of the images, in deviations of these, and by which factor the deviations
/// may differ (`docs/decisions.md`, "Before it starts").
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

/// What there is to say of `stage` of `recipe` on the images of `sample`, of which it trains on `train`.
pub(super) fn cautions(recipe: &Recipe, stage: Stage, sample: &Sample, train: usize) -> Vec<Caution> {
    let about_images = [normalisation(recipe, sample), size(recipe, sample.shorter_side)];
    about_images.into_iter().chain(about_steps(recipe, stage, train)).flatten().collect()
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
    let (means, deviations) = (recipe.data.mean.each()?, recipe.data.std.each()?);
    let is_far = (0..sample.mean.len().min(means.len()).min(deviations.len())).any(|channel| {
        let [mean, std] = [means, deviations].map(|values| f64::from(values[channel]));
        let (shift, scale) = ((sample.mean[channel] - mean) / sample.std[channel], sample.std[channel] / std);
        shift.abs() > FAR || !(1.0 / FACTOR..=FACTOR).contains(&scale)
    });
    // Of images of one colour no deviation can be given.
    let is_usable = sample.std.iter().zip(&sample.mean).all(|(std, mean)| *std > 1e-3 * mean.abs().clamp(1e-9, 1.0));
    (is_far && is_usable).then(|| Caution::Normalisation {
        data: sample.name.clone(),
        looked_at: sample.looked_at,
        mean: sample.mean.clone(),
        std: sample.std.clone(),
    })
}

fn size(recipe: &Recipe, shorter_side: usize) -> Option<Caution> {
    let (image_size, patch_size) = (recipe.data.image_size, recipe.model.patch_size);
    let side = image_size.shorter_side();
    let times = LARGE_ENOUGH.div_ceil(side).min(shorter_side / side);
    if side < LARGE_ENOUGH && times >= TIMES {
        let ImageSize { height, width } = image_size;
        let size = ImageSize { height: times * height, width: times * width };
        let PatchSize { height, width } = patch_size;
        let patch = PatchSize { height: times * height, width: times * width };
        return Some(Caution::Shrunk { shorter_side, image_size, fitting: (size, patch) });
    }
    (shorter_side > 0 && side >= TIMES * shorter_side).then_some(Caution::Enlarged { shorter_side, image_size })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEAN: [f64; 3] = [0.49, 0.48, 0.45];
    const STD: [f64; 3] = [0.25, 0.24, 0.26];

    fn of(keys: &str, stage: Stage, sample: &Sample) -> Vec<String> {
        let base = "data.image_size = 32\nmodel.patch_size = 4\npretrain = { epochs = 10, batch_size = 64 }\n";
        let recipe = match keys {
            "" => Recipe::from_toml(base),
            keys => Recipe::from_toml(keys),
        };
        cautions(&recipe.expect("a recipe"), stage, sample, sample.train).iter().map(ToString::to_string).collect()
    }

    fn photos(train: usize, shorter_side: usize) -> Sample {
        Sample::for_tests(train, 20, shorter_side, MEAN, STD)
    }

    #[test]
    fn a_training_that_is_too_short_says_how_many_epochs_would_do() {
        let few = of("", Stage::Pretrain, &photos(700, 32));
        assert_eq!(few.len(), 1, "{few:?}");
        assert!(few[0].starts_with("pre-training of 100 steps in 10 epochs is too short to learn from: "), "{few:?}");
        assert!(few[0].contains("50 epochs of these images would be 500 steps"), "{few:?}");
        assert_eq!(of("", Stage::Pretrain, &photos(3200, 32)), [""; 0]);
        assert_eq!(of("", Stage::Knn, &photos(10, 32)), [""; 0]);
    }

    #[test]
    fn presets_on_the_images_that_they_are_for_are_long_enough() {
        for preset in ["quick", "mini"] {
            let text = std::fs::read_to_string(format!("{}/../../configs/{preset}.toml", env!("CARGO_MANIFEST_DIR")));
            let text = text.expect("a preset");
            let images = if preset == "quick" { 4000 } else { 50_000 };
            for stage in Stage::ALL {
                assert_eq!(of(&text, stage, &photos(images, 32)), [""; 0], "{preset}, {stage:?}");
            }
        }
    }

    #[test]
    fn mean_and_deviation_are_far_beyond_half_a_deviation_or_a_factor_of_two() {
        let says = |mean: f64, std: f64| {
            let sample = Sample::for_tests(5000, 20, 32, [mean, 0.48, 0.45], [0.2, std, 0.26]);
            let given = "data.mean = [0.4914, 0.4822, 0.4465]\ndata.std = [0.2023, 0.1994, 0.2010]";
            !of(given, Stage::Pretrain, &sample).is_empty()
        };
        assert!(!says(0.40, 0.2) && says(0.38, 0.2) && !says(0.58, 0.2) && says(0.60, 0.2));
        assert!(!says(0.49, 0.39) && says(0.49, 0.41) && !says(0.49, 0.11) && says(0.49, 0.09));
        assert!(!says(0.1, 0.0), "images of one colour have no deviation to go by");
    }

    #[test]
    fn photographs_that_are_shrunk_get_a_size_with_as_many_patches() {
        let says = |side: usize, keys: &str| of(keys, Stage::Knn, &photos(5000, side)).concat();
        assert!(says(600, "").contains("`data.image_size` = 64 with `model.patch_size` = 8"), "{}", says(600, ""));
        assert_eq!([says(63, ""), says(32, ""), says(20, "")], [""; 3]);
        let large = "data.image_size = 64\nmodel.patch_size = 8";
        assert_eq!(says(3000, large), "", "it is large enough");
        assert!(says(32, large).contains("images of 32 pixels are enlarged to 64"), "{}", says(32, large));
    }

    #[test]
    fn a_batch_that_leaves_out_many_images_is_too_large_and_one_that_leaves_out_a_few_is_not() {
        let says = |images: usize| {
            let keys = "data.image_size = 32\npretrain = { epochs = 600, batch_size = 512 }";
            of(keys, Stage::Pretrain, &photos(images, 32)).concat()
        };
        assert!(says(800).contains("leaves out 288 of 800 images in every epoch"), "{}", says(800));
        assert_eq!([says(600), says(1024)], [""; 2]);
    }
}
