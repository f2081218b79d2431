//! What can go wrong while batches are loaded.

use std::io;

use bmae_architecture::ImageSize;
use bmae_output::count::count;
use thiserror::Error;

use crate::split::Split;

/// What can go wrong while batches are loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoaderError {
    /// A batch size or number of workers of 0.
    #[error("the {key} is 0: it takes at least one {unit}")]
    Zero {
        /// What is 0.
        key: &'static str,
        /// What there must be one of.
        unit: &'static str,
    },
    /// A data set without images.
    #[error("the data set holds no images")]
    NoImages,
    /// A part of a data set of which nothing can be decoded.
    #[error("none of the {} can be decoded", count(*images, &format!("{split} image")))]
    NoneReadable {
        /// The part.
        split: Split,
        /// Its images.
        images: usize,
    },
    /// Too few images to train on.
    #[error("the data set has {}, less than one batch of {batch_size}", count(*images, "image"))]
    LessThanOneBatch {
        /// The images there are.
        images: usize,
        /// The images of a batch.
        batch_size: usize,
    },
    /// No memory for a batch.
    #[error("a batch of {} of {image_size} pixels does not fit in memory", count(*images, "image"))]
    BatchMemory {
        /// Images in the batch.
        images: usize,
        /// The side of each.
        image_size: ImageSize,
    },
    /// The system gave no thread.
    #[error("cannot start a worker thread of the loader: {cause}")]
    WorkerStart {
        /// What the system said.
        cause: io::Error,
    },
    /// A worker of the loader panicked: a fault of bmae.
    #[error("a worker thread of the loader panicked ({message}): this is a fault in bmae")]
    WorkerPanicked {
        /// The panic's message.
        message: String,
    },
}
