//! Pictures of what a model makes of a few images: reconstructions, where its class token looks, and what a classifier
//! mistakes.
//!
//! The images are spread over the classes of the test set and seen as evaluation sees them, and their masks are drawn once:
//! pictures of different epochs and runs show the same.

mod attention;
mod choice;
mod feature_colours;
mod mistakes;
mod reconstruction;
mod subjects;

use bmae_data::Dataset;
use bmae_nn::MaskedAutoencoder;
use bmae_recipe::Recipe;

use crate::TrainError;
use crate::model::Predicted;
use crate::run_directory::{PictureName, RunDirectory};

pub(crate) use attention::attention;
pub(crate) use choice::spread;
pub(crate) use mistakes::mistakes;
pub(crate) use reconstruction::reconstruction;
pub(crate) use subjects::{Subjects, class_name, masked_view, seen_images};

/// What a run draws while it trains, and when.
pub(crate) struct Gallery {
    subjects: Option<Subjects>,
}

impl Gallery {
    /// The pictures that `recipe` asks for, of test images of `data`, or training images where it has no
    /// others.
    pub fn of(recipe: &Recipe, data: &Dataset) -> Result<Self, TrainError> {
        let wanted = recipe.monitor.pictures_every > 0 && recipe.monitor.pictures > 0;
        let images = data.test.as_ref().unwrap_or(&data.train);
        let subjects =
            wanted.then(|| Subjects::of(recipe, images, &data.class_names, recipe.monitor.pictures)).transpose()?;
        Ok(Self { subjects })
    }

    /// Draws `model`, which is on the device without autodiff, into `directory` where it is due after `epochs_done`
    /// epochs: every so many, and after the last.
    pub fn draw(
        &self,
        recipe: &Recipe,
        model: impl FnOnce() -> (MaskedAutoencoder, Predicted),
        directory: &mut RunDirectory,
        epochs_done: usize,
    ) -> Result<(), TrainError> {
        let last = recipe.pretrain.stage.planned_epochs().end_with(epochs_done);
        let Some(subjects) = self.subjects.as_ref().filter(|_| directory.is_written()) else { return Ok(()) };
        if !last && !epochs_done.is_multiple_of(recipe.monitor.pictures_every.max(1)) {
            return Ok(());
        }
        let (model, predicted) = model();
        // A report has those of many runs.
        let reconstruction = reconstruction(&model, recipe, subjects, predicted)?.reduced().to_png()?;
        directory.keep_picture(epochs_done, PictureName::Reconstruction, &reconstruction)?;
        let attention = attention(&model, recipe, subjects)?.to_png()?;
        directory.keep_picture(epochs_done, PictureName::Attention, &attention)
    }
}
