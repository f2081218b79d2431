//! RandAugment: a few random operations of random strength.
//!
//! Source: Cubuk et al. 2020, with the meaning that timm 0.4.12 gives to `rand-m9-mstd0.5-inc1`: its 15 operations
//! whose effect grows with the magnitude, drawn with replacement, each applied with probability one half.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use super::operations::{self, Affine};
use crate::error::TransformError;
use crate::{DataError, Depth, Image};

/// The greatest magnitude.
const MAX_MAGNITUDE: f64 = 10.0;

/// What is drawn for each image. Magnitudes lie between 0 and 10.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RandAugment {
    /// How many operations are drawn, each equally likely, the same one perhaps twice.
    pub operations: usize,
    /// The probability that a drawn operation is applied at all.
    pub probability: f64,
    /// The mean of the normal distribution that each magnitude is drawn from, before it is clipped to 0..=10.
    pub magnitude: f64,
    /// The standard deviation of that distribution.
    pub magnitude_std: f64,
}

impl RandAugment {
    /// timm's `rand-m9-mstd0.5-inc1`, the fine-tuning recipe of MAE.
    pub const M9_MSTD05_INC1: Self = Self { operations: 2, probability: 0.5, magnitude: 9.0, magnitude_std: 0.5 };

    /// Draws operations and applies them, in place. Where an operation moves what was outside the image into it, it
    /// becomes the `mean` of each channel. Operations on colours are passed over where the image is not RGB of 8 bits.
    pub fn apply(&self, image: &mut Image, mean: &[f32], generator: &mut impl Rng) {
        for _ in 0..self.operations {
            if let Some(step) = self.draw(generator) {
                step.apply(image, mean);
            }
        }
    }

    /// Draws one operation, or `None` when it is not to be applied.
    pub fn draw(&self, generator: &mut impl Rng) -> Option<DrawnOperation> {
        let operation = Operation::ALL[generator.random_range(0..Operation::ALL.len() as u64) as usize];
        if generator.random::<f64>() >= self.probability {
            return None;
        }
        let noise: f64 = generator.sample(StandardNormal);
        let magnitude = (self.magnitude + self.magnitude_std * noise).clamp(0.0, MAX_MAGNITUDE);
        Some(DrawnOperation { operation, magnitude, negative: generator.random() })
    }

    /// Checks the numbers once, before any image is read.
    ///
    /// # Errors
    /// When the probability is not within 0..=1, the magnitude not within 0..=10, or the deviation negative or not
    /// finite.
    pub fn check(&self) -> Result<(), DataError> {
        let magnitudes = (0.0..=MAX_MAGNITUDE).contains(&self.magnitude);
        let deviations = self.magnitude_std >= 0.0 && self.magnitude_std.is_finite();
        if !(0.0..=1.0).contains(&self.probability) {
            return Err(TransformError::Probability { of: "a RandAugment operation", found: self.probability }.into());
        }
        if !(magnitudes && deviations) {
            return Err(TransformError::Magnitude { mean: self.magnitude, std: self.magnitude_std }.into());
        }
        Ok(())
    }
}

/// One operation that was drawn, with its strength.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DrawnOperation {
    /// What to do.
    pub operation: Operation,
    /// The magnitude, between 0 and 10.
    pub magnitude: f64,
    /// Whether an operation that has two directions takes the negative one.
    pub negative: bool,
}

impl DrawnOperation {
    /// Applies the operation in place, as [`RandAugment::apply`] says. How a magnitude becomes a number of degrees,
    /// pixels, bits, ... is timm's.
    pub fn apply(&self, image: &mut Image, fill: &[f32]) {
        if !self.operation.is_geometric() && !has_colours(image.channels(), image.depth()) {
            return;
        }
        let share = self.magnitude / MAX_MAGNITUDE;
        let signed = |size: f64| if self.negative { -size } else { size };
        // 1 changes nothing; both directions lead away from it.
        let factor = 1.0 + signed(share * 0.9);
        let (width, height) = (image.width(), image.height());
        match self.operation {
            Operation::AutoContrast => operations::auto_contrast(image),
            Operation::Equalise => operations::equalise(image),
            Operation::Invert => operations::invert(image),
            Operation::Rotate => operations::warp(image, Affine::rotation(signed(share * 30.0), width, height), fill),
            Operation::Posterise => operations::posterise(image, 4 - (share * 4.0) as u8),
            Operation::Solarise => operations::solarise(image, 256 - (share * 256.0) as u16),
            Operation::SolariseAdd => operations::solarise_add(image, (share * 110.0) as u8),
            Operation::Colour => operations::colour(image, factor),
            Operation::Contrast => operations::contrast(image, factor),
            Operation::Brightness => operations::brightness(image, factor),
            Operation::Sharpness => operations::sharpness(image, factor),
            Operation::ShearX => operations::warp(image, Affine::shear_x(signed(share * 0.3)), fill),
            Operation::ShearY => operations::warp(image, Affine::shear_y(signed(share * 0.3)), fill),
            Operation::TranslateX => {
                operations::warp(image, Affine::translate_x(signed(share * 0.45) * width as f64), fill);
            }
            Operation::TranslateY => {
                operations::warp(image, Affine::translate_y(signed(share * 0.45) * height as f64), fill);
            }
        }
    }
}

