//! What the decoder makes of the patches that it does not see.

use bmae_architecture::{ImageSize, PatchGrid};
use bmae_data::Image;
use bmae_data::preview::Grid;
use bmae_nn::{Linear, MaskedAutoencoder};
use bmae_recipe::Recipe;
use burn::tensor::Tensor;

use super::feature_colours::Colours;
use super::subjects::{Subjects, black, fill_patch, masked_of, masked_view, visible_hidden};
use crate::TrainError;
use crate::method::normalise;
use crate::model::Predicted;

/// pixel_target's: under the root of a patch's variance.
const EPSILON: f32 = 1e-6;

/// A picture with a row for each image: itself, what the encoder sees of it, and what the decoder predicts for the rest,
/// alone and with the seen patches as they are. Features are shown as colours: those of the whole image under the model's
/// own encoder, then the same with the predicted ones; the three main components of the former are red, green and blue in
/// both. Those of a fixed target are shown in colours of their own, the seen patches as they are. `model` is without
/// autodiff.
///
/// # Errors
/// When the model does not fit the recipe's sizes, or the whole would be too large.
pub(crate) fn reconstruction(
    model: &MaskedAutoencoder,
    recipe: &Recipe,
    subjects: &Subjects,
    predicted: Predicted,
) -> Result<Grid, TrainError> {
    let latent = model.encoder.forward_masked(&subjects.patches, &subjects.masking)?;
    let decoded = model.decode_masked(latent, &subjects.masking);
    let head = |head: &Linear| values(head.forward(decoded.clone()));
    let seen = |(index, image): (usize, &Image)| masked_view(recipe, image, &subjects.masking, index);
    let mut columns: Vec<(&str, Vec<Image>)> = vec![
        ("image", subjects.images.clone()),
        ("visible patches", subjects.images.iter().enumerate().map(seen).collect()),
    ];
    let of_pixels = match predicted {
        Predicted::Pixels => Some(&model.pred),
        Predicted::Features => model.pixel_pred.as_ref(),
    };
    if let Some(of_pixels) = of_pixels {
        let whole = pixels(recipe, subjects, &head(of_pixels))?;
        let unseen = |(index, image): (usize, &Image)| visible_hidden(recipe, image, &subjects.masking, index);
        columns.push(("prediction", whole.iter().enumerate().map(unseen).collect()));
        columns.push(("prediction with visible patches", whole));
    }
    if predicted == Predicted::Features {
        let predicted = head(&model.pred);
        match recipe.method.first_target().update.weights() {
            None => {
                let [own, reconstructed] = features(model, recipe, subjects, &predicted)?;
                columns.push(("features of the whole image", own));
                columns.push(("predicted features", reconstructed));
            }
            Some(_) => {
                let drawn = features_of_a_teacher(recipe, subjects, &predicted, model.pred.outputs())?;
                columns.push(("predicted features", drawn));
            }
        }
    }

    let names = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut grid = Grid::new(recipe.data.image_size, names);
    grid.check(subjects.count())?;
    for index in 0..subjects.count() {
        let images = columns.iter().map(|(_, column)| column[index].clone()).collect();
        grid.push(subjects.row(index, images))?;
    }
    Ok(grid)
}

/// The images with `predicted` [M, p*p*C] in place of their masked patches.
fn pixels(recipe: &Recipe, subjects: &Subjects, predicted: &[f32]) -> Result<Vec<Image>, TrainError> {
    let grid = recipe.architecture().grid;
    let PatchGrid { image: ImageSize { height, width }, patch, channels } = grid;
    let length = grid.values_per_patch();
    let patches_each = grid.patches();
    let mut rows = predicted.chunks_exact(length);
    let mut images = Vec::with_capacity(subjects.count());
    for (index, image) in subjects.images.iter().enumerate() {
        let mut planes = vec![0.0; grid.values_per_image()];
        let masked = masked_of(&subjects.masking, index);
        for (&place, row) in masked.iter().zip(&mut rows) {
            let own = &subjects.patches[(index * patches_each + place) * length..][..length];
            let (mean, deviation) = if recipe.pretrain.norm_pix { moments(own) } else { (0.0, 1.0) };
            let (top, left) = grid.corner(place);
            for (at, value) in row.iter().enumerate() {
                let (pixel, channel) = (at / channels, at % channels);
                let (y, x) = (top + pixel / patch.width, left + pixel % patch.width);
                planes[(channel * height + y) * width + x] = value * deviation + mean;
            }
        }
        // What was seen stands as it was, to the bit.
        let mut drawn = subjects.normalisation.denormalise(&planes, grid.image)?;
        copy_seen(image, &mut drawn, grid, &masked);
        images.push(drawn);
    }
    Ok(images)
}

