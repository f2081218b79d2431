//! The images that every picture of a run shows, and what is painted on them.

use std::sync::Arc;

use bmae_data::{Image, Images};
use bmae_nn::{MaskedAutoencoder, Masking};
use bmae_recipe::Recipe;
use burn::tensor::Tensor;

use crate::input::{first_images, flat_patches, mask_noise, patch_tensor};
use crate::{TrainError, pipeline};

/// An image is enlarged by a whole factor to about so many pixels.
const DRAWN_SIDE: usize = 96;
/// What a masked patch is painted with.
const GREY: u8 = 128;

/// The factor by which images of `side` pixels are enlarged.
pub(crate) fn scale(side: usize) -> usize {
    (DRAWN_SIDE / side).max(1)
}

/// The images that every picture of a run shows.
pub(crate) struct Subjects {
    /// As evaluation sees them.
    pub(super) images: Vec<Image>,
    /// The same, normalised: [N, L, p*p*3], flat.
    pub(super) patches: Vec<f32>,
    pub(super) masking: Masking,
}

impl Subjects {
    /// The first `count` of `images`, or all if there are fewer.
    ///
    /// # Errors
    /// When one cannot be read, or the mask ratio leaves or takes nothing.
    pub fn first(recipe: &Recipe, images: &Arc<dyn Images>, count: usize) -> Result<Self, TrainError> {
        let normalisation = pipeline::evaluation_transform(recipe).normalisation();
        let (side, grid) = (recipe.data.image_size, recipe.architecture().grid);
        let planes = first_images(recipe, images, count)?;
        let each = planes.chunks_exact(grid.values_per_image());
        let seen = each.map(|planes| normalisation.denormalise(planes, side)).collect::<Result<Vec<_>, _>>()?;
        let noise = mask_noise(recipe, 0, &(0..seen.len()).collect::<Vec<_>>());
        let masking = Masking::from_noise(&noise, grid.patches(), recipe.pretrain.mask_ratio)?;
        Ok(Self { images: seen, patches: flat_patches(&planes, recipe)?, masking })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.images.len()
    }

    /// The whole images as a tensor [N, L, p*p*3] on the device of `model`.
    pub(super) fn tensor(&self, recipe: &Recipe, model: &MaskedAutoencoder) -> Tensor<3> {
        patch_tensor(self.patches.clone(), recipe, &model.encoder.device())
    }
}

/// A copy of `image` with the patches of `masking`'s image number `index` grey that are masked there.
pub(crate) fn masked_view(recipe: &Recipe, image: &Image, masking: &Masking, index: usize) -> Image {
    let mut view = image.clone();
    for place in masked_of(masking, index) {
        fill_patch(&mut view, recipe.model.patch_size, place, [GREY; 3]);
    }
    view
}

/// The masked patches (0 .. L) of one image of a masking.
pub(super) fn masked_of(masking: &Masking, index: usize) -> Vec<usize> {
    let each = masking.patches() - masking.kept_per_image();
    let rows = &masking.masked()[index * each..(index + 1) * each];
    rows.iter().map(|row| row % masking.patches()).collect()
}

/// Paints the patch number `place` of a square image in one colour.
pub(super) fn fill_patch(image: &mut Image, patch: usize, place: usize, colour: [u8; 3]) {
    let side = image.width();
    let (row, column) = (place / (side / patch) * patch, place % (side / patch) * patch);
    let (pixels, _) = image.pixels_mut().as_chunks_mut::<3>();
    for line in row..row + patch {
        pixels[line * side + column..][..patch].fill(colour);
    }
}
