//! From an image to the pixels that a model sees.
//!
//! The order is fixed, and each step has a file of its own:
//!
//! 1. a crop, resized to `image_size` (bicubic, antialiased): [`random_resized_crop`] or [`evaluation_crop`];
//! 2. a mirror image with probability one half: [`flip`];
//! 3. if asked for, random [`operations`] on the samples: [`rand_augment`];
//! 4. pixels to numbers, one plane per channel, normalised: [`normalise`];
//! 5. if asked for, a box of noise: [`random_erasing`].
//!
//! Mixing the images of a batch comes after that: [`mixing`](crate::mixing).

pub mod evaluation_crop;
pub mod flip;
pub mod normalise;
pub mod operations;
pub mod rand_augment;
pub mod random_erasing;
pub mod random_resized_crop;
pub mod resize;

use bmae_architecture::ImageSize;

use crate::error::TransformError;
use crate::preview::Shown;
use crate::random::{Purpose, keyed};
use crate::{DataError, Image, PerChannel, Rectangle, Reduction};
use normalise::Normalisation;
pub use rand_augment::RandAugment;
use random_resized_crop::CropRule;

/// How an image is varied before the model sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Augmentation {
    /// torchvision's `RandomResizedCrop` (ratio 3/4 to 4/3 of that of the image that comes out), then a mirror image with probability one half.
    RandomResizedCrop {
        /// Least and greatest share of the image's area that the crop covers.
        scale: (f64, f64),
    },
    /// BYOL's crop, as the linear probe of MAE uses it: one draw, its sides clamped to the image; then a mirror image
    /// with probability one half.
    ByolCrop {
        /// Least and greatest share of the image's area that the crop covers.
        scale: (f64, f64),
    },
    /// None: the transform of evaluations, without anything random.
    None,
}

/// Everything between an image of a data set and a model's input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transform {
    /// How the image is varied.
    pub augmentation: Augmentation,
    /// Operations on the samples, after the mirror image.
    pub randaugment: Option<RandAugment>,
    /// The size H x W of the image that comes out, in pixels.
    pub image_size: ImageSize,
    /// The mean of each channel: of 8 and 16 bits for values from 0 to 1, of floats as they are.
    pub mean: PerChannel,
    /// The standard deviation of each channel, likewise.
    pub std: PerChannel,
    /// The probability that a box is erased, after normalisation; 0 = off.
    pub random_erasing: f64,
}

/// A random part of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// What is cut out.
    pub area: Rectangle,
    /// Whether left and right are exchanged.
    pub is_mirrored: bool,
}

impl Transform {
    /// Writes the transformed image to `out`, [C, H, W] (a plane for each channel, row by row), overwriting it.
    ///
    /// An image of other channels is put into as many as mean and deviation have ([`Image::in_channels`]).
    ///
    /// What is random depends on `(seed, epoch, sample)` alone; `sample` is the image's place in its data set.
    ///
    /// # Errors
    /// When the transform itself is impossible (see [`check`](Self::check)), the image has channels that cannot be made as
    /// many as mean and deviation have, or `out` has another length.
    pub fn apply(&self, image: &Image, seed: u64, epoch: u64, sample: u64, out: &mut [f32]) -> Result<(), DataError> {
        self.check()?;
        let expected = self.values_per_image();
        if out.len() != expected {
            return Err(TransformError::OutputLength { expected, found: out.len() }.into());
        }
        let converted;
        let image = match image.channels() == self.mean.len() {
            true => image,
            false => {
                converted = image.clone().in_channels(self.mean.len())?;
                &converted
            }
        };
        let mut view = match self.view(image.native_size(), seed, epoch, sample) {
            Some(View { area, is_mirrored }) => {
                let area = area.reduced(image.native_size(), (image.width(), image.height()));
                let mut view = resize::resize(image, area, self.image_size.width, self.image_size.height)?;
                if is_mirrored {
                    flip::mirror(&mut view);
                }
                view
            }
            None => evaluation_crop::evaluation_crop(image, self.image_size)?,
        };
        if let Some(randaugment) = self.randaugment {
            randaugment.apply(&mut view, &self.mean, &mut keyed(seed, epoch, sample, Purpose::RandAugment));
        }
        self.normalisation().normalise(&view, out);
        if self.random_erasing > 0.0 {
            let ImageSize { height, width } = self.image_size;
            let mut generator = keyed(seed, epoch, sample, Purpose::RandomErasing);
            if let Some(area) = random_erasing::draw(width, height, self.random_erasing, &mut generator) {
                random_erasing::erase(out, self.mean.len(), width, area, &mut generator);
            }
        }
        Ok(())
    }

