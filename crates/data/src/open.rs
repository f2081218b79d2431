//! From what the user wrote to a data set.

use std::path::PathBuf;

use crate::{DataError, Dataset};

/// Where images come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The generated shapes; they need no files.
    Shapes {
        /// What the images depend on, and nothing else.
        seed: u64,
        /// How many training images.
        train: usize,
        /// How many test images.
        test: usize,
        /// The side of the square images, in pixels.
        size: usize,
    },
    /// CIFAR-10 in this folder: its files, its directory `cifar-10-batches-bin`, or the official archive.
    Cifar10(PathBuf),
    /// CIFAR-100 in this folder: its files, its directory `cifar-100-binary`, or the official archive.
    Cifar100(PathBuf),
    /// A directory or an archive whose kind is recognised by what it holds: CIFAR-10 or CIFAR-100, an image folder
    /// with classes, or a folder of images without labels.
    Path(PathBuf),
}

/// Opens a data set, with the first `train_limit` and `test_limit` records only (0: all).
///
/// # Errors
/// When there is no such data, or it cannot be read, or it is not what it claims to be; the error says what to do.
pub fn open(source: &Source, train_limit: usize, test_limit: usize) -> Result<Dataset, DataError> {
    let _ = (source, train_limit, test_limit);
    todo!()
}
