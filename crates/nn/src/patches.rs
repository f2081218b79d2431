//! From images to patches and pixel targets, on the CPU: constants need no gradient.

use crate::error::ShapeError;

/// Colour channels of every image.
pub const CHANNELS: usize = 3;

/// Cuts `images` [N, 3, S, S] into patches [N, L, p*p*3]: patches row by row, pixels in the order row, column, channel.
///
/// # Errors
/// When `patch_size` does not divide `image_size`, or `images` is not a whole number of images of that size.
pub fn patchify(images: &[f32], image_size: usize, patch_size: usize) -> Result<Vec<f32>, ShapeError> {
    if patch_size == 0 {
        return Err(ShapeError::Zero { what: "patch_size" });
    }
    if image_size == 0 {
        return Err(ShapeError::Zero { what: "image_size" });
    }
    if !image_size.is_multiple_of(patch_size) {
        return Err(ShapeError::NotDivisible {
            what: "image_size",
            size: image_size,
            by: "patch_size",
            divisor: patch_size,
        });
    }
    if !images.len().is_multiple_of(CHANNELS * image_size * image_size) {
        return Err(ShapeError::Length {
            what: "the batch of images",
            found: images.len(),
            expected: format!("a multiple of 3 x {image_size} x {image_size}"),
        });
    }
    let mut patches = vec![0.0; images.len()];
    bmae_kernels::patchify(images, CHANNELS, image_size, patch_size, &mut patches);
    Ok(patches)
}

/// The pixel target of `patches` [N, L, P]: the patches themselves, or with `norm_pix` each patch normalised by its own
/// mean and unbiased variance, 1e-6 under the root. `patch_len` is P = p*p*3.
///
/// # Panics
/// When `patch_len` does not divide the length of `patches`.
pub fn pixel_target(patches: &[f32], patch_len: usize, norm_pix: bool) -> Vec<f32> {
    let mut target = patches.to_vec();
    if norm_pix {
        bmae_kernels::normalise_patches(&mut target, patch_len);
    }
    target
}
