//! The input pipeline that a recipe describes, in the terms of the data crate: source, transforms, mixing.

use bmae_data::mixing::Mixing;
use bmae_data::preview::Shown;
use bmae_data::transforms::{self, RandAugment, Transform};
use bmae_data::{ChannelError, CifarError, DataError, Dataset, Images, PerChannel, Selection, Source, Undecoded};
use bmae_recipe::plan::PlannedStage;
use bmae_recipe::{
    Augmentation, Channels, DataRecipe, DataSource, FinetuneRecipe, Place, Recipe, Stage, StageRecipe, TrainedStage,
    Unreadable,
};

use crate::TrainError;
use crate::readable::{is_known, readable};

/// The data set of a recipe, within its limits, without the images that cannot be decoded where the recipe says so.
///
/// # Errors
/// When it cannot be read.
pub fn open(recipe: &Recipe) -> Result<Dataset, TrainError> {
    let (source, selection) = (source(&recipe.data), selection(&recipe.data));
    let dataset = opened(recipe, &selection)?;
    check_bands(recipe.monitor.bands, dataset.channels)?;
    Ok(match recipe.data.unreadable {
        Unreadable::Stop => dataset,
        Unreadable::Skip => readable(dataset, &source, &selection)?,
    })
}

/// The data set of a recipe, within its limits, with every image that its names promise, of kinds that are not decoded, too.
///
/// # Errors
/// When it cannot be read.
pub fn open_as_it_is(recipe: &Recipe) -> Result<Dataset, TrainError> {
    opened(recipe, &Selection { undecoded: Undecoded::Listed, ..selection(&recipe.data) })
}

/// Whether [`open`] will decode all images first.
pub(crate) fn decodes_all(data: &DataRecipe) -> bool {
    data.unreadable == Unreadable::Skip && !is_known(&source(data), &selection(data))
}

fn opened(recipe: &Recipe, selection: &Selection) -> Result<Dataset, TrainError> {
    let source = source(&recipe.data);
    let opened = match selection.channels {
        Some(wanted) if is_of_other_images(recipe) => {
            bmae_data::open(&source, &Selection { channels: None, ..*selection }).and_then(|data| match data.channels {
                found if found == wanted => Ok(data),
                found => Err(ChannelError::OfSet { name: data.name, found, about: "", wanted }.into()),
            })
        }
        _ => bmae_data::open(&source, selection),
    };
    opened.map_err(|error| {
        let key = if recipe.data.source.root().is_some() { "data.root" } else { "data.source" };
        let is_missing = matches!(error, DataError::NotFound { .. } | DataError::Cifar(CifarError::NotFound { .. }));
        let error = TrainError::from(error);
        if is_missing { error.of_key(key, recipe) } else { error }
    })
}

fn selection(data: &DataRecipe) -> Selection {
    Selection {
        train_limit: data.train_limit,
        test_limit: data.test_limit,
        test_fraction: data.test_fraction,
        split_seed: data.split_seed,
        channels: data.known_channels(),
        undecoded: match data.unreadable {
            Unreadable::Stop => Undecoded::Refused,
            Unreadable::Skip => Undecoded::Listed,
        },
    }
}

/// `planned` with the number of channels that its images have, where its recipe leaves it to them.
///
/// # Errors
/// When they cannot be read.
pub(crate) fn with_channels(planned: &PlannedStage) -> Result<PlannedStage, TrainError> {
    let mut planned = planned.clone();
    if planned.recipe.data.known_channels().is_none() {
        planned.recipe.data.channels = Channels::Count(open(&planned.recipe)?.channels);
    }
    Ok(planned)
}

/// Whether the number of channels comes from a run, and the images do not: nobody asked for theirs to be made so many.
fn is_of_other_images(recipe: &Recipe) -> bool {
    let place = |key| recipe.place_of(key);
    let channels = place("data.channels").or(place("data.mean"));
    matches!(channels, Some(Place::Run(_))) && matches!(place("data.source"), Some(Place::Given(_)))
}

