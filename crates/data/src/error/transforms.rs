//! What can be wrong with an image, a transform or a mixture of images.

use bmae_architecture::ImageSize;
use bmae_output::count::count;
use thiserror::Error;

use crate::rectangle::Rectangle;

/// What can be wrong with an image, a transform or a mixture of images.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TransformError {
    /// An image whose samples do not match its sides.
    #[error("an image of {width}x{height} pixels cannot be made of {}: it needs {channels} for every pixel", count(*samples, "sample"))]
    ImageShape {
        /// Columns.
        width: usize,
        /// Rows.
        height: usize,
        /// Channels.
        channels: usize,
        /// The samples given.
        samples: usize,
    },
    /// A side that is 0 or too long.
    #[error("an image side of {found} pixels cannot be handled: it must lie between 1 and {max}")]
    ImageSize {
        /// The side asked for.
        found: usize,
        /// The greatest possible.
        max: usize,
    },
    /// A mean or deviation that no pixel can be normalised with.
    #[error("data.{key} contains {found}: each must be {expected}")]
    Normalisation {
        /// "mean" or "std".
        key: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: f32,
    },
    /// As many means as there are no deviations, or channels.
    #[error(
        "data.mean has {means} numbers and data.std {deviations}, for images of {}: each needs one for every channel",
        count(*channels, "channel")
    )]
    NumbersOfNormalisation {
        /// Numbers of the mean.
        means: usize,
        /// Numbers of the deviation.
        deviations: usize,
        /// Channels of the images.
        channels: usize,
    },
    /// A crop's scale that is no part of an image.
    #[error("a crop's scale of {least} to {greatest} is impossible: it needs 0 < least <= greatest <= 1")]
    CropScale {
        /// The least share of the area.
        least: f64,
        /// The greatest share of the area.
        greatest: f64,
    },
    /// A probability that is none.
    #[error("the probability of {of} is {found}, but it must lie between 0 and 1")]
    Probability {
        /// What is probable.
        of: &'static str,
        /// What it is.
        found: f64,
    },
    /// A strength that RandAugment does not have.
    #[error(
        "RandAugment cannot draw magnitudes with the mean {mean} and the standard deviation {std}: \
         the mean must lie between 0 and 10, the deviation be 0 or more"
    )]
    Magnitude {
        /// The mean.
        mean: f64,
        /// The standard deviation.
        std: f64,
    },
    /// A place for the transformed image that has another size.
    #[error("the transformed image has {expected} numbers, but there is room for {found}")]
    OutputLength {
        /// C H W.
        expected: usize,
        /// What was given.
        found: usize,
    },
    /// Planes that are no image of the given size.
    #[error(
        "{found} numbers are no image of {image_size} pixels: it has {channels} for every pixel, and at least one pixel"
    )]
    PlanesLength {
        /// How many channels it should have.
        channels: usize,
        /// The size of the image.
        image_size: ImageSize,
        /// How many numbers were given.
        found: usize,
    },
    /// A part of an image that is none.
    #[error(
        "{area:?} is no part of an image of {width}x{height} pixels: it must lie within it, and have at least one pixel"
    )]
    PartOfImage {
        /// The part.
        area: Rectangle,
        /// Columns of the image.
        width: usize,
        /// Rows of the image.
        height: usize,
    },
    /// A strength of mixing that no Beta distribution has.
    #[error("{method} = {found} is impossible: it must be 0 (off), or lie between {least} and {greatest}")]
    MixingAlpha {
        /// "mixup" or "cutmix".
        method: &'static str,
        /// The least that can be drawn from.
        least: f64,
        /// The greatest that can be drawn from.
        greatest: f64,
        /// What was asked for.
        found: f64,
    },
    /// A label smoothing that leaves no distribution.
    #[error("a label smoothing of {found} is impossible: it must lie between 0 and 1")]
    LabelSmoothing {
        /// What was asked for.
        found: f64,
    },
    /// A label that stands for no class.
    #[error("the label {label} stands for no class: there are {classes}, numbered from 0")]
    LabelWithoutClass {
        /// The label.
        label: i64,
        /// How many classes there are.
        classes: usize,
    },
    /// A batch whose images and labels do not match.
    #[error(
        "a batch of {images} labels goes with {expected} numbers for its images of {image_size} pixels, not {found}"
    )]
    BatchLength {
        /// How many labels there are.
        images: usize,
        /// The size of each image.
        image_size: ImageSize,
        /// The numbers that belong to them.
        expected: usize,
        /// The numbers that were given.
        found: usize,
    },
}
