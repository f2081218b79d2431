//! From images to patches and pixel targets, on the CPU: constants need no gradient.

use std::borrow::Cow;

use bmae_architecture::PatchGrid;

use crate::error::ShapeError;

/// Cuts `images` [N, C, H, W] into patches [N, L, h*w*C]: patches row by row, pixels in the order row, column, channel.
///
/// # Errors
/// When the sizes of `grid` cannot be, or `images` is not a whole number of images of that size.
pub fn patchify(images: &[f32], grid: PatchGrid) -> Result<Vec<f32>, ShapeError> {
    grid.check()?;
    if !images.len().is_multiple_of(grid.values_per_image()) {
        return Err(ShapeError::Length {
            what: "the batch of images",
            found: images.len(),
            expected: format!("a multiple of {} x {}", grid.channels, grid.image),
        });
    }
    let mut patches = vec![0.0; images.len()];
    bmae_kernels::patchify(images, grid, &mut patches);
    Ok(patches)
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
