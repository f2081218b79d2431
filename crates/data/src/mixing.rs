//! Mixup and CutMix: pairs of training images become one, and so do their labels.
//!
//! Sources: Zhang et al. 2018 (mixup), Yun et al. 2019 (CutMix), in the batch mode of timm 0.4.12's `Mixup`: one draw
//! for the whole batch, and an image's partner is the one at its place in the reversed batch.

use std::ops::Range;

use bmae_architecture::ImageSize;
use rand::{Rng, RngExt};
use rand_distr::{Beta, Distribution};

use crate::DataError;
use crate::error::TransformError;

/// The parameters of a Beta distribution that are accepted, besides 0 for "off". Beyond them its numbers are 0, 1/2 or
/// 1 for all practical purposes.
const ALPHA: std::ops::RangeInclusive<f64> = 1e-3..=1e3;

/// How often, and how strongly, the images of a batch are mixed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mixing {
    /// Mixup draws lambda from Beta(`mixup`, `mixup`); 0 = no mixup.
    pub mixup: f64,
    /// CutMix draws lambda from Beta(`cutmix`, `cutmix`); 0 = no CutMix.
    pub cutmix: f64,
    /// The probability that a batch is mixed at all.
    pub probability: f64,
    /// Where both are on: the probability of CutMix in a batch that is mixed.
    pub switch_probability: f64,
}

/// What happens to one batch. An image keeps the share lambda of itself, the rest comes from its partner.
#[derive(Debug, Clone, PartialEq)]
pub enum DrawnMixing {
    /// Nothing.
    Nothing,
    /// Every pixel is lambda times the image plus 1 - lambda times the partner.
    Mixup {
        /// The image's share, in 0..=1.
        lambda: f64,
    },
    /// A rectangle, the same in all images, is the partner's.
    CutMix {
        /// The rectangle's rows, perhaps none.
        rows: Range<usize>,
        /// The rectangle's columns, perhaps none.
        columns: Range<usize>,
    },
}

impl Mixing {
    /// Whether there is anything to be mixed.
    pub fn is_on(&self) -> bool {
        self.probability > 0.0 && (self.mixup > 0.0 || self.cutmix > 0.0)
    }

    /// Checks the numbers once, before any batch is made.
    ///
    /// # Errors
    /// When a probability is not within 0..=1, or an alpha neither 0 nor within 0.001..=1000.
    pub fn check(&self) -> Result<(), DataError> {
        for (of, found) in [("mixing a batch", self.probability), ("CutMix instead of mixup", self.switch_probability)]
        {
            if !(0.0..=1.0).contains(&found) {
                return Err(TransformError::Probability { of, found }.into());
            }
        }
        for (method, found) in [("mixup", self.mixup), ("cutmix", self.cutmix)] {
            if found != 0.0 && !ALPHA.contains(&found) {
                return Err(TransformError::MixingAlpha {
                    method,
                    least: *ALPHA.start(),
                    greatest: *ALPHA.end(),
                    found,
                }
                .into());
            }
        }
        Ok(())
    }

    /// Draws what happens to a batch of images of the size `image_size`.
    ///
    /// # Errors
    /// When the numbers make no sense (see [`check`](Self::check)).
    pub fn draw(&self, image_size: ImageSize, generator: &mut impl Rng) -> Result<DrawnMixing, DataError> {
        self.check()?;
        if !self.is_on() || generator.random::<f64>() >= self.probability {
            return Ok(DrawnMixing::Nothing);
        }
        let cut = match (self.mixup > 0.0, self.cutmix > 0.0) {
            (true, true) => generator.random::<f64>() < self.switch_probability,
            (_, cutmix) => cutmix,
        };
        let alpha = if cut { self.cutmix } else { self.mixup };
        // `check` leaves nothing that this refuses.
        let lambda = Beta::new(alpha, alpha).map_or(1.0, |beta| beta.sample(generator));
        if cut { Ok(DrawnMixing::cut(image_size, lambda, generator)) } else { Ok(DrawnMixing::Mixup { lambda }) }
    }

