//! What can be wrong with a set of images in an `.npz` file.

use std::path::PathBuf;

use bmae_output::plain::{plain, plain_path};
use thiserror::Error;

/// What can be wrong with a set of images in an `.npz` file.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ArrayError {
    /// A file that is no `.npz`, or damaged.
    #[error("{path} cannot be read as a set of arrays ({cause})", path = plain_path(path))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// No array that could be images.
    #[error(
        "{path} has no array of training images: `images`, or `train_images` with `test_images`, is expected, and there are {found}",
        path = plain_path(path),
        found = plain(found)
    )]
    NoImages {
        /// The file.
        path: PathBuf,
        /// The arrays that it has.
        found: String,
    },
    /// An array that cannot be used.
    #[error("the array {key} in {path} cannot be used: {cause}", key = plain(key), path = plain_path(path))]
    Array {
        /// The file.
        path: PathBuf,
        /// The array.
        key: String,
        /// What is wrong with it.
        cause: String,
    },
    /// A packed array that is too large for memory.
    #[error(
        "the array {key} in {path} is packed and has {bytes} bytes, more than the {most} that are unpacked into memory: save it \
         with np.savez instead of np.savez_compressed, and it is read from the disk",
        key = plain(key),
        path = plain_path(path)
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The array.
        key: String,
        /// Its bytes.
        bytes: u64,
        /// How many are unpacked.
        most: u64,
    },
    /// A label of a test image that no training image has.
    #[error("{path} has test images of the label {label}, which no training image has", path = plain_path(path))]
    LabelWithoutClass {
        /// The file.
        path: PathBuf,
        /// The label.
        label: i64,
    },
}
