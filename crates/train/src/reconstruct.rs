//! Pictures of weights that are at hand, a run's or a file's: what a pre-training draws of its model while it trains.

use std::path::Path;

use bmae_data::Split;
use bmae_nn::weights::StateDict;
use bmae_output::claim::Foreign;
use bmae_output::mark;
use bmae_recipe::Recipe;
use burn::module::Module;
use burn::tensor::Device;

use crate::model::{Predicted, has_switched};
use crate::observer::Message;
use crate::pictures::{Subjects, attention, reconstruction};
use crate::pretrain::autoencoder_that_predicts;
use crate::whole_file::write_whole;
use crate::{TrainError, picture_place, pipeline};

/// What these pictures are, by their mark.
const MARK: &str = "reconstructions or attention";

/// Which pictures are wanted of which images.
#[derive(Debug, Clone, Copy)]
pub struct PictureRequest<'a> {
    /// The half of the data whose images are shown, spread over its classes; `None`: the test set, or the training set where there is no
    /// other.
    pub split: Option<Split>,
    /// How many.
    pub images: usize,
    /// Where the reconstructions go.
    pub out: &'a Path,
    /// Where the attention of the class token goes, if it is wanted.
    pub attention: Option<&'a Path>,
    /// What becomes of other files that lie there.
    pub foreign: Foreign,
}

/// What was drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrawnPictures {
    /// Images.
    pub images: usize,
    /// What the model predicts.
    pub predicted: Predicted,
}

/// Writes the wanted pictures of the autoencoder of `weights` as PNG files. Whether it predicts pixels or features its
/// own recipe and progress say, where it carries them, else the width of its prediction head. What a user should know
/// of the weights goes to `tell`.
///
/// # Errors
/// When the data or the weights cannot be read or do not fit each other, there is no such half, the whole would be too
/// large, or a file cannot be written.
pub fn write(
    recipe: &Recipe,
    weights: &StateDict,
    request: PictureRequest<'_>,
    device: &Device,
    tell: &mut dyn FnMut(Message),
) -> Result<DrawnPictures, TrainError> {
    for place in std::iter::once(request.out).chain(request.attention) {
        picture_place::check(place, MARK, recipe, request.foreign)?;
    }
    if !weights.has_prefix("decoder") {
        return Err(TrainError::NoDecoder { source_name: weights.source_name() });
    }
    let predicted = predicted_by(recipe, weights);
    let model = autoencoder_that_predicts(predicted, recipe, weights, device, tell)?.valid();
    let data = pipeline::open(recipe)?;
    let images = match request.split {
        Some(split) => data.images(split),
        None => Some(data.test.as_ref().unwrap_or(&data.train)),
    };
    let Some(images) = images else {
        return Err(TrainError::NoTestSet { stage: "a picture of the test set", data: data.name });
    };
    let subjects = Subjects::of(recipe, images, &data.class_names, request.images)?;
    write_whole(request.out, &mark::png(reconstruction(&model, recipe, &subjects, predicted)?.to_png()?, MARK))?;
    if let Some(out) = request.attention {
        write_whole(out, &mark::png(attention(&model, recipe, &subjects)?.to_png()?, MARK))?;
    }
    Ok(DrawnPictures { images: subjects.count(), predicted })
}

/// What the prediction head of `weights` predicts: features where the recipe's targets existed in the last epoch. Where
/// that is not known its width tells, but for a head that is as wide as a patch.
fn predicted_by(recipe: &Recipe, weights: &StateDict) -> Predicted {
    let width = weights.tensors.get("decoder_pred.bias").map(|bias| bias.values.len());
    let (pixels, features) = (recipe.architecture().grid.values_per_patch(), recipe.model.encoder.dim);
    match width {
        Some(_) if has_switched(weights, recipe) => Predicted::Features,
        Some(width) if width == features && width != pixels => Predicted::Features,
        _ => Predicted::Pixels,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bmae_nn::weights::Array;

    fn weights(width: usize, epochs_done: Option<usize>) -> StateDict {
        let mut weights = StateDict::default();
        weights.tensors.insert("decoder_pred.bias".into(), Array { shape: vec![width], values: vec![0.0; width] });
        if let Some(done) = epochs_done {
            weights.metadata.insert("bmae.epochs_done".into(), done.to_string());
        }
        weights
    }

    #[test]
    fn the_width_of_the_head_tells_what_it_predicts_and_where_it_cannot_the_progress_does() {
        let recipe = |dim: usize| {
            let text = format!("model.patch_size = 4\nmodel.encoder.dim = {dim}\nmodel.encoder.heads = 4");
            Recipe::from_toml(&format!("{text}\nmethod.name = 'mae-k'\nmethod.k = 3")).expect("a recipe")
        };
        assert_eq!(predicted_by(&recipe(64), &weights(64, None)), Predicted::Features);
        assert_eq!(predicted_by(&recipe(64), &weights(48, None)), Predicted::Pixels);
        assert_eq!(predicted_by(&recipe(48), &weights(48, None)), Predicted::Pixels);
        assert_eq!(predicted_by(&recipe(48), &weights(48, Some(3))), Predicted::Pixels);
        assert_eq!(predicted_by(&recipe(48), &weights(48, Some(4))), Predicted::Features);
    }
}
