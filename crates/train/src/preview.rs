//! A picture of what a recipe does to images: the very transforms, draws and masks that training uses.

use std::path::Path;

use bmae_data::preview::{Grid, GridRow, Shown};
use bmae_data::transforms::Transform;
use bmae_data::transforms::normalise::Normalisation;
use bmae_data::{DataError, Image};
use bmae_nn::Masking;
use bmae_output::claim::Foreign;
use bmae_output::mark;
use bmae_recipe::{Recipe, Stage};

use crate::input::mask_noise;
use crate::observer::Message;
use crate::pictures::{class_name, masked_view, spread};
use crate::whole_file::write_whole;
use crate::{TrainError, picture_place, pipeline, settled};

/// What a preview is, by its mark.
const MARK: &str = "previews";

/// How large a preview is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PreviewSize {
    /// Rows: so many training images, spread over the classes.
    pub images: usize,
    /// Augmented views of each: what it looks like in epochs 0, 1, 2, ...
    pub epochs: usize,
}

/// What was drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrawnGrid {
    /// Rows.
    pub images: usize,
    /// Views in each row.
    pub columns: usize,
}

/// Writes to `out` a PNG file with a row for each image: how evaluation sees it, then what the training of `stage`
/// makes of it in its first epochs; in pre-training each of these is followed by what the encoder sees of it, masked
/// patches grey. Words over the columns say so, and a row begins with the name of its class.
///
/// Mixup and CutMix are not shown: they mix the images of a whole batch. What lies at `out` and is no preview is replaced
/// where `foreign` says so.
///
/// # Errors
/// When the data cannot be read, the mask fits no patch, the picture would be too large, or the file cannot be written;
/// nothing is left of it then.
pub fn write(
    recipe: &Recipe,
    stage: Stage,
    size: PreviewSize,
    out: &Path,
    foreign: Foreign,
    tell: &mut dyn FnMut(Message),
) -> Result<DrawnGrid, TrainError> {
    picture_place::check(out, MARK, recipe, foreign)?;
    let (data, settled) = settled::open(recipe, tell)?;
    let recipe = &settled;
    let shown = spread(data.train.as_ref(), size.images);
    let names = column_names(stage, size.epochs);
    let columns = names.len();
    let mut grid = Grid::new(recipe.data.image_size, names);
    grid.check(shown.len())?;
    let (evaluation, training) = (pipeline::evaluation_transform(recipe), pipeline::training_transform(recipe, stage));
    for &index in &shown {
        let image = data.train.image(index)?;
        let view = |transform, epoch| {
            view(recipe, transform, pipeline::shown(recipe, data.train.as_ref())?, &image, epoch, index)
                .map_err(DataError::of_image(data.train.name(index)))
        };
        let mut row = vec![view(evaluation, 0)?];
        for epoch in 0..size.epochs {
            let augmented = view(training, epoch)?;
            let seen = (stage == Stage::Pretrain).then(|| masked(recipe, &augmented, epoch, index)).transpose()?;
            row.push(augmented);
            row.extend(seen);
        }
        grid.push(GridRow { name: class_name(data.train.as_ref(), index, &data.class_names), images: row })?;
    }
    write_whole(out, &mark::png(grid.to_png()?, MARK))?;
    Ok(DrawnGrid { images: shown.len(), columns })
}

/// What stands over the columns: epochs are counted from 1, as everywhere a reader meets them.
fn column_names(stage: Stage, epochs: usize) -> Vec<String> {
    let mut names = vec!["in evaluation".to_owned()];
    for epoch in 1..=epochs {
        names.push(format!("epoch {epoch}"));
        if stage == Stage::Pretrain {
            names.push(format!("epoch {epoch}, visible patches"));
        }
    }
    names
}

/// What `transform` makes of the image number `index` in `epoch`, as a picture.
fn view(
    recipe: &Recipe,
    transform: Transform,
    shown: Shown,
    image: &Image,
    epoch: usize,
    index: usize,
) -> Result<Image, DataError> {
    let mut planes = vec![0.0; transform.values_per_image()];
    transform.apply(image, recipe.seed, epoch as u64, index as u64, &mut planes)?;
    Normalisation { shown, ..transform.normalisation() }.denormalise(&planes, transform.image_size)
}

