//! The images that every picture of a run shows, and what is painted on them.

use std::sync::Arc;

use bmae_architecture::{ImageSize, PatchGrid};
use bmae_data::preview::GridRow;
use bmae_data::transforms::normalise::Normalisation;
use bmae_data::{DataError, Image, Images};
use bmae_lettering::typeface;
use bmae_nn::{MaskedAutoencoder, Masking};
use bmae_recipe::Recipe;
use burn::tensor::Tensor;

use super::choice::spread;
use crate::input::{flat_patches, images_at, mask_noise};
use crate::step_images::patch_tensor;
use crate::{TrainError, pipeline};

/// What a masked patch is painted with.
const GREY: u8 = 128;

/// The images that every picture of a run shows.
pub(crate) struct Subjects {
    /// As evaluation sees them.
    pub(super) images: Vec<Image>,
    /// What their classes are called; `None` where they have none.
    names: Vec<Option<String>>,
    /// How what was normalised is shown.
    pub(super) normalisation: Normalisation,
    /// The same images, normalised: [N, L, p*p*C], flat.
    pub(super) patches: Vec<f32>,
    pub(super) masking: Masking,
}

impl Subjects {
    /// `count` of `images`, whose classes are called `class_names`, or all if there are fewer: of as many classes as can
    /// be.
    ///
    /// # Errors
    /// When one cannot be read, or the mask ratio leaves or takes nothing.
    pub fn of(
        recipe: &Recipe,
        images: &Arc<dyn Images>,
        class_names: &[String],
        count: usize,
    ) -> Result<Self, TrainError> {
        let grid = recipe.architecture().grid;
        let shown = spread(images.as_ref(), count);
        let planes = images_at(recipe, images, &shown)?;
        let normalisation = as_shown(recipe, images.as_ref())?;
        let seen = as_pictures(recipe, normalisation, &planes)?;
        let names = shown.iter().map(|&index| class_name(images.as_ref(), index, class_names)).collect();
        let noise = mask_noise(recipe, 0, &(0..seen.len()).collect::<Vec<_>>());
        let masking = Masking::from_noise(&noise, grid.patches(), recipe.pretrain.mask_ratio)?;
        Ok(Self { images: seen, names, normalisation, patches: flat_patches(&planes, recipe)?, masking })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.images.len()
    }

    /// The row of image number `index` in a picture.
    pub(super) fn row(&self, index: usize, images: Vec<Image>) -> GridRow {
        GridRow { name: self.names[index].clone(), images }
    }

    /// The whole images as a tensor [N, L, p*p*3] on the device of `model`.
    pub(super) fn tensor(&self, recipe: &Recipe, model: &MaskedAutoencoder) -> Tensor<3> {
        patch_tensor(self.patches.clone(), recipe, &model.encoder.device())
    }
}

/// Those of `images` whose numbers are `indices` as evaluation sees them.
///
/// # Errors
/// When one cannot be read.
pub(crate) fn seen_images(
    recipe: &Recipe,
    images: &Arc<dyn Images>,
    indices: &[usize],
) -> Result<Vec<Image>, TrainError> {
    let normalisation = as_shown(recipe, images.as_ref())?;
    as_pictures(recipe, normalisation, &images_at(recipe, images, indices)?)
}

/// How `images` are normalised and shown.
fn as_shown(recipe: &Recipe, images: &dyn Images) -> Result<Normalisation, TrainError> {
    let shown = pipeline::shown(recipe, images)?;
    Ok(Normalisation { shown, ..pipeline::evaluation_transform(recipe).normalisation() })
}

/// Normalised images [N, C, H, W], flat, as they are looked at.
fn as_pictures(recipe: &Recipe, normalisation: Normalisation, planes: &[f32]) -> Result<Vec<Image>, TrainError> {
    let size = recipe.data.image_size;
    let each = planes.chunks_exact(recipe.architecture().grid.values_per_image());
    Ok(each.map(|planes| normalisation.denormalise(planes, size)).collect::<Result<Vec<_>, _>>()?)
}

/// What a picture calls the class of image `index`: by its name, or by its number where pictures have no letters for it;
/// `None` where it has no class.
pub(crate) fn class_name(images: &dyn Images, index: usize, class_names: &[String]) -> Option<String> {
    images.label(index).map(|label| class_text(label, class_names))
}

/// What a picture calls the class number `class`, as [`class_name`] does.
pub(super) fn class_text(class: usize, class_names: &[String]) -> String {
    match class_names.get(class) {
        Some(name) if typeface::has(name) => name.clone(),
        _ => format!("class {class}"),
    }
}

/// A copy of `image` with the patches of `masking`'s image number `index` grey that are masked there.
pub(crate) fn masked_view(recipe: &Recipe, image: &Image, masking: &Masking, index: usize) -> Image {
    let (mut view, grid) = (image.clone(), recipe.architecture().grid);
    for place in masked_of(masking, index) {
        fill_patch(&mut view, grid, place, [GREY; 3]);
    }
    view
}

/// The same the other way round: the patches grey that the encoder sees.
pub(super) fn visible_hidden(recipe: &Recipe, image: &Image, masking: &Masking, index: usize) -> Image {
    let (mut view, masked) = (image.clone(), masked_of(masking, index));
    let grid = recipe.architecture().grid;
    for place in (0..masking.patches()).filter(|place| !masked.contains(place)) {
        fill_patch(&mut view, grid, place, [GREY; 3]);
    }
    view
}

/// The masked patches (0 .. L) of one image of a masking.
pub(super) fn masked_of(masking: &Masking, index: usize) -> Vec<usize> {
    let each = masking.patches() - masking.kept_per_image();
    let rows = &masking.masked()[index * each..(index + 1) * each];
    rows.iter().map(|row| row % masking.patches()).collect()
}

/// A black image of this size.
pub(super) fn black(size: ImageSize) -> Result<Image, DataError> {
    Image::new(size.width, size.height, vec![0; 3 * size.area()])
}

/// Paints the patch number `place` of an image that `grid` cuts into patches in one colour.
pub(super) fn fill_patch(image: &mut Image, grid: PatchGrid, place: usize, colour: [u8; 3]) {
    let (width, patch) = (image.width(), grid.patch);
    let (row, column) = grid.corner(place);
    let (pixels, _) = image.pixels_mut().as_chunks_mut::<3>();
    for line in row..row + patch.height {
        pixels[line * width + column..][..patch.width].fill(colour);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subjects_are_of_different_classes_and_bear_their_names() {
        let text = "data.source = 'shapes'\ndata.image_size = 16\ndata.shapes_train = 40\ndata.shapes_test = 40";
        let recipe = Recipe::from_toml(&format!("{text}\nmodel.patch_size = 4")).expect("a recipe");
        let data = pipeline::open(&recipe).expect("shapes");
        let subjects = Subjects::of(&recipe, &data.train, &data.class_names, 4).expect("images");
        let mut names: Vec<&str> = subjects.names.iter().map(|name| name.as_deref().expect("a class")).collect();
        assert!(names.iter().all(|name| data.class_names.iter().any(|class| class == name)), "{names:?}");
        names.dedup();
        assert_eq!(names.len(), 4, "{names:?}");
        let strange = vec!["猫".to_owned(); data.class_names.len()];
        assert!(class_name(data.train.as_ref(), 0, &strange).is_some_and(|name| name.starts_with("class ")));
    }
}