/// The operations that are drawn from: timm's "increasing" ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Stretches each channel to the whole range.
    AutoContrast,
    /// Makes each channel's histogram uniform.
    Equalise,
    /// The negative.
    Invert,
    /// A turn by up to 30 degrees either way.
    Rotate,
    /// Keeps 4 bits, fewer at higher magnitudes, none at 10.
    Posterise,
    /// Inverts the lighter values, more of them at higher magnitudes, all at 10.
    Solarise,
    /// Adds up to 110 to the darker values.
    SolariseAdd,
    /// Weaker or stronger colours.
    Colour,
    /// Weaker or stronger contrast.
    Contrast,
    /// Darker or brighter.
    Brightness,
    /// Smoother or sharper.
    Sharpness,
    /// Rows moved against each other, by up to 0.3 pixels a row.
    ShearX,
    /// Columns moved against each other, by up to 0.3 pixels a column.
    ShearY,
    /// Moved by up to 0.45 of the width.
    TranslateX,
    /// Moved by up to 0.45 of the height.
    TranslateY,
}

impl Operation {
    /// Whether it moves pixels, whatever they consist of.
    pub fn is_geometric(self) -> bool {
        use Operation::{Rotate, ShearX, ShearY, TranslateX, TranslateY};
        matches!(self, Rotate | ShearX | ShearY | TranslateX | TranslateY)
    }

    /// All of them, in timm's order. The order is part of what makes a run repeatable.
    pub const ALL: [Self; 15] = [
        Self::AutoContrast,
        Self::Equalise,
        Self::Invert,
        Self::Rotate,
        Self::Posterise,
        Self::Solarise,
        Self::SolariseAdd,
        Self::Colour,
        Self::Contrast,
        Self::Brightness,
        Self::Sharpness,
        Self::ShearX,
        Self::ShearY,
        Self::TranslateX,
        Self::TranslateY,
    ];
}

/// Whether the operations on colours have any to work on: they need red, green and blue of 8 bits.
pub fn has_colours(channels: usize, depth: Depth) -> bool {
    channels == 3 && depth == Depth::Bits8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, keyed};

    #[test]
    fn operations_on_colours_leave_other_images_alone_and_those_that_move_pixels_do_not() {
        use crate::Samples;
        let grey = Image::of_samples(13, 9, 1, Samples::U8((0..117).map(|i| (i * 7) as u8).collect())).expect("13x9");
        let deep = Samples::U16((0..351).map(|i| i * 150).collect());
        let deep = Image::of_samples(13, 9, 3, deep).expect("13x9");
        let bands = Samples::F32((0..585).map(|i| i as f32).collect());
        let bands = Image::of_samples(13, 9, 5, bands).expect("13x9");
        for original in [grey, deep, bands] {
            for operation in Operation::ALL {
                let mut image = original.clone();
                DrawnOperation { operation, magnitude: 9.0, negative: false }.apply(&mut image, &[0.5; 5]);
                assert_eq!(image != original, operation.is_geometric(), "{operation:?} of {original:?}");
                assert_eq!((image.channels(), image.depth()), (original.channels(), original.depth()));
            }
        }
    }

    #[test]
    fn an_image_keeps_its_size_whatever_is_drawn() {
        let original = Image::new(13, 9, (0..351).map(|i| (i * 7) as u8).collect()).expect("13x9");
        let mut changed = 0;
        for sample in 0..500 {
            let mut image = original.clone();
            let mut generator = keyed(0, 0, sample, Purpose::RandAugment);
            RandAugment::M9_MSTD05_INC1.apply(&mut image, &[0.49, 0.48, 0.45], &mut generator);
            assert_eq!((image.width(), image.height()), (13, 9));
            changed += usize::from(image != original);
        }
        // A quarter of the images stay because nothing is applied; equalising 117 pixels changes nothing either.
        assert!((310..400).contains(&changed), "{changed} of 500 images changed");
    }

    #[test]
    fn numbers_that_make_no_sense_are_refused() {
        let good = RandAugment::M9_MSTD05_INC1;
        assert!(good.check().is_ok());
        for probability in [-0.1, 1.1, f64::NAN] {
            let refused = RandAugment { probability, ..good }.check();
            assert!(matches!(refused, Err(DataError::Transforms(TransformError::Probability { .. }))), "{probability}");
        }
        for (magnitude, magnitude_std) in [(-1.0, 0.5), (10.5, 0.5), (f64::NAN, 0.5), (9.0, -0.5), (9.0, f64::INFINITY)]
        {
            let refused = RandAugment { magnitude, magnitude_std, ..good }.check();
            assert!(
                matches!(refused, Err(DataError::Transforms(TransformError::Magnitude { .. }))),
                "{magnitude} and {magnitude_std}"
            );
        }
    }

    /// Recent versions of Pillow refuse to keep 0 bits, so that no reference image shows it.
    #[test]
    fn posterising_at_the_greatest_magnitude_leaves_black() {
        let mut image = Image::new(2, 1, vec![255, 128, 127, 1, 2, 3]).expect("2x1");
        DrawnOperation { operation: Operation::Posterise, magnitude: 10.0, negative: false }
            .apply(&mut image, &[0.5; 3]);
        assert_eq!(image.pixels(), [0; 6]);
    }
}