/// The same picture with the patches grey that are masked in that epoch.
fn masked(recipe: &Recipe, image: &Image, epoch: usize, index: usize) -> Result<Image, TrainError> {
    let noise = mask_noise(recipe, epoch, &[index]);
    let masking = Masking::from_noise(&noise, recipe.architecture().grid.patches(), recipe.pretrain.mask_ratio)?;
    Ok(masked_view(recipe, image, &masking, 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input;
    use crate::ranks::Ranks;
    use crate::run_directory::Position;
    use bmae_recipe::TrainedStage;

    const SIDE: usize = 16;

    fn recipe(keys: &str) -> Recipe {
        let data = "data.source = 'shapes'\ndata.image_size = 16\ndata.shapes_train = 8\ndata.shapes_test = 4";
        Recipe::from_toml(&format!("{data}\nmodel.patch_size = 4\n{keys}")).expect("a recipe")
    }

    fn view_of(recipe: &Recipe, stage: Stage, epoch: usize) -> Image {
        let image = pipeline::open(recipe).expect("shapes").train.image(0).expect("an image");
        view(recipe, pipeline::training_transform(recipe, stage), Shown::default(), &image, epoch, 0).expect("a view")
    }

    #[test]
    fn an_augmented_view_is_the_image_that_the_training_of_that_epoch_sees() {
        let recipe = recipe("finetune.batch_size = 8\nfinetune.randaugment = true\nfinetune.random_erasing = 1.0");
        let images = pipeline::open(&recipe).expect("shapes").train;
        let normalisation = pipeline::training_transform(&recipe, Stage::Finetune).normalisation();
        for epoch in 0..2 {
            let stage = TrainedStage::Finetune;
            let mut batches =
                input::training_batches(&images, &recipe, stage, Position::after_epochs(epoch), &Ranks::default(), 1)
                    .expect("batches");
            let batch = batches.next().expect("one batch").expect("a batch");
            for (&index, planes) in batch.indices.iter().zip(batch.images.chunks_exact(3 * SIDE * SIDE)) {
                let seen =
                    normalisation.denormalise(planes, bmae_architecture::ImageSize::square(SIDE)).expect("planes");
                let image = images.image(index).expect("an image");
                let shown = view(
                    &recipe,
                    pipeline::training_transform(&recipe, Stage::Finetune),
                    Shown::default(),
                    &image,
                    epoch,
                    index,
                )
                .expect("a view");
                assert_eq!(shown.pixels(), seen.pixels(), "image {index}, epoch {epoch}");
            }
        }
    }

    #[test]
    fn the_masked_view_keeps_the_patches_that_the_encoder_sees_and_greys_the_rest() {
        let recipe = recipe("");
        let plain = view_of(&recipe, Stage::Pretrain, 1);
        let shown = masked(&recipe, &plain, 1, 0).expect("a mask");
        let masking = Masking::from_noise(&mask_noise(&recipe, 1, &[0]), 16, 0.75).expect("a mask");
        assert_eq!(masking.kept().len(), 4);
        for (at, (shown, plain)) in shown.pixels().chunks(3).zip(plain.pixels().chunks(3)).enumerate() {
            let patch = at / SIDE / 4 * 4 + at % SIDE / 4;
            let expected = if masking.kept().contains(&patch) { plain } else { &[128; 3] };
            assert_eq!(shown, expected, "pixel {at} in patch {patch}");
        }
    }

    #[test]
    fn fine_tuning_alone_is_varied_by_randaugment_and_random_erasing() {
        let keys = "finetune.randaugment = true\nfinetune.random_erasing = 0.25";
        let transform = |keys: &str, stage| pipeline::training_transform(&recipe(keys), stage);
        let tuned = transform(keys, Stage::Finetune);
        assert_eq!(tuned.randaugment, Some(bmae_data::transforms::RandAugment::M9_MSTD05_INC1));
        assert_eq!(tuned.random_erasing, 0.25);
        let off = transform("finetune.randaugment = false\nfinetune.random_erasing = 0.0", Stage::Finetune);
        for plain in [off, transform(keys, Stage::Pretrain), transform(keys, Stage::Linprobe)] {
            assert_eq!((plain.randaugment, plain.random_erasing), (None, 0.0));
        }
        assert_eq!(transform(keys, Stage::Knn).augmentation, bmae_data::transforms::Augmentation::None);
    }

    #[test]
    fn columns_say_what_stands_in_them_and_count_epochs_from_one() {
        let of_pretrain =
            ["in evaluation", "epoch 1", "epoch 1, visible patches", "epoch 2", "epoch 2, visible patches"];
        assert_eq!(column_names(Stage::Pretrain, 2), of_pretrain);
        assert_eq!(column_names(Stage::Finetune, 2), ["in evaluation", "epoch 1", "epoch 2"]);
    }

    #[test]
    fn a_preview_is_written_whole_with_no_more_rows_than_images() {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("grid.png");
        let size = PreviewSize { images: 100, epochs: 3 };
        let drawn = write(&recipe(""), Stage::Pretrain, size, &out, Foreign::Kept, &mut |_| {}).expect("a preview");
        assert_eq!(drawn, DrawnGrid { images: 8, columns: 7 });
        assert!(std::fs::read(&out).expect("a file").starts_with(b"\x89PNG"));
        let nowhere = folder.path().join("nowhere/grid.png");
        assert!(write(&recipe(""), Stage::Knn, size, &nowhere, Foreign::Kept, &mut |_| {}).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }
}
