//! From what the user wrote to a data set.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bmae_architecture::ImageSize;

use crate::error::CifarError;
use crate::stratified::classes_in_turn;
use crate::{
    CifarSet, DataError, Dataset, Images, Selection, Subset, arrays, cifar, image_folder, in_channels, label_table,
    shapes, shards, zipped,
};

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
    /// A folder, a file or a pattern whose kind is recognised by what it holds: CIFAR-10 or CIFAR-100, a folder of images or
    /// a zip of one, a table of files and labels, shards.
    Path(PathBuf),
}

/// Opens what `selection` takes of a data set, its images in as many channels as it says, or as they have: all grey, all of
/// so many bands, else RGB.
///
/// # Errors
/// When there is no such data, or it cannot be read, or it is not what it claims to be, or its images have different
/// channels, or such as cannot be made so many.
pub fn open(source: &Source, selection: &Selection) -> Result<Dataset, DataError> {
    in_channels::settle(open_as_stored(source, selection)?, selection.channels)
}

/// The same with every image as its file has it.
fn open_as_stored(source: &Source, selection: &Selection) -> Result<Dataset, DataError> {
    match source {
        // Image by image the classes of shapes take turns.
        &Source::Shapes { seed, train, test, size } => {
            let taken = |count: usize, limit: usize| count.min(Selection::count(limit));
            shapes::open(seed, taken(train, selection.train_limit), taken(test, selection.test_limit), size)
        }
        Source::Cifar10(root) => cifar::open(CifarSet::Cifar10, root, selection),
        Source::Cifar100(root) => cifar::open(CifarSet::Cifar100, root, selection),
        Source::Path(path) => open_path(path, selection).map(|dataset| limited(dataset, selection)),
    }
}

/// `dataset` within the limits of `selection`; what is within them already stays as it is.
fn limited(dataset: Dataset, selection: &Selection) -> Dataset {
    let within = |images: Arc<dyn Images>, limit: usize| -> Arc<dyn Images> {
        if images.len() <= Selection::count(limit) {
            return images;
        }
        let chosen = classes_in_turn(&*images, limit);
        Arc::new(Subset::new(images, chosen))
    };
    Dataset {
        train: within(Arc::clone(&dataset.train), selection.train_limit),
        test: dataset.test.clone().map(|images| within(images, selection.test_limit)),
        ..dataset
    }
}

/// Opens whatever a path holds.
fn open_path(path: &Path, selection: &Selection) -> Result<Dataset, DataError> {
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(_) if shards::is_pattern(path) => return shards::open(path, selection),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
            return Err(DataError::NotFound { path: path.to_owned() });
        }
        Err(cause) => return Err(DataError::io("read", path)(cause)),
    };
    if !metadata.is_dir() {
        return open_file(path, selection);
    }
    if let Some(dataset) = cifar::recognise(path, selection)? {
        return Ok(dataset);
    }
    // What the Python version of CIFAR-10 and CIFAR-100 consists of.
    if path.join("data_batch_1").is_file() || (path.join("meta").is_file() && path.join("train").is_file()) {
        return Err(CifarError::PythonVersion { path: path.to_owned() }.into());
    }
    if image_folder::holds_splits(path) {
        return image_folder::open(path, selection);
    }
    if let Some(table) = label_table::of_folder(path) {
        return label_table::open(&table, selection);
    }
    if arrays::in_folder(path).is_some() {
        return arrays::open_folder(path, selection);
    }
    if shards::holds_archives(path) && !image_folder::is_a_data_set(path) {
        return shards::open(path, selection);
    }
    image_folder::open(path, selection)
}

/// Opens a file, whose kind its name tells.
fn open_file(path: &Path, selection: &Selection) -> Result<Dataset, DataError> {
    if arrays::is_npz(path) {
        return arrays::open(path, selection);
    }
    if label_table::is_table(path) {
        return label_table::open(path, selection);
    }
    if shards::is_shard(path) {
        return shards::open(path, selection);
    }
    if zipped::is_zip(path) {
        return zipped::open(path, selection);
    }
    if let Some(dataset) = cifar::recognise(path, selection)? {
        return Ok(dataset);
    }
    Err(if cifar::is_archive(path)? {
        DataError::UnknownArchive { path: path.to_owned() }
    } else {
        DataError::NotAnArchive { path: path.to_owned() }
    })
}

/// Whether `folder` is a data set as it stands: CIFAR, `train/` with class folders, class folders, images directly in it, a
/// table of labels, or shards. What lies deeper does not count, since every folder above images would be one.
pub fn holds_images(folder: &Path) -> bool {
    let is_cifar = || cifar::recognise(folder, &Selection::default()).is_ok_and(|found| found.is_some());
    let is_a_set_in_files = || {
        label_table::of_folder(folder).is_some() || shards::holds_shards(folder) || arrays::in_folder(folder).is_some()
    };
    folder.is_dir() && (is_cifar() || image_folder::is_a_data_set(folder) || is_a_set_in_files())
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
