//! The mirror image: left and right exchanged, with probability one half.

use rand::{Rng, RngExt};

use crate::Image;

/// Whether to mirror an image: true half of the time.
pub fn draw(generator: &mut impl Rng) -> bool {
    generator.random()
}

/// Exchanges left and right, in place.
pub fn mirror(image: &mut Image) {
    let row_bytes = 3 * image.width();
    for row in image.pixels_mut().chunks_exact_mut(row_bytes) {
        let (pixels, _) = row.as_chunks_mut::<3>();
        pixels.reverse();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirroring_reverses_the_columns_and_keeps_rows_and_channels() {
        let mut image = Image::new(3, 2, (0..18).collect()).expect("3x2");
        mirror(&mut image);
        assert_eq!(image.pixels(), [6, 7, 8, 3, 4, 5, 0, 1, 2, 15, 16, 17, 12, 13, 14, 9, 10, 11]);
    }

    #[test]
    fn half_of_the_images_are_mirrored() {
        use crate::random::{Purpose, keyed};
        let mirrored = (0..10_000).filter(|&i| draw(&mut keyed(0, 0, i, Purpose::Flip))).count();
        // Five standard deviations are 250.
        assert!(mirrored.abs_diff(5000) < 250, "{mirrored} of 10000");
    }
}