    /// How much smaller than its `native` width and height the image may be decoded that [`apply`](Self::apply) is given with
    /// the same seed, epoch and sample: so much that its random crop keeps the pixels of what comes out. What evaluations
    /// see is never reduced.
    pub fn reduction(&self, native: (usize, usize), seed: u64, epoch: u64, sample: u64) -> Reduction {
        let target = (self.image_size.width, self.image_size.height);
        let area = self.random_crop(native, seed, epoch, sample);
        area.map_or(Reduction::Whole, |area| Reduction::largest((area.width, area.height), target))
    }

    /// What [`apply`](Self::apply) cuts out of an image of `native` width and height with the same seed, epoch and sample, and
    /// whether it mirrors it; `None` of evaluations.
    pub fn view(&self, native: (usize, usize), seed: u64, epoch: u64, sample: u64) -> Option<View> {
        let area = self.random_crop(native, seed, epoch, sample)?;
        Some(View { area, is_mirrored: flip::draw(&mut keyed(seed, epoch, sample, Purpose::Flip)) })
    }

    /// Whether crop, mirror image and normalisation are all that [`apply`](Self::apply) does.
    pub fn is_view_alone(&self) -> bool {
        self.augmentation != Augmentation::None && self.randaugment.is_none() && self.random_erasing == 0.0
    }

    /// The part of an image of `native` width and height that is cut out at random; `None` of evaluations.
    fn random_crop(&self, native: (usize, usize), seed: u64, epoch: u64, sample: u64) -> Option<Rectangle> {
        let (rule, scale) = match self.augmentation {
            Augmentation::RandomResizedCrop { scale } => (CropRule::Torchvision, scale),
            Augmentation::ByolCrop { scale } => (CropRule::Byol, scale),
            Augmentation::None => return None,
        };
        let form = self.image_size.width as f64 / self.image_size.height as f64;
        Some(rule.draw(native, form, scale, &mut keyed(seed, epoch, sample, Purpose::Crop)))
    }

    /// Checks the numbers of the transform once, before any image is read.
    ///
    /// # Errors
    /// When the image size is 0 or its planes cannot be counted, mean and deviation are of different lengths, a standard
    /// deviation is not above 0, a mean is not finite, a crop's scale is not within 0 < least <= greatest <= 1, a probability is not within 0..=1, or
    /// RandAugment's numbers make no sense.
    pub fn check(&self) -> Result<(), DataError> {
        for found in [self.image_size.height, self.image_size.width] {
            if !(1..=resize::MAX_SIDE).contains(&found) {
                return Err(TransformError::ImageSize { found, max: resize::MAX_SIDE }.into());
            }
        }
        self.normalisation().check()?;
        if let Some(randaugment) = self.randaugment {
            randaugment.check()?;
        }
        if !(0.0..=1.0).contains(&self.random_erasing) {
            return Err(TransformError::Probability { of: "random erasing", found: self.random_erasing }.into());
        }
        match self.augmentation {
            Augmentation::RandomResizedCrop { scale } | Augmentation::ByolCrop { scale } => {
                let (least, greatest) = scale;
                if !(0.0 < least && least <= greatest && greatest <= 1.0) {
                    return Err(TransformError::CropScale { least, greatest }.into());
                }
            }
            Augmentation::None => {}
        }
        Ok(())
    }

    /// How many numbers an image is that comes out: C H W.
    pub fn values_per_image(&self) -> usize {
        self.mean.len() * self.image_size.area()
    }

    /// The normalisation alone.
    pub fn normalisation(&self) -> Normalisation {
        Normalisation { mean: self.mean, std: self.std, shown: Shown::default() }
    }
}

#[cfg(test)]
mod tests;
