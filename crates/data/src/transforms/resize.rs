//! Bicubic resizing, of 8 bits to the bit as Pillow does it: the kernel with a = -0.5 (Catmull-Rom), widened when the image
//! shrinks, so that nothing aliases.
//!
//! Pillow resizes one direction after the other, each in fixed-point numbers, and rounds and saturates what lies
//! between them to 8 bits. So the order shows: where overshoot is cut off, by up to a few dozen grey levels. The width
//! changes first, unless the height shrinks by more than twice as many pixels as the width (so since Pillow 13; before,
//! the width always came first). What does not shrink, such as the crops of CIFAR, is the same with every version.
//!
//! Images of 16 bits are resized as those of Pillow's mode `I;16`, and floats as those of its mode `F`: weights and sums
//! in double precision, what lies between the two directions stored as the image is, 16 bits rounded to the nearest.

use crate::error::TransformError;
use crate::samples::{Sample, Samples, by_type};
use crate::{DataError, Image, Rectangle};

/// The greatest side of an image, in pixels, that the transforms handle.
pub const MAX_SIDE: usize = 1 << 16;

/// The bits after the point of a weight of 8 bits: the sum of 8-bit values, weighted with overshoot, fits into 32 bits.
pub const FRACTION_BITS: u32 = 22;

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
    let channels = image.channels();
    let samples = by_type!(image.samples(), values => match channels {
        3 => colours(resized(cut_out(values, image.width(), area), area, (width, height))),
        _ => {
            let plane = |channel| cut_out_plane(values, (channel, channels), image.width(), area);
            let planes: Vec<_> = (0..channels).map(|channel| resized(plane(channel), area, (width, height))).collect();
            interleaved(&planes)
        }
    });
    image.replaced((width, height), channels, samples)
}

fn colours<T: Resampled>(pixels: Vec<[T; 3]>) -> Samples {
    T::wrap(pixels.into_flattened())
}

fn interleaved<T: Resampled>(planes: &[Vec<[T; 1]>]) -> Samples {
    let length = planes.first().map_or(0, Vec::len);
    T::wrap((0..length).flat_map(|place| planes.iter().map(move |plane| plane[place][0])).collect())
}

/// The pixels of `area` as `width` x `height` pixels.
fn resized<T: Resampled, const C: usize>(
    part: Vec<[T; C]>,
    area: Rectangle,
    (width, height): (usize, usize),
) -> Vec<[T; C]> {
    if height_first(area, (width, height)) {
        let rows_done = resize_columns(part, area.width, area.height, height);
        resize_rows(rows_done, area.width, width)
    } else {
        let columns_done = resize_rows(part, area.width, width);
        resize_columns(columns_done, width, area.height, height)
    }
}

/// Whether `area`, resized to `width` x `height`, changes its height before its width.
pub fn height_first(area: Rectangle, (width, height): (usize, usize)) -> bool {
    let lost = |from: usize, to: usize| from as isize - to as isize;
    let (lost_columns, lost_rows) = (lost(area.width, width), lost(area.height, height));
    lost_rows > 0 && lost_rows > 2 * lost_columns
}

/// What each of `new` pixels takes from a line of `old` pixels of 8 bits: the first that counts, and from there on their weights in
/// fixed point, with [`FRACTION_BITS`] bits after the point. A sum of them begins with one half, is cut off, and saturates.
pub fn weights_of_8_bits(old: usize, new: usize) -> Vec<(usize, Vec<i32>)> {
    match old == new {
        true => (0..new).map(|place| (place, vec![1 << FRACTION_BITS])).collect(),
        false => Weights::<u8>::new(old, new).iter().map(|(start, weights)| (start, weights.to_vec())).collect(),
    }
}

fn cut_out<T: Sample, const C: usize>(values: &[T], width: usize, area: Rectangle) -> Vec<[T; C]> {
    let (pixels, _) = values.as_chunks::<C>();
    let rows = pixels.chunks_exact(width).skip(area.top).take(area.height);
    let mut part = Vec::with_capacity(area.width * area.height);
    for row in rows {
        part.extend_from_slice(&row[area.left..area.left + area.width]);
    }
    part
}