/// Mean and deviation by which `norm_pix` normalises a patch.
fn moments(patch: &[f32]) -> (f32, f32) {
    let count = patch.len() as f32;
    let mean = patch.iter().sum::<f32>() / count;
    let variance = patch.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / (count - 1.0);
    (mean, (variance + EPSILON).sqrt())
}

/// Copies every patch but the `masked` ones from `image` to `drawn`.
fn copy_seen(image: &Image, drawn: &mut Image, grid: PatchGrid, masked: &[usize]) {
    let width = image.width();
    let (source, _) = image.pixels().as_chunks::<3>();
    let (target, _) = drawn.pixels_mut().as_chunks_mut::<3>();
    for (at, (pixel, source)) in target.iter_mut().zip(source).enumerate() {
        let place = grid.patch_at(at / width, at % width);
        if !masked.contains(&place) {
            *pixel = *source;
        }
    }
}

/// The features of whole images, and the same with `predicted` [M, D] in place of those of masked patches, as colours.
fn features(
    model: &MaskedAutoencoder,
    recipe: &Recipe,
    subjects: &Subjects,
    predicted: &[f32],
) -> Result<[Vec<Image>; 2], TrainError> {
    let target = recipe.method.first_target();
    let tokens = model.encoder.forward_last_blocks(subjects.tensor(recipe, model), target.last_blocks)?;
    let [images, count, dim] = tokens.dims();
    let whole = values(normalise(tokens.slice([0..images, 1..count, 0..dim]), target.normalisation));
    let colours = Colours::of(&whole, dim);
    let grid = recipe.architecture().grid;
    let mut predicted = predicted.chunks_exact(dim);
    let (mut own, mut reconstructed) = (Vec::with_capacity(images), Vec::with_capacity(images));
    for (index, rows) in whole.chunks_exact(dim * (count - 1)).enumerate() {
        let mut image = black(grid.image)?;
        for (place, row) in rows.chunks_exact(dim).enumerate() {
            fill_patch(&mut image, grid, place, colours.colour(row));
        }
        own.push(image.clone());
        for (place, row) in masked_of(&subjects.masking, index).into_iter().zip(&mut predicted) {
            fill_patch(&mut image, grid, place, colours.colour(row));
        }
        reconstructed.push(image);
    }
    Ok([own, reconstructed])
}

/// The images with the colours of `predicted` [M, dim] in place of their masked patches.
fn features_of_a_teacher(
    recipe: &Recipe,
    subjects: &Subjects,
    predicted: &[f32],
    dim: usize,
) -> Result<Vec<Image>, TrainError> {
    let (colours, grid) = (Colours::of(predicted, dim), recipe.architecture().grid);
    let mut rows = predicted.chunks_exact(dim);
    let mut images = subjects.images.clone();
    for (index, image) in images.iter_mut().enumerate() {
        for (place, row) in masked_of(&subjects.masking, index).into_iter().zip(&mut rows) {
            fill_patch(image, grid, place, colours.colour(row));
        }
    }
    Ok(images)
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bmae_nn::pixel_target;

    #[test]
    fn a_patch_that_norm_pix_normalised_comes_back_by_its_own_moments() {
        let patch: Vec<f32> = (0..12).map(|index| (index as f32 * 0.37).sin()).collect();
        let (mean, deviation) = moments(&patch);
        for (target, original) in pixel_target(&patch, 12, true).iter().zip(&patch) {
            assert!((target * deviation + mean - original).abs() < 1e-5, "{target} {original}");
        }
    }

    #[test]
    fn masked_patches_are_the_predicted_pixels_and_the_others_the_image_itself() {
        let text = "data.source = 'shapes'\ndata.image_size = 16\ndata.shapes_train = 4\ndata.shapes_test = 4";
        let recipe = Recipe::from_toml(&format!("{text}\nmodel.patch_size = 4")).expect("a recipe");
        let data = crate::pipeline::open(&recipe).expect("shapes");
        let subjects = Subjects::of(&recipe, &data.train, &data.class_names, 2).expect("images");
        // A prediction that is right: the pixels of the masked patches.
        let right = subjects.masking.masked_values(&subjects.patches, 48);
        for (drawn, image) in pixels(&recipe, &subjects, &right).expect("images").iter().zip(&subjects.images) {
            assert_eq!(drawn.pixels(), image.pixels());
        }
        // One that is the mean colour everywhere.
        let (mean, _) = recipe.data.normalisation();
        let mean: [u8; 3] = std::array::from_fn(|channel| (mean[channel] * 255.0).round() as u8);
        let drawn = pixels(&recipe, &subjects, &vec![0.0; right.len()]).expect("images");
        for (index, image) in drawn.iter().enumerate() {
            let expected = {
                let mut image = subjects.images[index].clone();
                masked_of(&subjects.masking, index)
                    .into_iter()
                    .for_each(|place| fill_patch(&mut image, recipe.architecture().grid, place, mean));
                image
            };
            assert_eq!(image.pixels(), expected.pixels());
        }
    }
}