fn source(data: &DataRecipe) -> Source {
    match &data.source {
        DataSource::Shapes => Source::Shapes {
            seed: data.shapes_seed,
            train: data.shapes_train,
            test: data.shapes_test,
            size: data.image_size,
        },
        DataSource::Cifar10 { root } => Source::Cifar10(root.clone()),
        DataSource::Cifar100 { root } => Source::Cifar100(root.clone()),
        DataSource::Path(path) => Source::Path(path.clone()),
    }
}

/// What test images go through, and training images whose features are computed once.
pub fn evaluation_transform(recipe: &Recipe) -> Transform {
    transform(&recipe.data, transforms::Augmentation::None)
}

/// What the training images of `stage` go through; the nearest neighbours see them as evaluation does.
pub fn training_transform(recipe: &Recipe, stage: Stage) -> Transform {
    let Some(trained) = stage.trained() else { return evaluation_transform(recipe) };
    let augmented = transform(&recipe.data, augmentation(recipe.stage(trained)));
    match trained {
        TrainedStage::Finetune => Transform {
            randaugment: recipe.finetune.randaugment.then_some(RandAugment::M9_MSTD05_INC1),
            random_erasing: recipe.finetune.random_erasing,
            ..augmented
        },
        TrainedStage::Pretrain | TrainedStage::Linprobe => augmented,
    }
}

/// A transform of crop, flip and normalisation alone.
fn transform(data: &DataRecipe, augmentation: transforms::Augmentation) -> Transform {
    let (mean, std) = per_channel(data);
    Transform { augmentation, randaugment: None, image_size: data.image_size, mean, std, random_erasing: 0.0 }
}

/// Mean and deviation of each channel.
fn per_channel(data: &DataRecipe) -> (PerChannel, PerChannel) {
    let (mean, std) = data.normalisation();
    // The recipe was checked: there are 1 to 32 channels.
    let each = |numbers: &[f32], usual: f32| PerChannel::try_from(numbers).unwrap_or(PerChannel::rgb([usual; 3]));
    (each(&mean, 0.5), each(&std, 0.25))
}

/// The first three bands may be missing: pictures are grey then.
fn check_bands(bands: [usize; 3], channels: usize) -> Result<(), DataError> {
    match bands.into_iter().find(|band| *band >= channels) {
        Some(band) if bands != [0, 1, 2] => Err(ChannelError::NoSuchBand { band, channels }.into()),
        _ => Ok(()),
    }
}

/// How pictures show `images`, as far as their first one tells.
///
/// # Errors
/// When it cannot be read.
pub fn shown(recipe: &Recipe, images: &dyn Images) -> Result<Shown, DataError> {
    Ok(Shown::of(recipe.monitor.bands, images.layout(0)?.depth))
}

fn augmentation(settings: &StageRecipe) -> transforms::Augmentation {
    let scale = (settings.crop_scale[0], settings.crop_scale[1]);
    match settings.augmentation {
        Augmentation::RandomResizedCrop => transforms::Augmentation::RandomResizedCrop { scale },
        Augmentation::ByolCrop => transforms::Augmentation::ByolCrop { scale },
        Augmentation::None => transforms::Augmentation::None,
    }
}

/// How the images of a fine-tuning batch are mixed.
pub fn mixing(settings: &FinetuneRecipe) -> Mixing {
    Mixing {
        mixup: settings.mixup,
        cutmix: settings.cutmix,
        probability: settings.mixup_probability,
        switch_probability: settings.mixup_switch_probability,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_that_images_do_not_have_are_refused_and_the_usual_ones_may_be_missing() {
        assert!(check_bands([0, 1, 2], 1).is_ok() && check_bands([4, 0, 1], 5).is_ok());
        let refused = check_bands([0, 7, 1], 5).expect_err("there are five").to_string();
        assert!(refused.contains("band 7") && refused.contains("5 channels"), "{refused}");
    }
}
