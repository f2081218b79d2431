//! Brightness.

use super::blend::blend;
use super::lookup;
use crate::Image;

/// Blends black (`factor` 0) with the image itself (1); above 1 it becomes brighter. Pillow's
/// `ImageEnhance.Brightness`.
pub fn brightness(image: &mut Image, factor: f64) {
    lookup::apply(image, &lookup::table(|value| blend(0, value, factor as f32)));
}
