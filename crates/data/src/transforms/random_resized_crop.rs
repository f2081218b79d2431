//! Where a random crop lies: torchvision's draw and BYOL's.
//!
//! Sources: `RandomResizedCrop.get_params` of torchvision, and `util/crop.py` of the official MAE, which follows BYOL.

use rand::{Rng, RngExt};

use crate::Rectangle;

/// The aspect ratio (width / height) of a crop is drawn log-uniformly from 3/4 to 4/3 of that of the image it becomes. For a
/// square this is torchvision's default; for another form it keeps things as long and as high as evaluations show them.
pub const ASPECT_RATIO: (f64, f64) = (3.0 / 4.0, 4.0 / 3.0);

/// How often torchvision's draw is repeated while the crop does not fit into the image.
const ATTEMPTS: usize = 10;

/// How area and ratio of a crop become a rectangle within the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CropRule {
    /// Up to ten draws of area and ratio, until one fits into the image; then the largest centred crop whose ratio is
    /// allowed.
    Torchvision,
    /// One draw of area and ratio, each side cut down to the image's: always random, the ratio not always within
    /// [`ASPECT_RATIO`].
    Byol,
}

impl CropRule {
    /// Draws a crop of an image of `width` x `height` pixels, to be resized to an image whose width is `form` times its
    /// height; it covers a share of the image's area drawn uniformly from `scale` (least, greatest).
    pub fn draw(
        self,
        (width, height): (usize, usize),
        form: f64,
        scale: (f64, f64),
        generator: &mut impl Rng,
    ) -> Rectangle {
        let ratios = (ASPECT_RATIO.0 * form, ASPECT_RATIO.1 * form);
        match self {
            Self::Torchvision => {
                for _ in 0..ATTEMPTS {
                    let (w, h) = draw_sides(width, height, scale, ratios, generator);
                    if (1..=width).contains(&w) && (1..=height).contains(&h) {
                        return place(width, height, w, h, generator);
                    }
                }
                central_crop(width, height, ratios)
            }
            Self::Byol => {
                let (w, h) = draw_sides(width, height, scale, ratios, generator);
                place(width, height, w.clamp(1, width), h.clamp(1, height), generator)
            }
        }
    }
}

/// Width and height of a crop of random area and ratio, before anyone asks whether it fits.
fn draw_sides(
    width: usize,
    height: usize,
    scale: (f64, f64),
    ratios: (f64, f64),
    generator: &mut impl Rng,
) -> (usize, usize) {
    let area = (width * height) as f64 * uniform(scale, generator);
    let ratio = uniform((ratios.0.ln(), ratios.1.ln()), generator).exp();
    ((area * ratio).sqrt().round_ties_even() as usize, (area / ratio).sqrt().round_ties_even() as usize)
}

/// A uniform number of the interval from `low` to `high`, which may be equal.
pub(super) fn uniform((low, high): (f64, f64), generator: &mut impl Rng) -> f64 {
    low + (high - low) * generator.random::<f64>()
}

/// Each place where the crop fits into the image is equally likely.
fn place(width: usize, height: usize, w: usize, h: usize, generator: &mut impl Rng) -> Rectangle {
    let top = generator.random_range(0..=(height - h) as u64) as usize;
    let left = generator.random_range(0..=(width - w) as u64) as usize;
    Rectangle { left, top, width: w, height: h }
}

/// The largest centred crop whose ratio is allowed.
fn central_crop(width: usize, height: usize, ratios: (f64, f64)) -> Rectangle {
    let ratio = width as f64 / height as f64;
    let (w, h) = if ratio < ratios.0 {
        (width, (width as f64 / ratios.0).round_ties_even() as usize)
    } else if ratio > ratios.1 {
        ((height as f64 * ratios.1).round_ties_even() as usize, height)
    } else {
        (width, height)
    };
    Rectangle { left: (width - w) / 2, top: (height - h) / 2, width: w, height: h }
}