    /// Mixes the images [N, C, H, W] of a batch in place, of C channels and H x W pixels, and returns their soft targets
    /// [N, `classes`].
    ///
    /// Label smoothing is included, as in timm: before they are mixed, the targets are `smoothing / classes`, and
    /// `1 - smoothing` more for the image's own class. With nothing to mix, they are just that.
    ///
    /// # Errors
    /// When the numbers make no sense (see [`check`](Self::check)), `smoothing` is not within 0..=1, a label is not
    /// below `classes`, or `images` does not hold one image per label.
    pub fn apply(
        &self,
        images: &mut [f32],
        labels: &[i64],
        (channels, image_size): (usize, ImageSize),
        classes: usize,
        smoothing: f64,
        generator: &mut impl Rng,
    ) -> Result<Vec<f32>, DataError> {
        let expected = channels * image_size.area() * labels.len();
        if images.len() != expected {
            return Err(TransformError::BatchLength {
                images: labels.len(),
                image_size,
                expected,
                found: images.len(),
            }
            .into());
        }
        if !(0.0..=1.0).contains(&smoothing) {
            return Err(TransformError::LabelSmoothing { found: smoothing }.into());
        }
        if let Some(&label) = labels.iter().find(|&&label| usize::try_from(label).map_or(true, |l| l >= classes)) {
            return Err(TransformError::LabelWithoutClass { label, classes }.into());
        }
        let mix = self.draw(image_size, generator)?;
        mix.apply(images, image_size, labels.len());
        Ok(mix.targets(labels, image_size, classes, smoothing))
    }
}

impl DrawnMixing {
    /// The rectangle that CutMix exchanges: its sides are sqrt(1 - lambda) of the image's, rounded down to even
    /// numbers; its centre is any pixel, and what would lie outside the image is cut off.
    fn cut(image_size: ImageSize, lambda: f64, generator: &mut impl Rng) -> Self {
        let mut range = |side: usize| {
            let half = (side as f64 * (1.0 - lambda).sqrt()) as usize / 2;
            let centre = generator.random_range(0..side as u64) as usize;
            centre.saturating_sub(half)..(centre + half).min(side)
        };
        Self::CutMix { rows: range(image_size.height), columns: range(image_size.width) }
    }

    /// The share of an image of the size `image_size` that is its own afterwards: for CutMix, what the
    /// rectangle leaves of its area.
    pub fn lambda(&self, image_size: ImageSize) -> f64 {
        match self {
            Self::Nothing => 1.0,
            Self::Mixup { lambda } => *lambda,
            Self::CutMix { rows, columns } => 1.0 - (rows.len() * columns.len()) as f64 / image_size.area() as f64,
        }
    }

    /// Mixes `count` images [count, C, H, W]. In an odd batch the middle image is its own partner and stays.
    fn apply(&self, images: &mut [f32], image_size: ImageSize, count: usize) {
        let values_per_image = images.len() / count.max(1);
        let channels = values_per_image / image_size.area().max(1);
        let ImageSize { height, width } = image_size;
        let (first, second) = images.split_at_mut(count.div_ceil(2) * values_per_image);
        let [first, second] = [first, second].map(|images| images.chunks_exact_mut(values_per_image.max(1)));
        let pairs = first.zip(second.rev());
        match self {
            Self::Nothing => {}
            Self::Mixup { lambda } => {
                let (own, other) = (*lambda as f32, (1.0 - lambda) as f32);
                for (a, b) in pairs {
                    for (a, b) in a.iter_mut().zip(b) {
                        (*a, *b) = (own * *a + other * *b, own * *b + other * *a);
                    }
                }
            }
            Self::CutMix { rows, columns } => {
                for (a, b) in pairs {
                    for row in (0..channels).flat_map(|channel| rows.clone().map(move |row| channel * height + row)) {
                        let part = row * width + columns.start..row * width + columns.end;
                        a[part.clone()].swap_with_slice(&mut b[part]);
                    }
                }
            }
        }
    }

    /// Soft targets [N, classes] of labels below `classes`.
    fn targets(&self, labels: &[i64], image_size: ImageSize, classes: usize, smoothing: f64) -> Vec<f32> {
        let off = smoothing / classes as f64;
        let on = 1.0 - smoothing + off;
        let lambda = self.lambda(image_size);
        let (own, other) = (lambda as f32, (1.0 - lambda) as f32);
        let target = |label: i64, class: i64| if label == class { on as f32 } else { off as f32 };
        let mut targets = Vec::with_capacity(labels.len() * classes);
        for (&label, &partner) in labels.iter().zip(labels.iter().rev()) {
            targets.extend((0..classes as i64).map(|class| match self {
                Self::Nothing => target(label, class),
                _ => own * target(label, class) + other * target(partner, class),
            }));
        }
        targets
    }
}

#[cfg(test)]
mod tests;
