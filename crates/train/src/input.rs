//! From a data set to what a model reads: batches, patches, masking noise.

use std::borrow::Cow;
use std::sync::Arc;

use bmae_data::loader::{self, LastBatch, Loader, LoaderConfig, Order, Share};
use bmae_data::random::{Purpose, keyed};
use bmae_data::{DataError, Dataset, Images};
use bmae_kernels::profile::{self, Operation};
use bmae_nn::patchify;
use bmae_recipe::{Recipe, Stage, StageRecipe, TrainedStage};
use rand::RngExt;
use rayon::prelude::*;

use crate::ranks::Ranks;
use crate::run_directory::Position;
use crate::stage_images::{StageImages, images_per_epoch};
use crate::stage_run::Extent;
use crate::{TrainError, pipeline};

/// The data of an evaluation: labelled, with a test set.
pub(crate) fn open_labelled(recipe: &Recipe, stage: Stage) -> Result<(Dataset, Arc<dyn Images>), TrainError> {
    let dataset = pipeline::open(recipe)?;
    let test = labelled_test(&dataset, stage)?;
    Ok((dataset, test))
}

fn labelled_test(dataset: &Dataset, stage: Stage) -> Result<Arc<dyn Images>, TrainError> {
    let (stage, data) = (stage.section(), || dataset.name.clone());
    if !dataset.is_labelled() {
        return Err(TrainError::Unlabelled { stage, data: data() });
    }
    dataset.test.clone().ok_or_else(|| TrainError::NoTestSet { stage, data: data() })
}

/// Whether `stage` could run on `dataset` as far as the data goes: what it would say of it at its beginning.
pub(crate) fn check(dataset: &Dataset, recipe: &Recipe, stage: Stage) -> Result<(), TrainError> {
    if stage != Stage::Pretrain {
        labelled_test(dataset, stage)?;
    }
    match stage.trained() {
        Some(stage) => StageImages::of(dataset, recipe, stage).map(drop),
        None => Ok(()),
    }
}

/// How much `stage` has to do in epochs of `steps_per_epoch`.
pub(crate) fn extent(recipe: &Recipe, stage: TrainedStage, steps_per_epoch: usize) -> Extent {
    let StageRecipe { epochs, batch_size, .. } = *recipe.stage(stage);
    let features_once = stage == TrainedStage::Linprobe && recipe.probes_fixed_features();
    Extent { epochs, steps_per_epoch, batch_size, features_once }
}

/// The augmented batches that are left of the epoch of `stage` at `position`, in its shuffled order, the last partial one
/// dropped. An epoch of a fraction of the images takes the first of that order, so that each epoch sees others. Of every
/// batch the share of this process, one of `ranks`.
pub(crate) fn training_batches(
    images: &Arc<dyn Images>,
    recipe: &Recipe,
    stage: TrainedStage,
    position: Position,
    ranks: &Ranks,
    workers: usize,
) -> Result<Loader, TrainError> {
    let order = training_order(images.len(), recipe, stage, position, ranks, workers);
    Ok(loader::load(images.clone(), pipeline::training_transform(recipe, stage.into()), order)?)
}

/// Which of `count` images the batches of [`training_batches`] have, and how they are made.
pub(crate) fn training_order(
    count: usize,
    recipe: &Recipe,
    stage: TrainedStage,
    position: Position,
    ranks: &Ranks,
    workers: usize,
) -> LoaderConfig {
    let settings = recipe.stage(stage);
    let batch_size = settings.batch_size;
    LoaderConfig {
        batch_size,
        first: position.steps_done,
        limit: Some(images_per_epoch(count, settings) / batch_size),
        order: Order::Shuffled,
        last_batch: LastBatch::Drop,
        seed: recipe.seed,
        epoch: position.epochs_done as u64,
        share: ranks.share_of_each_batch(settings.accumulate),
        workers,
    }
}

/// All of `images` in their own order, without augmentation, the last partial batch kept; of these batches the `share`.
pub(crate) fn evaluation_batches(
    images: &Arc<dyn Images>,
    recipe: &Recipe,
    batch_size: usize,
    share: Share,
    workers: usize,
) -> Result<Loader, TrainError> {
    let config = LoaderConfig {
        batch_size,
        first: 0,
        limit: None,
        order: Order::Sequential,
        last_batch: LastBatch::Keep,
        seed: recipe.seed,
        epoch: 0,
        share,
        workers,
    };
    Ok(loader::load(images.clone(), pipeline::evaluation_transform(recipe), config)?)
}

