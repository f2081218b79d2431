//! The mirror image: left and right exchanged, with probability one half.

use rand::{Rng, RngExt};

use crate::Image;
use crate::samples::by_type;

/// Whether to mirror an image: true half of the time.
pub fn draw(generator: &mut impl Rng) -> bool {
    generator.random()
}

/// Exchanges left and right, in place.
pub fn mirror(image: &mut Image) {
    let (width, channels) = (image.width(), image.channels());
    by_type!(image.samples_mut(), values => mirror_rows(values, width, channels));
}

fn mirror_rows<T>(values: &mut [T], width: usize, channels: usize) {
    for row in values.chunks_exact_mut(width * channels) {
        match channels {
            3 => row.as_chunks_mut::<3>().0.reverse(),
            _ => {
                // The whole row, and each pixel once more.
                row.reverse();
                row.chunks_exact_mut(channels).for_each(<[T]>::reverse);
            }
        }
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
    fn any_number_of_channels_of_any_depth_is_mirrored() {
        use crate::Samples;
        let mut image = Image::of_samples(3, 1, 2, Samples::U16(vec![1, 2, 300, 4, 5, 60_000])).expect("3x1");
        mirror(&mut image);
        assert_eq!(image.samples(), &Samples::U16(vec![5, 60_000, 300, 4, 1, 2]));
    }

    #[test]
    fn half_of_the_images_are_mirrored() {
        use crate::random::{Purpose, keyed};
        let mirrored = (0..10_000).filter(|&i| draw(&mut keyed(0, 0, i, Purpose::Flip))).count();
        // Five standard deviations are 250.
        assert!(mirrored.abs_diff(5000) < 250, "{mirrored} of 10000");
    }
}
