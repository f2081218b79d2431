//! Colour balance.

use super::blend::blend;
use crate::Image;
use crate::luminance::luminance;

/// Blends the grey image (`factor` 0) with the image itself (1); above 1 the colours become stronger. Pillow's
/// `ImageEnhance.Color`.
pub fn colour(image: &mut Image, factor: f64) {
    let factor = factor as f32;
    let (pixels, _) = image.pixels_mut().as_chunks_mut::<3>();
    for pixel in pixels {
        let grey = luminance(*pixel);
        *pixel = pixel.map(|value| blend(grey, value, factor));
    }
}