/// The first `count` of `images` [N, 3, S, S] as evaluation sees them, flat; all if there are fewer.
///
/// # Errors
/// When one cannot be read.
pub(crate) fn first_images(recipe: &Recipe, images: &Arc<dyn Images>, count: usize) -> Result<Vec<f32>, TrainError> {
    images_at(recipe, images, &(0..count.min(images.len())).collect::<Vec<_>>())
}

/// Those of `images` whose numbers are `indices` (each below their number) [N, 3, S, S], as evaluation sees them, flat.
///
/// # Errors
/// When one cannot be read.
pub(crate) fn images_at(recipe: &Recipe, images: &Arc<dyn Images>, indices: &[usize]) -> Result<Vec<f32>, TrainError> {
    let transform = pipeline::evaluation_transform(recipe);
    let values = recipe.architecture().grid.values_per_image();
    let mut planes = vec![0.0; indices.len() * values];
    for (&index, planes) in indices.iter().zip(planes.chunks_exact_mut(values)) {
        let image = images.image(index)?;
        let named = DataError::of_image(images.name(index));
        transform.apply(&image, recipe.seed, 0, index as u64, planes).map_err(named)?;
    }
    Ok(planes)
}

/// Normalised `images` [N, 3, S, S] as patches [N, L, p*p*3], flat.
pub(crate) fn flat_patches(images: &[f32], recipe: &Recipe) -> Result<Vec<f32>, TrainError> {
    Ok(patchify(images, recipe.architecture().grid)?)
}

/// One number for each patch of each image [N, L], uniform in [0, 1): fresh for every image and epoch, the same
/// whatever batch an image falls into.
pub(crate) fn mask_noise(recipe: &Recipe, epoch: usize, indices: &[usize]) -> Vec<f32> {
    let patches = recipe.architecture().grid.patches();
    noise_of_images(indices, patches, |index, noise| draw_first_mask(recipe, epoch, index, noise))
}

fn draw_first_mask(recipe: &Recipe, epoch: usize, index: usize, noise: &mut [f32]) {
    let mut generator = keyed(recipe.seed, epoch as u64, index as u64, Purpose::Mask);
    noise.fill_with(|| generator.random::<f32>());
}

/// What `draw` writes for each of the images `indices` [N, `length`], over all threads.
fn noise_of_images(indices: &[usize], length: usize, draw: impl Fn(usize, &mut [f32]) + Sync) -> Vec<f32> {
    let mut noise = vec![0.0; indices.len() * length];
    noise.par_chunks_exact_mut(length).zip(indices).for_each(|(noise, &index)| {
        let _timer = profile::time(Operation::Masks);
        draw(index, noise);
    });
    noise
}

/// The noise of all masks of a step, [N, M, L] where an image has M of them ([`Method::masks_per_image`]): its
/// [`mask_noise`] first, the further ones from a stream of their own.
///
/// [`Method::masks_per_image`]: bmae_recipe::Method::masks_per_image
pub(crate) fn step_noise(recipe: &Recipe, epoch: usize, indices: &[usize]) -> Vec<f32> {
    let patches = recipe.architecture().grid.patches();
    noise_of_images(indices, recipe.method.masks_per_image() * patches, |index, noise| {
        let (first, further) = noise.split_at_mut(patches);
        draw_first_mask(recipe, epoch, index, first);
        let mut generator = keyed(recipe.seed, epoch as u64, index as u64, Purpose::FurtherMasks);
        further.fill_with(|| generator.random::<f32>());
    })
}

