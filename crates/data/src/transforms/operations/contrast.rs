//! Contrast.

use super::blend::blend;
use super::lookup;
use crate::Image;
use crate::luminance::luminance;

/// Blends the image's mean luminance, rounded (`factor` 0), with the image itself (1); above 1 the contrast grows.
/// Pillow's `ImageEnhance.Contrast`.
pub fn contrast(image: &mut Image, factor: f64) {
    let (pixels, _) = image.pixels().as_chunks::<3>();
    let sum: u64 = pixels.iter().map(|&pixel| u64::from(luminance(pixel))).sum();
    let mean = (sum as f64 / pixels.len() as f64 + 0.5) as u8;
    lookup::apply(image, &lookup::table(|value| blend(mean, value, factor as f32)));
}
