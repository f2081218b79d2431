//! From samples to normalised numbers: the channels part into planes.

use bmae_architecture::ImageSize;

use crate::error::TransformError;
use crate::preview::Shown;
use crate::samples::{Sample, Samples};
use crate::{DataError, Image, PerChannel};

/// How far from the mean black and white lie in a stretched picture, in standard deviations.
const STRETCH: f32 = 2.5;

/// Mean and standard deviation of each channel: of 8 and 16 bits for values from 0 to 1, of floats as they are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Normalisation {
    /// The mean of each channel.
    pub mean: PerChannel,
    /// The standard deviation of each channel, above 0.
    pub std: PerChannel,
    /// How pictures show what was normalised.
    pub shown: Shown,
}

impl Normalisation {
    /// Writes `(sample / white - mean) / std` to `out` [C, height, width], overwriting it; white is 255 of 8 bits, 65535
    /// of 16, and 1 of floats.
    ///
    /// # Panics
    /// When `out` has another length than the image has samples, or there are fewer means than channels.
    pub fn normalise(&self, image: &Image, out: &mut [f32]) {
        assert_eq!(out.len(), image.samples().len(), "one number per sample of the image");
        let channels = image.channels();
        match image.samples() {
            // 256 levels are divided once each.
            Samples::U8(values) => planes(values, channels, out, |channel| {
                let levels = self.levels(channel);
                move |value| levels[usize::from(value)]
            }),
            Samples::U16(values) => {
                planes(values, channels, out, |channel| move |value| self.normalised(value, channel))
            }
            Samples::F32(values) => {
                planes(values, channels, out, |channel| move |value| self.normalised(value, channel))
            }
        }
    }

    /// What each of the 256 levels of `channel` becomes.
    ///
    /// # Panics
    /// When there is no such channel.
    pub fn levels(&self, channel: usize) -> [f32; 256] {
        std::array::from_fn(|level| self.normalised(level as u8, channel))
    }

    fn normalised<T: Sample>(&self, value: T, channel: usize) -> f32 {
        (value.to_f32() / T::WHITE - self.mean[channel]) / self.std[channel]
    }

    /// The picture, RGB of 8 bits, that normalised planes [C, H, W] show, H x W being `image_size`: of RGB of 8 bits the
    /// inverse of [`normalise`](Self::normalise). Values are rounded, and those beyond black and white become black and
    /// white.
    ///
    /// # Errors
    /// When `planes` has another length, or a side is 0.
    pub fn denormalise(&self, planes: &[f32], image_size: ImageSize) -> Result<Image, DataError> {
        let ImageSize { height, width } = image_size;
        let channels = self.mean.len();
        let area = height.checked_mul(width).filter(|area| area.checked_mul(channels) == Some(planes.len()));
        let Some(area) = area.filter(|area| *area > 0) else {
            return Err(TransformError::PlanesLength { channels, image_size, found: planes.len() }.into());
        };
        let shown = self.shown;
        let bands = shown.bands(channels);
        let mut pixels = vec![0; 3 * area];
        let (places, _) = pixels.as_chunks_mut::<3>();
        for (colour, &band) in bands.iter().enumerate() {
            let (mean, std) = (self.mean[band], self.std[band]);
            let (black, white) =
                if shown.stretched { (mean - STRETCH * std, mean + STRETCH * std) } else { (0.0, 1.0) };
            for (pixel, value) in places.iter_mut().zip(&planes[band * area..]) {
                // The conversion saturates. A range of 0 to 1 changes no bit of the value.
                pixel[colour] = (((value * std + mean) - black) / (white - black) * 255.0).round() as u8;
            }
        }
        Image::new(width, height, pixels)
    }

