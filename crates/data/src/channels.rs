//! Images in another number of channels: transparency over black, grey repeated, the luminance of colours.

use crate::DataError;
use crate::error::ChannelError;
use crate::image::{Alpha, Image};
use crate::samples::{Sample, Samples, by_type};

/// What an image consists of, as its header tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PixelLayout {
    /// Channels, an alpha among them.
    pub channels: usize,
    /// How many bits a sample has.
    pub depth: crate::samples::Depth,
    /// Whether the last channel is no colour.
    pub has_alpha: bool,
}

impl PixelLayout {
    /// The layout of a decoded image.
    pub fn of(image: &Image) -> Self {
        Self { channels: image.channels(), depth: image.depth(), has_alpha: image.alpha().is_some() }
    }

    /// The channels that are colours, or bands.
    pub fn colours(self) -> usize {
        self.channels - usize::from(self.has_alpha)
    }
}

impl Image {
    /// The image in `wanted` channels. An alpha channel that makes them as many as wanted stays; any other is put over
    /// black first. Then grey is repeated, colours become their luminance, and colours that nothing is known of are
    /// opaque.
    ///
    /// # Errors
    /// When its channels cannot be made so many.
    pub fn in_channels(self, wanted: usize) -> Result<Self, DataError> {
        if self.channels() == wanted {
            return Ok(self);
        }
        let found = PixelLayout::of(&self);
        let (sides, channels) = ((self.width(), self.height()), self.channels());
        let over_black = match self.alpha() {
            Some(alpha) => {
                let samples = by_type!(self.samples(), values => without_last(values, channels, alpha));
                self.replaced(sides, channels - 1, samples)?
            }
            None => self,
        };
        let colours = over_black.channels();
        let samples = match (colours, wanted) {
            _ if colours == wanted => return Ok(over_black),
            (1, 3) => by_type!(over_black.samples(), values => each(values, |&[grey]: &[_; 1]| [grey; 3])),
            (3, 1) => {
                by_type!(over_black.samples(), values => each(values, |&colour: &[_; 3]| [Sample::luminance(colour)]))
            }
            (1, 4) => {
                by_type!(over_black.samples(), values => each(values, |&[grey]: &[_; 1]| [grey, grey, grey, white(grey)]))
            }
            (3, 4) => by_type!(over_black.samples(), values => each(values, |&[r, g, b]: &[_; 3]| [r, g, b, white(r)])),
            _ => return Err(ChannelError::Mismatch { found: found.colours(), wanted }.into()),
        };
        over_black.replaced(sides, wanted, samples)
    }
}

/// White, or 1, of the type of a sample.
fn white<T: Sample>(_: T) -> T {
    T::of_f64(f64::from(T::WHITE))
}

/// Without the last of `channels`, which is an alpha.
fn without_last<T: Sample>(values: &[T], channels: usize, alpha: Alpha) -> Samples {
    let mut colours = Vec::with_capacity(values.len() / channels * (channels - 1));
    for pixel in values.chunks_exact(channels) {
        let (colour, opacity) = pixel.split_at(channels - 1);
        match alpha {
            Alpha::Straight => colours.extend(colour.iter().map(|value| value.over_black(opacity[0]))),
            Alpha::Associated | Alpha::Unused => colours.extend_from_slice(colour),
        }
    }
    T::wrap(colours)
}

fn each<T: Sample, const N: usize, const M: usize>(values: &[T], of: impl Fn(&[T; N]) -> [T; M]) -> Samples {
    let (pixels, _) = values.as_chunks::<N>();
    T::wrap(pixels.iter().flat_map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(channels: usize, samples: Samples) -> Image {
        Image::of_samples(1, 1, channels, samples).expect("one pixel")
    }

    #[test]
    fn grey_is_repeated_colours_become_their_luminance_and_other_numbers_are_refused() {
        let grey = image(1, Samples::U16(vec![4660])).in_channels(3).expect("grey as RGB");
        assert_eq!(grey.samples(), &Samples::U16(vec![4660; 3]));
        assert_eq!(grey.in_channels(1).expect("and back").samples(), &Samples::U16(vec![4660]));
        let red = image(3, Samples::U8(vec![255, 0, 0])).in_channels(1).expect("red as grey");
        assert_eq!(red.samples(), &Samples::U8(vec![76]));
        for (found, wanted) in [(5, 3), (3, 5), (2, 3), (5, 1)] {
            let refused = image(found, Samples::U8(vec![0; found])).in_channels(wanted).expect_err("a mismatch");
            let text = refused.to_string();
            assert!(text.contains(&found.to_string()) && text.contains(&wanted.to_string()), "{text}");
        }
    }

    #[test]
    fn transparency_is_put_over_black_at_full_precision_unless_its_channel_is_wanted() {
        let glass = image(4, Samples::U8(vec![200, 100, 50, 128]));
        let over = |alpha| glass.clone().with_alpha(alpha).in_channels(3).expect("three of four");
        assert_eq!(over(Alpha::Straight).pixels(), [100, 50, 25]);
        assert_eq!(over(Alpha::Associated).pixels(), [200, 100, 50]);
        assert_eq!(over(Alpha::Unused).pixels(), [200, 100, 50]);
        assert_eq!(
            glass.clone().with_alpha(Alpha::Straight).in_channels(4).expect("all").pixels(),
            [200, 100, 50, 128]
        );
        let deep = image(2, Samples::U16(vec![40_001, 32_768])).with_alpha(Alpha::Straight);
        assert_eq!(deep.in_channels(1).expect("grey").samples(), &Samples::U16(vec![20_001]));
        let opaque = image(3, Samples::F32(vec![0.1, 0.2, 0.3])).in_channels(4).expect("opaque");
        assert_eq!(opaque.samples(), &Samples::F32(vec![0.1, 0.2, 0.3, 1.0]));
    }
}
