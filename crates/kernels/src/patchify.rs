//! Images to patches, and the per-patch normalisation of a pixel target.
//!
//! Both follow the official MAE (`MaskedAutoencoderViT.patchify` and `forward_loss`): patches stand row by row over the
//! image, and within a patch the pixels stand in the order row, column, channel.

use bmae_architecture::PatchGrid;
use rayon::prelude::*;

use crate::profile::{Operation, time};

/// Values of patches that a thread normalises at once.
const PIECE: usize = 1 << 13;

/// Cuts `images` [N, C, H, W] into `patches` [N, L, h*w*C] with L = (H/h) * (W/w); overwrites `patches`. Over all
/// threads.
///
/// N follows from the length of `images`.
///
/// # Panics
/// When the sizes of `grid` cannot be ([`PatchGrid::check`]), when `images` is not a whole number of images, or when
/// `patches` is not as long as `images`.
pub fn patchify(images: &[f32], grid: PatchGrid, patches: &mut [f32]) {
    let PatchGrid { channels, image, patch } = grid;
    assert!(grid.check().is_ok(), "an image of {image} pixels cannot be cut into patches of {patch}");
    let image_values = grid.values_per_image();
    assert!(image_values > 0 && images.len().is_multiple_of(image_values), "not a whole number of images");
    assert_eq!(images.len(), patches.len(), "patches hold exactly the pixels of the images");

    let (plane, patch_values) = (image.area(), grid.values_per_patch());
    let of_images = images.par_chunks_exact(image_values).zip(patches.par_chunks_exact_mut(image_values));
    of_images.for_each(|(pixels, patches)| {
        let _timer = time(Operation::Patches);
        for (l, out) in patches.chunks_exact_mut(patch_values).enumerate() {
            let (top, left) = grid.corner(l);
            for row in 0..patch.height {
                for column in 0..patch.width {
                    let pixel = (top + row) * image.width + left + column;
                    let at = (row * patch.width + column) * channels;
                    for channel in 0..channels {
                        out[at + channel] = pixels[channel * plane + pixel];
                    }
                }
            }
        }
    });
}

/// Normalises each patch of `patches` [.., P] in place, over all threads: (x - mean) / sqrt(variance + 1e-6), with the *unbiased*
/// variance (divided by P - 1), as `norm_pix_loss` of the official MAE does.
///
/// # Panics
/// When `values_per_patch` is below 2 (the unbiased variance of one value does not exist) or does not divide the
/// length.
pub fn normalise_patches(patches: &mut [f32], values_per_patch: usize) {
    assert!(values_per_patch >= 2, "the unbiased variance needs two values");
    assert!(patches.len().is_multiple_of(values_per_patch), "not a whole number of patches");
    let patches_of_piece = (PIECE / values_per_patch).max(1);
    patches.par_chunks_mut(patches_of_piece * values_per_patch).for_each(|patches| {
        let _timer = time(Operation::Patches);
        patches.chunks_exact_mut(values_per_patch).for_each(normalise);
    });
}

fn normalise(patch: &mut [f32]) {
    let values = patch.len() as f64;
    let mean = patch.iter().map(|&x| f64::from(x)).sum::<f64>() / values;
    let squares = patch.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>();
    let scale = 1.0 / (squares / (values - 1.0) + 1e-6).sqrt();
    for x in patch {
        *x = ((f64::from(*x) - mean) * scale) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bmae_architecture::{ImageSize, PatchSize};

    #[test]
    fn patches_stand_row_by_row_and_their_pixels_row_column_channel() {
        // One image of 4x4 pixels and two channels; the value tells channel, row and column: c*100 + row*10 + column.
        let image: Vec<f32> =
            (0..2).flat_map(|c| (0..4).flat_map(move |y| (0..4).map(move |x| (c * 100 + y * 10 + x) as f32))).collect();
        let mut patches = vec![0.0; image.len()];
        patchify(&image, PatchGrid { channels: 2, ..PatchGrid::rgb(4, 2) }, &mut patches);
        assert_eq!(patches[..8], [0., 100., 1., 101., 10., 110., 11., 111.]);
        assert_eq!(patches[8..16], [2., 102., 3., 103., 12., 112., 13., 113.], "the second patch lies to the right");
        assert_eq!(patches[16..24], [20., 120., 21., 121., 30., 130., 31., 131.], "the third begins the next row");
    }

    #[test]
    fn patches_and_images_need_not_be_square() {
        // Images of 4 rows and 6 columns in patches of 2 rows and 3 columns: row*10 + column.
        let image: Vec<f32> = (0..4).flat_map(|y| (0..6).map(move |x| (y * 10 + x) as f32)).collect();
        let (size, patch) = (ImageSize { height: 4, width: 6 }, PatchSize { height: 2, width: 3 });
        let mut patches = vec![0.0; image.len()];
        patchify(&image, PatchGrid { channels: 1, image: size, patch }, &mut patches);
        assert_eq!(patches[..6], [0., 1., 2., 10., 11., 12.]);
        assert_eq!(patches[6..12], [3., 4., 5., 13., 14., 15.], "the second patch lies to the right");
        assert_eq!(patches[12..18], [20., 21., 22., 30., 31., 32.], "the third begins the next row");
    }

    #[test]
    fn a_second_image_follows_the_first() {
        let images: Vec<f32> = (0..2 * 3 * 4).map(|i| i as f32).collect();
        let mut patches = vec![0.0; images.len()];
        patchify(&images, PatchGrid::rgb(2, 2), &mut patches);
        assert_eq!(patches[12..15], [12., 16., 20.]);
    }

    #[test]
    #[should_panic(expected = "cannot be cut")]
    fn a_patch_that_does_not_divide_the_side_is_refused() {
        patchify(&[0.0; 27], PatchGrid::rgb(3, 2), &mut [0.0; 27]);
    }

    #[test]
    fn normalisation_uses_the_unbiased_variance_and_the_small_constant() {
        // Mean 2, squares 1 + 0 + 1, unbiased variance 1; the second patch is constant and stays finite.
        let mut patches = [1.0, 2.0, 3.0, 5.0, 5.0, 5.0];
        normalise_patches(&mut patches, 3);
        let expected = 1.0 / (1.0f64 + 1e-6).sqrt();
        for (got, want) in patches.iter().zip([-expected, 0.0, expected, 0.0, 0.0, 0.0]) {
            assert!((f64::from(*got) - want).abs() < 1e-7, "{got} is not {want}");
        }
    }
}