    /// Checks that every number can be used.
    ///
    /// # Errors
    /// When mean and deviation are of different lengths, a standard deviation is not above 0, or a number is not finite.
    pub fn check(&self) -> Result<(), DataError> {
        let (means, deviations) = (self.mean.len(), self.std.len());
        if means != deviations {
            return Err(TransformError::NumbersOfNormalisation { means, deviations, channels: means }.into());
        }
        if let Some(&found) = self.std.iter().find(|std| !(std.is_finite() && **std > 0.0)) {
            return Err(TransformError::Normalisation { key: "std", expected: "a number above 0", found }.into());
        }
        if let Some(&found) = self.mean.iter().find(|mean| !mean.is_finite()) {
            return Err(TransformError::Normalisation { key: "mean", expected: "a finite number", found }.into());
        }
        Ok(())
    }
}

/// Parts the pixels `values` [height, width, channels] into the planes `out` [channels, height, width], each through the
/// function that `of_channel` gives for it.
fn planes<T: Copy, F: Fn(T) -> f32>(values: &[T], channels: usize, out: &mut [f32], of_channel: impl Fn(usize) -> F) {
    for (channel, plane) in out.chunks_exact_mut(values.len() / channels).enumerate() {
        let normalised = of_channel(channel);
        for (place, pixel) in plane.iter_mut().zip(values.chunks_exact(channels)) {
            *place = normalised(pixel[channel]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_part_into_planes_and_are_normalised() {
        // Two columns, one row: (0, 51, 102) and (255, 204, 153), that is (0, 0.2, 0.4) and (1, 0.8, 0.6).
        let image = Image::new(2, 1, vec![0, 51, 102, 255, 204, 153]).expect("2x1");
        let normalisation = Normalisation {
            mean: PerChannel::rgb([0.5, 0.2, 0.0]),
            std: PerChannel::rgb([0.5, 0.3, 0.2]),
            shown: Shown::default(),
        };
        let mut out = [f32::NAN; 6];
        normalisation.normalise(&image, &mut out);
        let expected = [-1.0, 1.0, 0.0, 2.0, 2.0, 3.0];
        for (value, expected) in out.iter().zip(expected) {
            assert!((value - expected).abs() < 1e-6, "{out:?}");
        }
    }

    #[test]
    fn every_image_comes_back_from_its_planes() {
        let image = Image::new(16, 16, (0..768).map(|i| (i / 3) as u8).collect()).expect("16x16");
        let normalisation = Normalisation {
            mean: PerChannel::rgb([0.4914, 0.4822, 0.4465]),
            std: PerChannel::rgb([0.2023, 0.1994, 0.2010]),
            shown: Shown::default(),
        };
        let mut planes = [0.0; 768];
        normalisation.normalise(&image, &mut planes);
        assert_eq!(normalisation.denormalise(&planes, ImageSize::square(16)).expect("3 x 16 x 16"), image);
    }

    #[test]
    fn values_beyond_black_and_white_are_black_and_white() {
        let normalisation =
            Normalisation { mean: PerChannel::rgb([0.5; 3]), std: PerChannel::rgb([0.25; 3]), shown: Shown::default() };
        let image = normalisation.denormalise(&[-9.0, 9.0, f32::NAN], ImageSize::square(1)).expect("one pixel");
        assert_eq!(image.pixels(), [0, 255, 0]);
        for (planes, size) in [(&[0.0; 11][..], 2), (&[0.0; 12], 1), (&[], 0), (&[0.0; 3], usize::MAX)] {
            assert!(
                normalisation.denormalise(planes, ImageSize::square(size)).is_err(),
                "{} numbers for size {size}",
                planes.len()
            );
        }
    }

    #[test]
    fn a_deviation_of_zero_or_a_number_that_is_none_is_refused() {
        let good =
            Normalisation { mean: PerChannel::rgb([0.5; 3]), std: PerChannel::rgb([0.2; 3]), shown: Shown::default() };
        assert!(good.check().is_ok());
        for std in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert!(Normalisation { std: PerChannel::rgb([0.2, std, 0.2]), ..good }.check().is_err(), "std {std}");
        }
        assert!(Normalisation { mean: PerChannel::rgb([0.5, f32::NAN, 0.5]), ..good }.check().is_err());
    }
}