/// The same of one channel of so many.
fn cut_out_plane<T: Sample>(
    values: &[T],
    (channel, channels): (usize, usize),
    width: usize,
    area: Rectangle,
) -> Vec<[T; 1]> {
    let rows = values.chunks_exact(width * channels).skip(area.top).take(area.height);
    let pixels = |row: &'_ [T]| {
        row.chunks_exact(channels).skip(area.left).take(area.width).map(|pixel| [pixel[channel]]).collect::<Vec<_>>()
    };
    rows.flat_map(pixels).collect()
}

/// Samples as they are summed up with weights.
trait Resampled: Sample {
    /// A weight, and a sum of weighted samples.
    type Weight: Copy;

    /// Where sums begin.
    const START: Self::Weight;

    /// A share of the whole as a weight.
    fn weight(share: f64) -> Self::Weight;

    /// Adds a weighted sample.
    fn add(sum: &mut Self::Weight, value: Self, weight: Self::Weight);

    /// The sample that a sum is.
    fn of_sum(sum: Self::Weight) -> Self;
}

impl Resampled for u8 {
    type Weight = i32;
    /// One half, so that cutting the fraction off rounds.
    const START: i32 = 1 << (FRACTION_BITS - 1);

    fn weight(share: f64) -> i32 {
        let share = share * f64::from(1 << FRACTION_BITS);
        // Rounds, halves away from zero.
        (share + 0.5_f64.copysign(share)) as i32
    }
    fn add(sum: &mut i32, value: Self, weight: i32) {
        *sum += i32::from(value) * weight;
    }
    fn of_sum(sum: i32) -> Self {
        (sum >> FRACTION_BITS).clamp(0, 255) as u8
    }
}

/// In double precision.
macro_rules! in_double_precision {
    ($($sample:ty),+) => { $(
        impl Resampled for $sample {
            type Weight = f64;
            const START: f64 = 0.0;

            fn weight(share: f64) -> f64 {
                share
            }
            fn add(sum: &mut f64, value: Self, weight: f64) {
                *sum += value.to_f64() * weight;
            }
            fn of_sum(sum: f64) -> Self {
                Self::of_f64(sum)
            }
        }
    )+ };
}

in_double_precision!(u16, f32);

/// Gives every row, of `old` pixels, `new` ones.
fn resize_rows<T: Resampled, const C: usize>(pixels: Vec<[T; C]>, old: usize, new: usize) -> Vec<[T; C]> {
    if old == new {
        return pixels;
    }
    let weights = Weights::<T>::new(old, new);
    let mut resized = Vec::with_capacity(pixels.len() / old * new);
    for row in pixels.chunks_exact(old) {
        resized.extend(weights.iter().map(|(start, weights)| {
            let mut sums = [T::START; C];
            for (pixel, &weight) in row[start..start + weights.len()].iter().zip(weights) {
                for (sum, &value) in sums.iter_mut().zip(pixel) {
                    T::add(sum, value, weight);
                }
            }
            sums.map(T::of_sum)
        }));
    }
    resized
}

/// Gives every column, of `old` pixels, `new` ones; there are `width` columns.
fn resize_columns<T: Resampled, const C: usize>(
    pixels: Vec<[T; C]>,
    width: usize,
    old: usize,
    new: usize,
) -> Vec<[T; C]> {
    if old == new {
        return pixels;
    }
    let weights = Weights::<T>::new(old, new);
    let mut resized = Vec::with_capacity(width * new);
    let mut sums = vec![[T::START; C]; width];
    for (start, weights) in weights.iter() {
        sums.fill([T::START; C]);
        for (row, &weight) in pixels[start * width..].chunks_exact(width).zip(weights) {
            for (sum, &value) in sums.as_flattened_mut().iter_mut().zip(row.as_flattened()) {
                T::add(sum, value, weight);
            }
        }
        resized.extend(sums.iter().map(|sums| sums.map(T::of_sum)));
    }
    resized
}

/// What each pixel of a new line takes from the pixels of an old one.
struct Weights<T: Resampled> {
    /// For each new pixel: the first old pixel, and where its weights end in `weights`.
    spans: Vec<(usize, usize)>,
    /// The weights of all new pixels, one after the other.
    weights: Vec<T::Weight>,
}

impl<T: Resampled> Weights<T> {
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
            weights.extend(shares.iter().map(|share| T::weight(share / sum)));
            spans.push((start, weights.len()));
        }
        Self { spans, weights }
    }

    /// The first old pixel and the weights from there on, for each new pixel in turn.
    fn iter(&self) -> impl Iterator<Item = (usize, &[T::Weight])> {
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
