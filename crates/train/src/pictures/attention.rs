//! Where the class token looks.

use bmae_architecture::PatchGrid;
use bmae_data::Image;
use bmae_data::preview::{ColourScale, Grid};
use bmae_nn::MaskedAutoencoder;
use bmae_recipe::Recipe;

use super::subjects::{Subjects, black, fill_patch};
use crate::TrainError;

/// A picture with a row for each image: itself, the attention of its class token in the last block, mean over the heads,
/// and each head's. One colour scale, which stands below, holds for all maps. An encoder without blocks has no attention,
/// and the images stand alone. Large images are reduced: a map has one number a patch. `model` is without
/// autodiff.
///
/// # Errors
/// When the model does not fit the recipe's sizes, or the whole would be too large.
pub(crate) fn attention(model: &MaskedAutoencoder, recipe: &Recipe, subjects: &Subjects) -> Result<Grid, TrainError> {
    let patch_grid = recipe.architecture().grid;
    let patches = patch_grid.patches();
    let maps = model.encoder.class_attention(subjects.tensor(recipe, model));
    let maps: Vec<f32> = maps.map_or_else(Vec::new, |maps| maps.into_data().iter::<f32>().collect());
    let heads = maps.len() / (patches * subjects.count()).max(1);
    let mut columns = vec!["image".to_owned()];
    if heads > 0 {
        columns.push("mean over heads".to_owned());
        columns.extend((1..=heads).map(|head| format!("head {head}")));
    }
    let mut grid = Grid::new(patch_grid.image, columns).reduced();
    grid.check(subjects.count())?;
    let even = 1.0 / patches as f64;
    let title =
        format!("share of the class token's attention that a patch gets, last block ({even:.4} if all got the same)");
    let scale = ColourScale::of(&maps, title);
    for (index, image) in subjects.images.iter().enumerate() {
        let of_image = maps.get(index * heads * patches..(index + 1) * heads * patches).unwrap_or_default();
        let mut row = vec![image.clone()];
        if heads > 0 {
            let mean = |place| of_image.iter().skip(place).step_by(patches).sum::<f32>() / heads as f32;
            let mean: Vec<f32> = (0..patches).map(mean).collect();
            for map in std::iter::once(&mean[..]).chain(of_image.chunks_exact(patches)) {
                row.push(drawn(map, patch_grid, &scale)?);
            }
        }
        grid.push(subjects.row(index, row))?;
    }
    Ok(if heads > 0 { grid.with_scale(scale) } else { grid })
}

/// A map [L] as an image, each patch in one colour.
fn drawn(map: &[f32], grid: PatchGrid, scale: &ColourScale) -> Result<Image, TrainError> {
    let mut image = black(grid.image)?;
    for (place, &share) in map.iter().enumerate() {
        fill_patch(&mut image, grid, place, scale.colour(share));
    }
    Ok(image)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_patch_has_the_colour_of_its_share() {
        let shares = [0.1, 0.2, 0.3, 0.4];
        let scale = ColourScale::of(&shares, String::new());
        let image = drawn(&shares, PatchGrid::rgb(4, 2), &scale).expect("an image");
        for (place, share) in shares.into_iter().enumerate() {
            let pixel = place / 2 * 8 + place % 2 * 2;
            assert_eq!(image.pixels()[3 * pixel..3 * pixel + 3], scale.colour(share), "patch {place}");
        }
    }
}
