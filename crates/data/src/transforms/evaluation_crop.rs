//! What an evaluation sees: the image resized until it just covers `image_size`, then the centre.
//!
//! Sizes and places are rounded as torchvision's `Resize` and `CenterCrop` round them; for a square the shorter side becomes
//! the square's.

use bmae_architecture::ImageSize;

use super::resize::resize;
use crate::{DataError, Image, Rectangle};

/// The centre of an image, of the size `size`. An image that has this size already is used as it is.
///
/// # Errors
/// When the image is too long and thin to be resized.
pub fn evaluation_crop(image: &Image, size: ImageSize) -> Result<Image, DataError> {
    let (width, height) = resized_sides(image.width(), image.height(), size);
    let whole = Rectangle { left: 0, top: 0, width: image.width(), height: image.height() };
    let resized = resize(image, whole, width, height)?;
    let (left, top) = (centred(width, size.width), centred(height, size.height));
    resize(&resized, Rectangle { left, top, width: size.width, height: size.height }, size.width, size.height)
}

/// Width and height once the image just covers `size`: one side is that of `size`, the other one is as long or longer, and
/// rounded down.
fn resized_sides(width: usize, height: usize, size: ImageSize) -> (usize, usize) {
    // Which side has further to go: size.width / width against size.height / height.
    let by_width = size.width as u128 * height as u128 >= size.height as u128 * width as u128;
    match by_width {
        true => (size.width, size.width * height / width),
        false => (size.height * width / height, size.height),
    }
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
        assert_eq!(evaluation_crop(&image, ImageSize::square(32)).expect("32x32"), image);
    }

    #[test]
    fn a_long_side_loses_the_same_at_both_ends() {
        let image = numbered(6, 4);
        let square = evaluation_crop(&image, ImageSize::square(4)).expect("6x4");
        let rows = |image: &Image, left: usize| -> Vec<Vec<u8>> {
            let row_bytes = 3 * image.width();
            image.pixels().chunks(row_bytes).map(|row| row[3 * left..3 * (left + 4)].to_vec()).collect()
        };
        assert_eq!(rows(&square, 0), rows(&image, 1));
    }

    #[test]
    fn the_shorter_side_becomes_the_image_size_and_the_longer_is_rounded_down() {
        let sides = |width, height| resized_sides(width, height, ImageSize::square(32));
        assert_eq!(sides(500, 375), (42, 32));
        assert_eq!(sides(375, 500), (32, 42));
        assert_eq!(sides(20, 20), (32, 32));
    }

    #[test]
    fn an_image_just_covers_a_size_that_is_not_square() {
        let wide = ImageSize { height: 32, width: 64 };
        assert_eq!(resized_sides(128, 64, wide), (64, 32), "of the same form");
        assert_eq!(resized_sides(100, 100, wide), (64, 64), "too high: rows are cut off");
        assert_eq!(resized_sides(500, 100, wide), (160, 32), "too wide: columns are cut off");
        for (width, height) in [(1, 1), (3, 2), (63, 32), (65, 32), (64, 31), (7, 900), (900, 7)] {
            for size in [wide, ImageSize { height: 64, width: 32 }, ImageSize { height: 5, width: 7 }] {
                let (resized_width, resized_height) = resized_sides(width, height, size);
                assert!(resized_width >= size.width && resized_height >= size.height, "{width}x{height} to {size}");
                assert!(resized_width == size.width || resized_height == size.height, "{width}x{height} to {size}");
                let image = evaluation_crop(&numbered(width, height), size).expect("an ordinary size");
                assert_eq!((image.width(), image.height()), (size.width, size.height));
            }
        }
        let image = numbered(64, 32);
        assert_eq!(evaluation_crop(&image, wide).expect("64x32"), image, "what has the size already is used as it is");
    }

    #[test]
    fn halves_are_rounded_to_even_as_in_python() {
        assert_eq!([4, 5, 6, 7, 8, 9].map(|length| centred(length, 4)), [0, 0, 1, 2, 2, 2]);
    }

    #[test]
    fn a_flat_image_stays_flat_at_any_size() {
        let flat = Image::new(90, 50, [200, 10, 90].repeat(4500)).expect("90x50");
        for size in [1, 8, 50, 64] {
            let square = evaluation_crop(&flat, ImageSize::square(size)).expect("an ordinary size");
            assert_eq!(square.pixels(), [200, 10, 90].repeat(size * size), "size {size}");
        }
    }
}
