//! The square that an evaluation sees: the shorter side resized to `image_size`, then the centre.
//!
//! Sizes and places are rounded as torchvision's `Resize` and `CenterCrop` round them.

use super::resize::resize;
use crate::{DataError, Image, Rectangle};

/// The centre of an image, `size` x `size` pixels. An image that has this size already is used as it is.
///
/// # Errors
/// When the image is too long and thin to be resized.
pub fn evaluation_crop(image: &Image, size: usize) -> Result<Image, DataError> {
    let (width, height) = resized_sides(image.width(), image.height(), size);
    let whole = Rectangle { left: 0, top: 0, width: image.width(), height: image.height() };
    let resized = resize(image, whole, width, height)?;
    let (left, top) = (centred(width, size), centred(height, size));
    resize(&resized, Rectangle { left, top, width: size, height: size }, size, size)
}

/// Width and height once the shorter side has become `size`; the longer one is rounded down.
fn resized_sides(width: usize, height: usize, size: usize) -> (usize, usize) {
    if width <= height { (size, size * height / width) } else { (size * width / height, size) }
}

/// Where a centred piece of length `size` starts: half of what is left over, halves rounded to even.
fn centred(length: usize, size: usize) -> usize {
    ((length - size) as f64 / 2.0).round_ties_even() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A different pixel everywhere, so that misplaced ones are noticed.
    fn numbered(width: usize, height: usize) -> Image {
        let pixels = (0..width * height).flat_map(|i| [i as u8, (i / 256) as u8, 7]).collect();
        Image::new(width, height, pixels).expect("three bytes a pixel")
    }

    #[test]
    fn an_image_of_the_right_size_is_used_as_it_is() {
        let image = numbered(32, 32);
        assert_eq!(evaluation_crop(&image, 32).expect("32x32"), image);
    }

    #[test]
    fn a_long_side_loses_the_same_at_both_ends() {
        let image = numbered(6, 4);
        let square = evaluation_crop(&image, 4).expect("6x4");
        let rows = |image: &Image, left: usize| -> Vec<Vec<u8>> {
            let row_bytes = 3 * image.width();
            image.pixels().chunks(row_bytes).map(|row| row[3 * left..3 * (left + 4)].to_vec()).collect()
        };
        assert_eq!(rows(&square, 0), rows(&image, 1));
    }

    #[test]
    fn the_shorter_side_becomes_the_image_size_and_the_longer_is_rounded_down() {
        assert_eq!(resized_sides(500, 375, 32), (42, 32));
        assert_eq!(resized_sides(375, 500, 32), (32, 42));
        assert_eq!(resized_sides(20, 20, 32), (32, 32));
    }

    #[test]
    fn halves_are_rounded_to_even_as_in_python() {
        assert_eq!([4, 5, 6, 7, 8, 9].map(|length| centred(length, 4)), [0, 0, 1, 2, 2, 2]);
    }

    #[test]
    fn a_flat_image_stays_flat_at_any_size() {
        let flat = Image::new(90, 50, [200, 10, 90].repeat(4500)).expect("90x50");
        for size in [1, 8, 50, 64] {
            let square = evaluation_crop(&flat, size).expect("an ordinary size");
            assert_eq!(square.pixels(), [200, 10, 90].repeat(size * size), "size {size}");
        }
    }
}