/// The noise of one mask of each image [N, L], out of `noise` [N, `masks`, L]; `patches` is L.
pub(crate) fn noise_of_mask(noise: &[f32], masks: usize, mask: usize, patches: usize) -> Cow<'_, [f32]> {
    match masks {
        1 => Cow::Borrowed(noise),
        _ => noise.chunks_exact(patches).skip(mask).step_by(masks).flatten().copied().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn small() -> (Recipe, Dataset) {
        let text = "data.source = 'shapes'\ndata.image_size = 16\ndata.shapes_train = 50\ndata.shapes_test = 40";
        let recipe = Recipe::from_toml(&format!("{text}\npretrain.batch_size = 16")).expect("a recipe");
        let data = pipeline::open(&recipe).expect("shapes");
        (recipe, data)
    }

    #[test]
    fn training_drops_the_last_partial_batch_and_evaluation_keeps_it() {
        let (recipe, data) = small();
        let stage = TrainedStage::Pretrain;
        assert_eq!(StageImages::of(&data, &recipe, stage).expect("a batch").steps, 3);
        let sizes = |batches: Loader| batches.map(|batch| batch.expect("a batch").labels.len()).collect::<Vec<_>>();
        assert_eq!(
            sizes(
                training_batches(&data.train, &recipe, stage, Position::default(), &Ranks::default(), 2)
                    .expect("batches")
            ),
            [16; 3]
        );
        let test = data.test.expect("a test set");
        assert_eq!(sizes(evaluation_batches(&test, &recipe, 16, Share::Whole, 2).expect("batches")), [16, 16, 8]);
    }

    #[test]
    fn an_epoch_of_a_fraction_of_the_images_takes_others_each_time() {
        let (recipe, data) = small();
        let (section, keys) = ("[pretrain]\n", "[pretrain]\nepoch_fraction = 0.7\n");
        let text = recipe.to_toml().replace("epoch_fraction = 1.0\n", "").replace(section, keys);
        let recipe = Recipe::from_toml(&text).expect("a recipe");
        let stage = TrainedStage::Pretrain;
        assert_eq!(StageImages::of(&data, &recipe, stage).expect("35 images").steps, 2);
        let of_epoch = |epoch| {
            let batches =
                training_batches(&data.train, &recipe, stage, Position::after_epochs(epoch), &Ranks::default(), 2)
                    .expect("batches");
            batches.flat_map(|batch| batch.expect("a batch").indices).collect::<Vec<usize>>()
        };
        let seen: HashSet<usize> = (0..8).flat_map(of_epoch).collect();
        assert_eq!((of_epoch(0).len(), seen.len()), (32, 50));
    }

    #[test]
    fn evaluation_sees_images_of_the_right_size_as_they_are_normalised_and_in_order() {
        let (recipe, data) = small();
        let test = data.test.expect("a test set");
        let (mean, std) = recipe.data.normalisation();
        let mut seen = Vec::new();
        for batch in evaluation_batches(&test, &recipe, 16, Share::Whole, 2).expect("batches") {
            seen.extend(batch.expect("a batch").images);
        }
        for (index, planes) in seen.chunks_exact(3 * 256).enumerate() {
            let image = test.image(index).expect("an image");
            for (at, pixel) in image.pixels().chunks_exact(3).enumerate() {
                for channel in 0..3 {
                    let expected = (f32::from(pixel[channel]) / 255.0 - mean[channel]) / std[channel];
                    assert!((planes[channel * 256 + at] - expected).abs() < 1e-6, "image {index}, pixel {at}");
                }
            }
        }
        assert_eq!(seen.len(), 40 * 3 * 256);
    }

    #[test]
    fn every_image_and_every_epoch_draws_a_fresh_mask_and_a_batch_changes_nothing() {
        let recipe = Recipe::from_toml("data.image_size = 32\nmodel.patch_size = 8").expect("a recipe");
        let of = |epoch, indices: &[usize]| mask_noise(&recipe, epoch, indices);
        let mut seen = HashSet::new();
        for epoch in 0..5 {
            for noise in of(epoch, &(0..50).collect::<Vec<_>>()).chunks_exact(16) {
                assert!(noise.iter().all(|value| (0.0..1.0).contains(value)));
                seen.insert(noise.iter().map(|value| value.to_bits()).collect::<Vec<_>>());
            }
        }
        assert_eq!(seen.len(), 5 * 50, "no two images or epochs share their noise");
        assert_eq!(of(3, &[7, 9])[16..], of(3, &[9]), "image 9 is masked alike in any batch");
    }

    #[test]
    fn every_further_target_has_noise_of_its_own_and_the_first_that_of_a_shared_mask() {
        let text = "data.image_size = 32\nmodel.patch_size = 8\nmethod.name = 'custom'\nmethod.targets = [{}, {}, {}]";
        let of = |masks: &str, indices: &[usize]| {
            let recipe = Recipe::from_toml(&format!("{text}\nmethod.masks = '{masks}'")).expect("a recipe");
            step_noise(&recipe, 3, indices)
        };
        let (shared, separate) = (of("shared", &[7, 9]), of("separate", &[7, 9]));
        let each = [0, 1, 2].map(|mask| noise_of_mask(&separate, 3, mask, 16).into_owned());
        assert_eq!(each[0], shared);
        let images: HashSet<Vec<u32>> = each
            .iter()
            .flat_map(|noise| noise.chunks_exact(16).map(|noise| noise.iter().map(|value| value.to_bits()).collect()))
            .collect();
        assert_eq!(images.len(), 3 * 2, "no two masks share their noise");
        assert_eq!(separate[3 * 16..], of("separate", &[9]), "image 9 is masked alike in any batch");
    }
}
