//! Everything that can be wrong with data, each as one sentence that says what to do.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// What can be wrong with data, with where it lies and how it is asked for.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// The operating system refused something.
    #[error("cannot {action} {path}: {cause}", path = path.display())]
    Io {
        /// What was tried: "read", "write", ...
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },

    // --- images and transforms -------------------------------------------------------------------------------------
    /// An image whose bytes do not match its sides.
    #[error(
        "an image of {width}x{height} pixels cannot be made of {bytes} bytes: it needs three for every pixel"
    )]
    ImageShape {
        /// Columns.
        width: usize,
        /// Rows.
        height: usize,
        /// The bytes given.
        bytes: usize,
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
    #[error("data.{key} contains {found}: each of the three must be {expected}")]
    Normalisation {
        /// "mean" or "std".
        key: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: f32,
    },
    /// A crop's scale that is no part of an image.
    #[error(
        "a crop's scale of {least} to {greatest} is impossible: it needs 0 < least <= greatest <= 1"
    )]
    CropScale {
        /// The least share of the area.
        least: f64,
        /// The greatest share of the area.
        greatest: f64,
    },
    /// A place for the transformed image that has another size.
    #[error("the transformed image has {expected} numbers, but there is room for {found}")]
    OutputLength {
        /// 3 S S.
        expected: usize,
        /// What was given.
        found: usize,
    },
    /// The resizing library refused.
    #[error("an image cannot be resized: {cause}")]
    Resize {
        /// What the library said.
        cause: String,
    },

    // --- loader ----------------------------------------------------------------------------------------------------
    /// A batch size or number of workers of 0.
    #[error("the {key} is 0: it takes at least one {unit}")]
    ZeroInLoader {
        /// What is 0.
        key: &'static str,
        /// What there must be one of.
        unit: &'static str,
    },
    /// A data set without images.
    #[error(
        "the data set holds no images: choose another with --data, or raise data.train_limit or data.shapes_train"
    )]
    NoImages,
    /// Too few images to train on.
    #[error(
        "the data set has {images} images, which do not fill one batch of {batch_size}: \
         lower batch_size, or use more images (data.train_limit, data.shapes_train)"
    )]
    LessThanOneBatch {
        /// The images there are.
        images: usize,
        /// The images of a batch.
        batch_size: usize,
    },
    /// No memory for a batch.
    #[error(
        "a batch of {images} images of {image_size}x{image_size} pixels does not fit in memory: lower batch_size or data.image_size"
    )]
    BatchMemory {
        /// Images in the batch.
        images: usize,
        /// The side of each.
        image_size: usize,
    },
    /// The system gave no thread.
    #[error("cannot start a worker thread of the loader: {cause}")]
    WorkerStart {
        /// What the system said.
        cause: io::Error,
    },
    /// A worker of the loader panicked: a fault of bmae.
    #[error(
        "a worker thread of the loader panicked ({message}): this is a fault in bmae, please report it"
    )]
    WorkerPanicked {
        /// The panic's message.
        message: String,
    },
}

impl DataError {
    /// For `map_err`: the system refused `action` on `path`.
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |cause| Self::Io {
            action,
            path,
            cause,
        }
    }
}
