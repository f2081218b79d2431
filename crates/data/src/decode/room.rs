//! The memory of one picture: claimed before it is decoded, by what its size and kind need.

use image::metadata::Orientation;

use super::fault::Fault;
use crate::memory::Claim;
use crate::samples::{Depth, Sample, Samples, by_type};
use crate::{Alpha, DataError, Image};

/// The greatest area of an image that is decoded, in pixels: enough for any camera, too little for a file that claims
/// to be larger than memory.
pub const LARGEST_AREA: u64 = 200_000_000;

/// What a decoder may take for profiles, texts and single rows, in bytes.
pub const SLACK: u64 = 16 << 20;

/// The bytes for each pixel of a finished image of RGB of 8 bits: itself, and the part of it that a transform cuts out.
const KEPT_PER_PIXEL: u64 = 2 * 3;

/// A picture's size, and memory for it.
pub struct Room {
    width: u32,
    height: u32,
    claim: Claim,
}

/// The pixels of a picture of this size, in number.
///
/// # Errors
/// When it has none, or more than [`LARGEST_AREA`].
pub fn area(width: u32, height: u32) -> Result<u64, Fault> {
    match u64::from(width) * u64::from(height) {
        0 => Err(Fault::damaged("it has no pixels")),
        area if area > LARGEST_AREA => Err(Fault::TooLarge { width, height }),
        area => Ok(area),
    }
}

impl Room {
    /// Waits for the memory of a picture whose decoder needs `bytes` in all.
    ///
    /// # Errors
    /// As [`area`].
    pub fn wait_for(width: u32, height: u32, bytes: u64) -> Result<Self, Fault> {
        let kept = KEPT_PER_PIXEL * area(width, height)?;
        Ok(Self { width, height, claim: Claim::wait_for(bytes.max(kept)) })
    }

    /// The same memory for a picture of another size.
    pub fn of_size(self, width: u32, height: u32) -> Self {
        Self { width, height, ..self }
    }

    /// So many zeros, for a decoder to fill.
    ///
    /// # Errors
    /// When the system does not give them.
    pub fn zeros(&self, bytes: u64) -> Result<Vec<u8>, Fault> {
        let memory = || Fault::Memory { width: self.width, height: self.height };
        let bytes = usize::try_from(bytes).map_err(|_| memory())?;
        // Asked for in a way that can fail; zeros that nobody has written to then cost nothing.
        Vec::<u8>::new().try_reserve_exact(bytes).map_err(|_| memory())?;
        Ok(vec![0; bytes])
    }

    /// The finished image of `samples` [height, width, channels], turned upright.
    ///
    /// # Errors
    /// When these are not so many for each pixel.
    pub fn finish(
        mut self,
        samples: Samples,
        channels: usize,
        alpha: Option<Alpha>,
        orientation: Orientation,
    ) -> Result<Image, Fault> {
        let bytes_per_sample = match samples.depth() {
            Depth::Bits8 => 1,
            Depth::Bits16 => 2,
            Depth::Float32 => 4,
        };
        let wrong = || Fault::damaged("its decoder gave another number of pixels");
        let image = Image::of_samples(self.width as usize, self.height as usize, channels, samples);
        let image = image.map_err(|_| wrong())?;
        let image = upright(image, orientation).map_err(|_| wrong())?;
        self.claim.keep(
            KEPT_PER_PIXEL.max(2 * bytes_per_sample * channels as u64) * u64::from(self.width) * u64::from(self.height),
        );
        let image = match alpha {
            Some(alpha) => image.with_alpha(alpha),
            None => image,
        };
        Ok(image.holding(self.claim))
    }
}

/// Columns and rows of a picture of `sides` as it is looked at.
pub fn upright_sides((width, height): (usize, usize), orientation: Orientation) -> (usize, usize) {
    use Orientation::{
        FlipHorizontal, FlipVertical, NoTransforms, Rotate90, Rotate90FlipH, Rotate180, Rotate270, Rotate270FlipH,
    };
    match orientation {
        NoTransforms | FlipHorizontal | FlipVertical | Rotate180 => (width, height),
        Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH => (height, width),
    }
}

/// `image` as it is looked at.
fn upright(image: Image, orientation: Orientation) -> Result<Image, DataError> {
    use Orientation::{
        FlipHorizontal, FlipVertical, NoTransforms, Rotate90, Rotate90FlipH, Rotate180, Rotate270, Rotate270FlipH,
    };
    let (width, height, channels) = (image.width(), image.height(), image.channels());
    let (right, below) = (width - 1, height - 1);
    if orientation == NoTransforms {
        return Ok(image);
    }
    let sides = upright_sides((width, height), orientation);
    // Where the pixel at column x and row y comes from.
    let source = |x: usize, y: usize| match orientation {
        NoTransforms => (x, y),
        FlipHorizontal => (right - x, y),
        FlipVertical => (x, below - y),
        Rotate180 => (right - x, below - y),
        Rotate90 => (y, below - x),
        Rotate270 => (right - y, x),
        Rotate90FlipH => (y, x),
        Rotate270FlipH => (right - y, below - x),
    };
    let samples = by_type!(image.samples(), values => turned(values, (width, channels), sides, source));
    Image::of_samples(sides.0, sides.1, channels, samples)
}

fn turned<T: Sample>(
    values: &[T],
    (width, channels): (usize, usize),
    sides: (usize, usize),
    source: impl Fn(usize, usize) -> (usize, usize),
) -> Samples {
    let mut turned = Vec::with_capacity(values.len());
    for y in 0..sides.1 {
        for x in 0..sides.0 {
            let (column, row) = source(x, y);
            turned.extend_from_slice(&values[(row * width + column) * channels..][..channels]);
        }
    }
    T::wrap(turned)
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, RgbImage};

    use super::*;

    #[test]
    fn every_orientation_is_turned_as_the_image_crate_turns_it() {
        let pixels: Vec<u8> = (0..5 * 3 * 3).collect();
        for number in 1..=8 {
            let orientation = Orientation::from_exif(number).expect("one of eight");
            let mut expected = DynamicImage::ImageRgb8(RgbImage::from_raw(5, 3, pixels.clone()).expect("its size"));
            expected.apply_orientation(orientation);
            let found = upright(Image::new(5, 3, pixels.clone()).expect("its size"), orientation).expect("turned");
            assert_eq!((found.width(), found.height()), (expected.width() as usize, expected.height() as usize));
            assert_eq!(found.pixels(), expected.into_rgb8().into_raw(), "orientation {number}");
        }
    }
}
