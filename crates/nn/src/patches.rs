//! From images to patches and pixel targets: constants need no gradient.

use std::borrow::Cow;

use bmae_architecture::PatchGrid;
use burn::tensor::{Device, Tensor, TensorData};

use crate::error::ShapeError;

/// Cuts `images` [N, C, H, W] into patches [N, L, h*w*C]: patches row by row, pixels in the order row, column, channel.
///
/// # Errors
/// When the sizes of `grid` cannot be, or `images` is not a whole number of images of that size.
pub fn patchify(images: &[f32], grid: PatchGrid) -> Result<Vec<f32>, ShapeError> {
    count_images(images, grid)?;
    let mut patches = vec![0.0; images.len()];
    bmae_kernels::patchify(images, grid, &mut patches);
    Ok(patches)
}

/// The same on `device`, where the patches then are; the device's, not in memory.
///
/// # Errors
/// As [`patchify`].
pub fn patchify_on_device(images: &[f32], grid: PatchGrid, device: &Device) -> Result<Tensor<3>, ShapeError> {
    let count = count_images(images, grid)?;
    let patch = grid.patch;
    let cells = [count, grid.channels, grid.rows(), patch.height, grid.columns(), patch.width];
    let images = Tensor::<6>::from_data(TensorData::new(images.to_vec(), cells), device);
    Ok(images.permute([0, 2, 4, 3, 5, 1]).reshape([count, grid.patches(), grid.values_per_patch()]))
}

fn count_images(images: &[f32], grid: PatchGrid) -> Result<usize, ShapeError> {
    grid.check()?;
    if !images.len().is_multiple_of(grid.values_per_image()) {
        return Err(ShapeError::Length {
            what: "the batch of images",
            found: images.len(),
            expected: format!("a multiple of {} x {}", grid.channels, grid.image),
        });
    }
    Ok(images.len() / grid.values_per_image())
}

/// The pixel target of `patches` [N, L, P]: the patches themselves, or with `norm_pix` each patch normalised by its own
/// mean and unbiased variance, 1e-6 under the root. `values_per_patch` is P.
///
/// # Panics
/// When `values_per_patch` does not divide the length of `patches`.
pub fn pixel_target(patches: &[f32], values_per_patch: usize, norm_pix: bool) -> Cow<'_, [f32]> {
    if !norm_pix {
        return Cow::Borrowed(patches);
    }
    let mut target = patches.to_vec();
    bmae_kernels::normalise_patches(&mut target, values_per_patch);
    Cow::Owned(target)
}
