//! Which bands of an image a picture shows, and from what to what.

use std::borrow::Cow;

use crate::Image;
use crate::samples::{Depth, Sample, Samples, by_type};

/// How images are shown, which may have any channels and any range, in pictures of red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// The bands that are red, green and blue, counted from 0.
    pub bands: [usize; 3],
    /// Whether each band is stretched: else black is 0, and white 255 of 8 bits, 65535 of 16 and 1 of floats.
    pub stretched: bool,
}

impl Default for Shown {
    fn default() -> Self {
        Self { bands: [0, 1, 2], stretched: false }
    }
}

impl Shown {
    /// These bands of images of this depth: values of 8 bits reach from black to white, of others nobody knows.
    pub fn of(bands: [usize; 3], depth: Depth) -> Self {
        Self { bands, stretched: depth != Depth::Bits8 }
    }

    /// The bands that an image of so many channels shows: one of fewer than three is grey, of its first band.
    pub fn bands(self, channels: usize) -> [usize; 3] {
        match self.bands.iter().all(|band| *band < channels) {
            true => self.bands,
            false if channels < 3 => [0; 3],
            false => [0, 1, 2],
        }
    }
}

impl Image {
    /// The picture, RGB of 8 bits, of this image: of RGB of 8 bits the image itself. A stretched band, as every one of deeper
    /// images is, reaches from its least value to its greatest.
    pub fn drawn(&self, shown: Shown) -> Cow<'_, Image> {
        let bands = shown.bands(self.channels());
        if self.channels() == 3 && bands == [0, 1, 2] && self.depth() == Depth::Bits8 && !shown.stretched {
            return Cow::Borrowed(self);
        }
        let stretched = shown.stretched || self.depth() != Depth::Bits8;
        let pixels = by_type!(self.samples(), values => bands_of(values, self.channels(), bands, stretched));
        // It has three bytes for each pixel, of which there is one at least.
        self.replaced((self.width(), self.height()), 3, Samples::U8(pixels)).map_or(Cow::Borrowed(self), Cow::Owned)
    }
}

fn bands_of<T: Sample>(values: &[T], channels: usize, bands: [usize; 3], stretched: bool) -> Vec<u8> {
    let ranges = bands.map(|band| {
        let band = || values.iter().skip(band).step_by(channels).map(|value| value.to_f32());
        match stretched {
            true => (band().fold(f32::INFINITY, f32::min), band().fold(f32::NEG_INFINITY, f32::max)),
            false => (0.0, T::WHITE),
        }
    });
    let level = |value: f32, (black, white): (f32, f32)| match white > black {
        // The conversion saturates.
        true => ((value - black) / (white - black) * 255.0).round() as u8,
        false => 128,
    };
    let pixel = |pixel: &[T]| [0, 1, 2].map(|colour| level(pixel[bands[colour]].to_f32(), ranges[colour]));
    values.chunks_exact(channels).flat_map(pixel).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deep_images_are_stretched_band_by_band_and_chosen_bands_become_red_green_and_blue() {
        let samples = Samples::U16(vec![100, 7, 0, 1000, 5, 300, 7, 50, 3000, 6]);
        let image = Image::of_samples(2, 1, 5, samples).expect("two pixels of five bands");
        let drawn = image.drawn(Shown { bands: [3, 0, 1], stretched: true });
        assert_eq!(drawn.pixels(), [0, 0, 128, 255, 255, 128], "a band that never changes is grey");
        let first = image.drawn(Shown { bands: [9, 0, 1], stretched: true });
        assert_eq!(first.pixels(), [0, 128, 0, 255, 128, 255], "the first three, where one is not there");
    }

    #[test]
    fn grey_of_eight_bits_is_shown_as_it_is() {
        let grey = Image::of_samples(2, 1, 1, Samples::U8(vec![3, 250])).expect("two pixels");
        assert_eq!(grey.drawn(Shown::default()).pixels(), [3, 3, 3, 250, 250, 250]);
        let rgb = Image::new(1, 1, vec![1, 2, 3]).expect("one pixel");
        assert_eq!(rgb.drawn(Shown::default()).as_ref(), &rgb);
    }
}
