//! From bytes to normalised numbers: the channels part into planes.

use bmae_architecture::ImageSize;

use crate::error::TransformError;
use crate::{DataError, Image};

/// Mean and standard deviation of each channel (red, green, blue), for pixels between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Normalisation {
    /// The mean of each channel.
    pub mean: [f32; 3],
    /// The standard deviation of each channel, above 0.
    pub std: [f32; 3],
}

impl Normalisation {
    /// Writes `(pixel / 255 - mean) / std` to `out` [3, height, width], overwriting it.
    ///
    /// # Panics
    /// When `out` has another length than the image has values.
    pub fn normalise(&self, image: &Image, out: &mut [f32]) {
        assert_eq!(out.len(), image.pixels().len(), "one number per value of the image");
        let (pixels, _) = image.pixels().as_chunks::<3>();
        let area = pixels.len();
        for (channel, plane) in out.chunks_exact_mut(area).enumerate() {
            let (mean, std) = (self.mean[channel], self.std[channel]);
            for (value, pixel) in plane.iter_mut().zip(pixels) {
                *value = (f32::from(pixel[channel]) / 255.0 - mean) / std;
            }
        }
    }

    /// The image that normalised planes [3, H, W] show, H x W being `image_size`: the inverse of
    /// [`normalise`](Self::normalise). Values are rounded, and those beyond black and white become black and white.
    ///
    /// # Errors
    /// When `planes` has another length, or a side is 0.
    pub fn denormalise(&self, planes: &[f32], image_size: ImageSize) -> Result<Image, DataError> {
        let ImageSize { height, width } = image_size;
        let area = height.checked_mul(width).filter(|area| area.checked_mul(3) == Some(planes.len()));
        let Some(area) = area else {
            return Err(TransformError::PlanesLength { image_size, found: planes.len() }.into());
        };
        let mut pixels = vec![0; planes.len()];
        let (places, _) = pixels.as_chunks_mut::<3>();
        for (channel, plane) in planes.chunks_exact(area.max(1)).enumerate() {
            let (mean, std) = (self.mean[channel], self.std[channel]);
            for (pixel, value) in places.iter_mut().zip(plane) {
                // The conversion saturates.
                pixel[channel] = ((value * std + mean) * 255.0).round() as u8;
            }
        }
        Image::new(width, height, pixels)
    }

    /// Checks that every number can be used.
    ///
    /// # Errors
    /// When a standard deviation is not above 0, or a number is not finite.
    pub fn check(&self) -> Result<(), DataError> {
        if let Some(&found) = self.std.iter().find(|std| !(std.is_finite() && **std > 0.0)) {
            return Err(TransformError::Normalisation { key: "std", expected: "a number above 0", found }.into());
        }
        if let Some(&found) = self.mean.iter().find(|mean| !mean.is_finite()) {
            return Err(TransformError::Normalisation { key: "mean", expected: "a finite number", found }.into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_part_into_planes_and_are_normalised() {
        // Two columns, one row: (0, 51, 102) and (255, 204, 153), that is (0, 0.2, 0.4) and (1, 0.8, 0.6).
        let image = Image::new(2, 1, vec![0, 51, 102, 255, 204, 153]).expect("2x1");
        let normalisation = Normalisation { mean: [0.5, 0.2, 0.0], std: [0.5, 0.3, 0.2] };
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
        let normalisation = Normalisation { mean: [0.4914, 0.4822, 0.4465], std: [0.2023, 0.1994, 0.2010] };
        let mut planes = [0.0; 768];
        normalisation.normalise(&image, &mut planes);
        assert_eq!(normalisation.denormalise(&planes, ImageSize::square(16)).expect("3 x 16 x 16"), image);
    }

    #[test]
    fn values_beyond_black_and_white_are_black_and_white() {
        let normalisation = Normalisation { mean: [0.5; 3], std: [0.25; 3] };
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
        let good = Normalisation { mean: [0.5; 3], std: [0.2; 3] };
        assert!(good.check().is_ok());
        for std in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert!(Normalisation { std: [0.2, std, 0.2], ..good }.check().is_err(), "std {std}");
        }
        assert!(Normalisation { mean: [0.5, f32::NAN, 0.5], ..good }.check().is_err());
    }
}
