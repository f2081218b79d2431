//! Bicubic resizing, to the bit as Pillow does it: the kernel with a = -0.5 (Catmull-Rom), widened when the image
//! shrinks, so that nothing aliases.
//!
//! Pillow resizes one direction after the other, each in fixed-point numbers, and rounds and saturates what lies
//! between them to 8 bits. So the order shows: where overshoot is cut off, by up to a few dozen grey levels. The width
//! changes first, unless the height shrinks by more than twice as many pixels as the width (so since Pillow 13; before,
//! the width always came first). What does not shrink, such as the crops of CIFAR, is the same with every version.

use crate::error::TransformError;
use crate::{DataError, Image, Rectangle};

/// The greatest side of an image, in pixels, that the transforms handle.
pub const MAX_SIDE: usize = 1 << 16;

/// The bits after the point of a weight: the sum of 8-bit values, weighted with overshoot, fits into 32 bits.
const FRACTION_BITS: u32 = 22;

/// The reach of the kernel to either side, in pixels of the smaller of the two images.
const REACH: f64 = 2.0;

/// The part `area` of an image, resized to `width` x `height` pixels. As in torchvision's `resized_crop`, the area is
/// cut out first: pixels outside it have no influence. A size that already fits is kept pixel by pixel.
///
/// # Errors
/// When the image, or what it shall become, is wider or higher than [`MAX_SIDE`], or the area does not lie within the
/// image.
pub fn resize(image: &Image, area: Rectangle, width: usize, height: usize) -> Result<Image, DataError> {
    for found in [image.width(), image.height(), width, height] {
        if found > MAX_SIDE {
            return Err(TransformError::ImageSize { found, max: MAX_SIDE }.into());
        }
    }
    let inside =
        |start: usize, length: usize, whole| length > 0 && start.checked_add(length).is_some_and(|end| end <= whole);
    if !(inside(area.left, area.width, image.width()) && inside(area.top, area.height, image.height())) {
        return Err(TransformError::PartOfImage { area, width: image.width(), height: image.height() }.into());
    }
    let part = cut_out(image, area);
    let lost = |from: usize, to: usize| from as isize - to as isize;
    let (lost_columns, lost_rows) = (lost(area.width, width), lost(area.height, height));
    let pixels = if lost_rows > 0 && lost_rows > 2 * lost_columns {
        let rows_done = resize_columns(part, area.width, area.height, height);
        resize_rows(rows_done, area.width, width)
    } else {
        let columns_done = resize_rows(part, area.width, width);
        resize_columns(columns_done, width, area.height, height)
    };
    Image::new(width, height, pixels.into_flattened())
}

fn cut_out(image: &Image, area: Rectangle) -> Vec<[u8; 3]> {
    let (pixels, _) = image.pixels().as_chunks::<3>();
    let rows = pixels.chunks_exact(image.width()).skip(area.top).take(area.height);
    let mut part = Vec::with_capacity(area.width * area.height);
    for row in rows {
        part.extend_from_slice(&row[area.left..area.left + area.width]);
    }
    part
}

/// Gives every row, of `old` pixels, `new` ones.
fn resize_rows(pixels: Vec<[u8; 3]>, old: usize, new: usize) -> Vec<[u8; 3]> {
    if old == new {
        return pixels;
    }
    let weights = Weights::new(old, new);
    let mut resized = Vec::with_capacity(pixels.len() / old * new);
    for row in pixels.chunks_exact(old) {
        resized.extend(weights.iter().map(|(start, weights)| {
            let mut sums = [HALF; 3];
            for (pixel, &weight) in row[start..start + weights.len()].iter().zip(weights) {
                for (sum, &value) in sums.iter_mut().zip(pixel) {
                    *sum += i32::from(value) * weight;
                }
            }
            sums.map(to_byte)
        }));
    }
    resized
}

/// Gives every column, of `old` pixels, `new` ones; there are `width` columns.
fn resize_columns(pixels: Vec<[u8; 3]>, width: usize, old: usize, new: usize) -> Vec<[u8; 3]> {
    if old == new {
        return pixels;
    }
    let weights = Weights::new(old, new);
    let mut resized = Vec::with_capacity(width * new);
    let mut sums = vec![[HALF; 3]; width];
    for (start, weights) in weights.iter() {
        sums.fill([HALF; 3]);
        for (row, &weight) in pixels[start * width..].chunks_exact(width).zip(weights) {
            for (sum, &value) in sums.as_flattened_mut().iter_mut().zip(row.as_flattened()) {
                *sum += i32::from(value) * weight;
            }
        }
        resized.extend(sums.iter().map(|sums| sums.map(to_byte)));
    }
    resized
}

/// One half, as a weighted sum: where sums begin, so that cutting the fraction off rounds them.
const HALF: i32 = 1 << (FRACTION_BITS - 1);

/// A weighted sum without its fraction, kept within 0..=255.
fn to_byte(sum: i32) -> u8 {
    (sum >> FRACTION_BITS).clamp(0, 255) as u8
}

/// What each pixel of a new line takes from the pixels of an old one.
struct Weights {
    /// For each new pixel: the first old pixel, and where its weights end in `weights`.
    spans: Vec<(usize, usize)>,
    /// The weights of all new pixels, one after the other, in units of 2^-[`FRACTION_BITS`].
    weights: Vec<i32>,
}

impl Weights {
    fn new(old: usize, new: usize) -> Self {
        let scale = old as f64 / new as f64;
        // Enlarging interpolates between old pixels, shrinking averages over about the width of a new one.
        let widening = scale.max(1.0);
        let (shrinking, reach) = (1.0 / widening, REACH * widening);
        let mut spans = Vec::with_capacity(new);
        let mut weights = Vec::with_capacity(new * (2 * reach.ceil() as usize + 1));
        let mut shares = Vec::new();
        for place in 0..new {
            let centre = (place as f64 + 0.5) * scale;
            let start = (centre - reach + 0.5).max(0.0) as usize;
            let end = ((centre + reach + 0.5) as usize).min(old);
            shares.clear();
            shares.extend((start..end).map(|pixel| kernel((pixel as f64 - centre + 0.5) * shrinking)));
            let sum: f64 = shares.iter().sum();
            weights.extend(shares.iter().map(|share| {
                let share = share / sum * f64::from(1 << FRACTION_BITS);
                // Rounds, halves away from zero.
                (share + 0.5_f64.copysign(share)) as i32
            }));
            spans.push((start, weights.len()));
        }
        Self { spans, weights }
    }

    /// The first old pixel and the weights from there on, for each new pixel in turn.
    fn iter(&self) -> impl Iterator<Item = (usize, &[i32])> {
        let begins = std::iter::once(0).chain(self.spans.iter().map(|&(_, end)| end));
        self.spans.iter().zip(begins).map(|(&(start, end), begin)| (start, &self.weights[begin..end]))
    }
}

/// The cubic convolution kernel (Keys 1981) with a = -0.5.
fn kernel(distance: f64) -> f64 {
    const A: f64 = -0.5;
    let x = distance.abs();
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < REACH {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}
