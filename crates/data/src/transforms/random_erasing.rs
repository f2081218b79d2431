//! Random erasing: a rectangle of noise.
//!
//! Source: Zhong et al. 2020, as timm's `RandomErasing(mode="pixel")` does it with its default areas and ratios: after
//! normalisation, one box, a standard normal number for every pixel of every channel.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use super::random_resized_crop::uniform;
use crate::Rectangle;

/// The share of the image's area that is erased is drawn uniformly from 0.02 to 1/3.
pub const AREA: (f64, f64) = (0.02, 1.0 / 3.0);

/// The aspect ratio (height / width) of the box is drawn log-uniformly from 0.3 to 1/0.3.
pub const ASPECT_RATIO: (f64, f64) = (0.3, 1.0 / 0.3);

/// How often area and ratio are drawn while the box does not fit into the image.
const ATTEMPTS: usize = 10;

/// Draws the box to be erased from an image of `width` x `height` pixels: `None` with probability 1 - `probability`,
/// and when none of ten boxes was narrower and lower than the image, or the box has no pixel.
pub fn draw(width: usize, height: usize, probability: f64, generator: &mut impl Rng) -> Option<Rectangle> {
    if generator.random::<f64>() >= probability {
        return None;
    }
    for _ in 0..ATTEMPTS {
        let area = (width * height) as f64 * uniform(AREA, generator);
        let ratio = uniform((ASPECT_RATIO.0.ln(), ASPECT_RATIO.1.ln()), generator).exp();
        let h = (area * ratio).sqrt().round_ties_even() as usize;
        let w = (area / ratio).sqrt().round_ties_even() as usize;
        if w < width && h < height {
            let top = generator.random_range(0..=(height - h) as u64) as usize;
            let left = generator.random_range(0..=(width - w) as u64) as usize;
            return (w > 0 && h > 0).then_some(Rectangle { left, top, width: w, height: h });
        }
    }
    None
}

/// Overwrites `area` of an image of `width` columns, given as planes [channels, height, width], with standard normal
/// numbers.
///
/// # Panics
/// When the area does not lie within the planes.
pub fn erase(planes: &mut [f32], channels: usize, width: usize, area: Rectangle, generator: &mut impl Rng) {
    let plane_length = planes.len() / channels;
    for plane in planes.chunks_exact_mut(plane_length) {
        for row in plane.chunks_exact_mut(width).skip(area.top).take(area.height) {
            for value in &mut row[area.left..area.left + area.width] {
                *value = generator.sample(StandardNormal);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, keyed};

    #[test]
    fn exactly_the_box_is_erased_in_every_channel_with_numbers_of_its_own() {
        let mut planes = vec![100.0_f32; 3 * 4 * 5];
        let area = Rectangle { left: 2, top: 1, width: 3, height: 2 };
        erase(&mut planes, 3, 5, area, &mut keyed(0, 0, 0, Purpose::RandomErasing));
        let mut erased = Vec::new();
        for (place, value) in planes.into_iter().enumerate() {
            let (row, column) = (place / 5 % 4, place % 5);
            if (1..3).contains(&row) && (2..5).contains(&column) {
                erased.push(value.to_bits());
            } else {
                assert_eq!(value, 100.0, "row {row}, column {column}");
            }
        }
        assert_eq!(erased.len(), 18);
        erased.sort_unstable();
        erased.dedup();
        assert_eq!(erased.len(), 18, "every pixel of every channel has a number of its own");
    }

    #[test]
    fn a_box_is_always_smaller_than_the_image_and_tiny_images_do_not_fail() {
        for side in [1, 2, 3, 8, 32] {
            for sample in 0..2000 {
                let mut generator = keyed(0, 0, sample, Purpose::RandomErasing);
                if let Some(area) = draw(side, side, 1.0, &mut generator) {
                    assert!((1..side).contains(&area.width) && (1..side).contains(&area.height), "{area:?} of {side}");
                    assert!(area.left + area.width <= side && area.top + area.height <= side, "{area:?} of {side}");
                } else {
                    assert!(side < 4, "an image of {side} pixels can always be erased in part");
                }
            }
        }
    }
}
