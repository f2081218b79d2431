//! The negative.

use crate::Image;

/// Every value v becomes 255 - v. Pillow's `ImageOps.invert`.
pub fn invert(image: &mut Image) {
    for value in image.pixels_mut() {
        *value = !*value;
    }
}
