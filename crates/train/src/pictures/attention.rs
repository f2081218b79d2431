//! Where the class token looks.

use bmae_data::Image;
use bmae_data::preview::Grid;
use bmae_nn::MaskedAutoencoder;
use bmae_recipe::Recipe;

use super::subjects::{Subjects, fill_patch, scale};
use crate::TrainError;

/// So few columns leave room for a second image in each row.
const FEW_COLUMNS: usize = 6;

/// A PNG file with, for each image: itself, the attention of its class token in the last block, mean over the heads,
/// and each head's. Black is none, white the most of that map. `model` is without autodiff.
///
/// # Errors
/// When the model does not fit the recipe's sizes, or the whole would be too large.
pub(crate) fn attention(
    model: &MaskedAutoencoder,
    recipe: &Recipe,
    subjects: &Subjects,
) -> Result<Vec<u8>, TrainError> {
    let (side, patch) = (recipe.data.image_size, recipe.model.patch_size);
    let patches = recipe.architecture().grid.patches();
    let maps = model.encoder.class_attention(subjects.tensor(recipe, model));
    let maps: Vec<f32> = maps.map_or_else(Vec::new, |maps| maps.into_data().iter::<f32>().collect());
    let heads = maps.len() / (patches * subjects.count()).max(1);
    let columns = 2 + heads;
    let in_a_row = if columns <= FEW_COLUMNS { 2 } else { 1 };
    let mut grid = Grid::new(columns * in_a_row.min(subjects.count()), side, scale(side));
    grid.check(columns * subjects.count())?;
    for (image, of_image) in subjects.images.iter().zip(maps.chunks_exact((heads * patches).max(1))) {
        grid.push(image)?;
        let mean: Vec<f32> = (0..patches)
            .map(|place| of_image.iter().skip(place).step_by(patches).sum::<f32>() / heads as f32)
            .collect();
        for map in std::iter::once(&mean[..]).chain(of_image.chunks_exact(patches)) {
            let most = map.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
            let mut drawn = Image::new(side, side, vec![0; 3 * side * side])?;
            for (place, weight) in map.iter().enumerate() {
                fill_patch(&mut drawn, patch, place, heat(weight / most));
            }
            grid.push(&drawn)?;
        }
    }
    Ok(grid.to_png()?)
}

/// From black over red and yellow to white, for 0 to 1.
fn heat(share: f32) -> [u8; 3] {
    [0.0, 1.0, 2.0].map(|begin| ((3.0 * share - begin).clamp(0.0, 1.0) * 255.0).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attention_goes_from_black_over_red_and_yellow_to_white() {
        assert_eq!(heat(0.0), [0, 0, 0]);
        assert_eq!(heat(1.0 / 3.0), [255, 0, 0]);
        assert_eq!(heat(2.0 / 3.0), [255, 255, 0]);
        assert_eq!(heat(1.0), [255, 255, 255]);
    }
}
