//! One image: its samples, and the number of its channels.

use std::fmt;
use std::sync::Arc;

use crate::DataError;
use crate::error::{ChannelError, TransformError};
use crate::memory::Claim;
use crate::samples::{Depth, Samples};

pub use bmae_architecture::MOST_CHANNELS;

/// What the last channel of an image is, where it is none of its colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alpha {
    /// How opaque a pixel is; its colours are what they are.
    Straight,
    /// How opaque a pixel is; its colours are multiplied by it already.
    Associated,
    /// Something else.
    Unused,
}

/// An image of 1 to [`MOST_CHANNELS`] channels, of 8 or 16 bits or 32-bit floats.
#[derive(Clone)]
pub struct Image {
    width: usize,
    height: usize,
    channels: usize,
    samples: Samples,
    /// What the last channel is; absent where it is a colour, or a band, like the others.
    alpha: Option<Alpha>,
    /// Width and height of the picture that this one was decoded from at a part of its size.
    reduced_from: Option<(usize, usize)>,
    /// What a decoded image takes of the memory for all of them.
    claim: Option<Arc<Claim>>,
}

impl Image {
    /// An RGB image of 8 bits, `width` x `height` pixels, given in the order row, column, channel (red, green, blue).
    ///
    /// # Errors
    /// When a side is 0, or the number of bytes is not `height * width * 3`.
    pub fn new(width: usize, height: usize, pixels: Vec<u8>) -> Result<Self, DataError> {
        Self::of_samples(width, height, 3, Samples::U8(pixels))
    }

    /// An image of any number of channels, given in the order row, column, channel.
    ///
    /// # Errors
    /// When a side is 0, the number of channels is not 1 to [`MOST_CHANNELS`], or the number of samples is not
    /// `height * width * channels`.
    pub fn of_samples(width: usize, height: usize, channels: usize, samples: Samples) -> Result<Self, DataError> {
        if !(1..=MOST_CHANNELS).contains(&channels) {
            return Err(ChannelError::Number { found: channels }.into());
        }
        let expected = width.checked_mul(height).and_then(|area| area.checked_mul(channels));
        if width == 0 || height == 0 || expected != Some(samples.len()) {
            return Err(TransformError::ImageShape { width, height, channels, samples: samples.len() }.into());
        }
        Ok(Self { width, height, channels, samples, alpha: None, reduced_from: None, claim: None })
    }

    /// The same image, whose last channel, of two or more, is something else than a colour.
    pub(crate) fn with_alpha(self, alpha: Alpha) -> Self {
        Self { alpha: (self.channels > 1).then_some(alpha), ..self }
    }

    /// The same image, which was decoded smaller than it is, from `width` x `height` pixels.
    pub(crate) fn reduced_from(self, width: usize, height: usize) -> Self {
        Self { reduced_from: Some((width, height)), ..self }
    }

    /// Width and height before the image was reduced while it was decoded; its own where it was not.
    pub fn native_size(&self) -> (usize, usize) {
        self.reduced_from.unwrap_or((self.width, self.height))
    }

    /// The same image, which gives a claim back when it and its clones are dropped.
    pub(crate) fn holding(self, claim: Claim) -> Self {
        Self { claim: Some(Arc::new(claim)), ..self }
    }

    /// An image of other sides, or samples, in place of this one, with what it holds of the memory.
    ///
    /// # Errors
    /// As [`of_samples`](Self::of_samples).
    pub(crate) fn replaced(
        &self,
        (width, height): (usize, usize),
        channels: usize,
        samples: Samples,
    ) -> Result<Self, DataError> {
        let alpha = self.alpha.filter(|_| channels == self.channels);
        let reduced_from = self.reduced_from.filter(|_| (width, height) == (self.width, self.height));
        Ok(Self {
            alpha,
            reduced_from,
            claim: self.claim.clone(),
            ..Self::of_samples(width, height, channels, samples)?
        })
    }

    /// The number of columns, at least 1.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The number of rows, at least 1.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The number of channels, 1 to [`MOST_CHANNELS`].
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Whether the last channel says how opaque pixels are, or something else that is no colour.
    pub fn alpha(&self) -> Option<Alpha> {
        self.alpha
    }

    /// The samples [height, width, channels]: row, column, channel.
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// The samples [height, width, channels], for changing them in place.
    pub fn samples_mut(&mut self) -> &mut Samples {
        &mut self.samples
    }

    /// How many bits a sample has.
    pub fn depth(&self) -> Depth {
        self.samples.depth()
    }

    /// The samples [height, width, channels] of an image of 8 bits, such as a picture that was drawn; none of another.
    pub fn pixels(&self) -> &[u8] {
        match &self.samples {
            Samples::U8(values) => values,
            Samples::U16(_) | Samples::F32(_) => &[],
        }
    }

    /// The same, for changing them in place.
    pub fn pixels_mut(&mut self) -> &mut [u8] {
        match &mut self.samples {
            Samples::U8(values) => values,
            Samples::U16(_) | Samples::F32(_) => &mut [],
        }
    }
}

impl PartialEq for Image {
    fn eq(&self, other: &Self) -> bool {
        let Self { width, height, channels, samples, alpha, reduced_from, claim: _ } = self;
        (width, height, channels, samples, alpha, reduced_from)
            == (&other.width, &other.height, &other.channels, &other.samples, &other.alpha, &other.reduced_from)
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Image({}x{}, {} channels, {})", self.width, self.height, self.channels, self.depth())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_owns_exactly_three_bytes_a_pixel() {
        let image = Image::new(2, 1, vec![1, 2, 3, 4, 5, 6]).expect("six bytes for two pixels");
        assert_eq!((image.width(), image.height(), image.pixels()), (2, 1, &[1, 2, 3, 4, 5, 6][..]));
        for (width, height, bytes) in [(2, 1, 5), (2, 1, 7), (0, 1, 0), (1, 0, 0), (usize::MAX, 2, 6)] {
            assert!(Image::new(width, height, vec![0; bytes]).is_err(), "{width}x{height} of {bytes} bytes");
        }
    }

    #[test]
    fn an_image_has_one_to_thirty_two_channels() {
        for channels in [1, 2, 5, 32] {
            let image = Image::of_samples(2, 1, channels, Samples::F32(vec![0.5; 2 * channels])).expect("two pixels");
            assert_eq!((image.channels(), image.depth()), (channels, Depth::Float32));
        }
        for channels in [0, 33] {
            assert!(Image::of_samples(1, 1, channels, Samples::U16(vec![0; channels])).is_err(), "{channels}");
        }
    }
}
