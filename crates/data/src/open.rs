//! From what the user wrote to a data set.

use std::path::{Path, PathBuf};

use bmae_architecture::ImageSize;

use crate::dataset::Limits;
use crate::error::CifarError;
use crate::{CifarSet, DataError, Dataset, cifar, image_folder, shapes};

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
        /// The size of the images.
        size: ImageSize,
    },
    /// CIFAR-10 in this folder: its files, its directory `cifar-10-batches-bin`, or the official archive.
    Cifar10(PathBuf),
    /// CIFAR-100 in this folder: its files, its directory `cifar-100-binary`, or the official archive.
    Cifar100(PathBuf),
    /// A directory or an archive whose kind is recognised by what it holds: CIFAR-10 or CIFAR-100, a folder with
    /// `train/<class>/` and perhaps `test/<class>/`, or any other folder of images, which then have no labels.
    Path(PathBuf),
}

/// Opens a data set, with the first `train_limit` and `test_limit` records only (0: all).
///
/// # Errors
/// When there is no such data, or it cannot be read, or it is not what it claims to be.
pub fn open(source: &Source, train_limit: usize, test_limit: usize) -> Result<Dataset, DataError> {
    let limits = Limits { train: train_limit, test: test_limit };
    match source {
        &Source::Shapes { seed, train, test, size } => {
            let taken = |count: usize, limit: usize| count.min(Limits::count(limit));
            shapes::open(seed, taken(train, train_limit), taken(test, test_limit), size)
        }
        Source::Cifar10(root) => cifar::open(CifarSet::Cifar10, root, limits),
        Source::Cifar100(root) => cifar::open(CifarSet::Cifar100, root, limits),
        Source::Path(path) => open_path(path, limits),
    }
}

/// Opens whatever a path holds.
fn open_path(path: &Path, limits: Limits) -> Result<Dataset, DataError> {
    let metadata = std::fs::metadata(path).map_err(|cause| match cause.kind() {
        std::io::ErrorKind::NotFound => DataError::NotFound { path: path.to_owned() },
        _ => DataError::io("read", path)(cause),
    })?;
    if let Some(dataset) = cifar::recognise(path, limits)? {
        return Ok(dataset);
    }
    if !metadata.is_dir() {
        return Err(if cifar::is_archive(path)? {
            DataError::UnknownArchive { path: path.to_owned() }
        } else {
            DataError::NotAnArchive { path: path.to_owned() }
        });
    }
    // What the Python version of CIFAR-10 and CIFAR-100 consists of.
    if path.join("data_batch_1").is_file() || (path.join("meta").is_file() && path.join("train").is_file()) {
        return Err(CifarError::PythonVersion { path: path.to_owned() }.into());
    }
    image_folder::open(path, limits)
}

/// Whether `folder` is a data set as it stands: CIFAR, `train/` with class folders, or images directly in it. What lies
/// deeper does not count, since every folder above images would be one.
pub fn holds_images(folder: &Path) -> bool {
    let is_cifar = || cifar::recognise(folder, Limits::default()).is_ok_and(|found| found.is_some());
    folder.is_dir() && (is_cifar() || image_folder::is_a_data_set(folder))
}

/// The folders directly in `folder` that [`holds_images`], by name.
pub fn folders_of_images(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_hidden = |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let mut folders: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| !is_hidden(path) && holds_images(path)).collect();
    folders.sort();
    folders
}

#[cfg(test)]
mod tests;
