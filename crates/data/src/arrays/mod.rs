//! Images in arrays: an `.npz` file, or a folder with one for training and one for testing, read at random.
//!
//! `images` [N, H, W] or [N, H, W, C] with `labels` [N] or [N, 1] are training images; `train_images`, `test_images` and so
//! on are both (so MedMNIST has them). Labels are whole numbers, and each that a training image has is a class.

mod npz;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bmae_output::plain::{name_of_path, plain_path};
use sha2::{Digest, Sha256};

use crate::channels::PixelLayout;
use crate::dataset::Images;
use crate::decode::npy_image;
use crate::division::divided;
use crate::error::ArrayError;
use crate::samples::Depth;
use crate::{DataError, Dataset, Image, Selection};
use npz::{NpzArray, NpzMember, base, members};

/// What arrays of training images and of their labels are called, the likelier first.
const TRAIN: [(&str, &str); 5] = [
    ("train_images", "train_labels"),
    ("x_train", "y_train"),
    ("X_train", "y_train"),
    ("images", "labels"),
    ("arr_0", "arr_1"),
];
/// The same of test images.
const TEST: [(&str, &str); 6] = [
    ("test_images", "test_labels"),
    ("x_test", "y_test"),
    ("X_test", "y_test"),
    ("val_images", "val_labels"),
    ("x_val", "y_val"),
    ("X_val", "y_val"),
];
/// Files of a folder with test images, the likelier first.
const TEST_FILES: [&str; 4] = ["test.npz", "val.npz", "valid.npz", "validation.npz"];

/// Whether a file is a set of arrays, as its name tells.
pub fn is_npz(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npz")) && path.is_file()
}

/// The file of training images of a folder that has one, `train.npz`.
pub fn in_folder(folder: &Path) -> Option<PathBuf> {
    Some(folder.join("train.npz")).filter(|path| path.is_file())
}

/// Opens `train.npz` of a folder, and its file of test images if it has one.
///
/// # Errors
/// As [`open`].
pub fn open_folder(folder: &Path, selection: &Selection) -> Result<Dataset, DataError> {
    let test = TEST_FILES.iter().map(|name| folder.join(name)).find(|path| path.is_file());
    let train = Part::of(&folder.join("train.npz"), &TRAIN)?;
    let train = train.ok_or_else(|| no_images(&folder.join("train.npz")))?;
    let test = match test {
        // In a file of its own a part has the plain names.
        Some(path) => Some(Part::of(&path, &[&TEST[..], &TRAIN[3..]].concat())?.ok_or_else(|| no_images(&path))?),
        None => None,
    };
    dataset(name_of_path(folder), train, test, selection)
}

/// Opens an `.npz` file.
///
/// # Errors
/// When it cannot be read or has no images, when images are no images or labels no whole numbers, as many as there are
/// images, and when a test image has a label that no training image has.
pub fn open(path: &Path, selection: &Selection) -> Result<Dataset, DataError> {
    let train = Part::of(path, &TRAIN)?.ok_or_else(|| no_images(path))?;
    dataset(name_of_path(path), train, Part::of(path, &TEST)?, selection)
}

fn no_images(path: &Path) -> DataError {
    let keys = members(path).map(|members| members.into_iter().map(|member| member.key).collect::<Vec<_>>());
    let keys = keys.unwrap_or_default();
    let found = if keys.is_empty() { "none".to_owned() } else { keys.join(", ") };
    ArrayError::NoImages { path: path.to_owned(), found }.into()
}

fn dataset(name: String, train: Part, test: Option<Part>, selection: &Selection) -> Result<Dataset, DataError> {
    let values: BTreeSet<i64> = train.labels.iter().flatten().copied().collect();
    // Without labels of both, none count.
    let is_labelled = !values.is_empty() && test.as_ref().is_none_or(|test| test.labels.is_some());
    let values: Vec<i64> = if is_labelled { values.into_iter().collect() } else { Vec::new() };
    let train = train.images(&values)?;
    let test = match test {
        Some(test) if is_labelled => Some(test.images(&values)?),
        _ => None,
    };
    let dataset = Dataset {
        name,
        train: Arc::new(train),
        test: test.map(|test| Arc::new(test) as Arc<dyn Images>),
        test_origin: None,
        class_names: values.iter().map(i64::to_string).collect(),
        left_out: None,
        unreadable: Vec::new(),
        channels: 3,
        depth: Depth::Bits8,
    };
    Ok(divided(dataset, selection))
}

/// Images with their labels, as they are stored.
struct Part {
    images: NpzArray,
    labels: Option<Vec<i64>>,
}

impl Part {
    /// The first of `names` that a file has; `None` where it has none of them.
    fn of(path: &Path, names: &[(&str, &str)]) -> Result<Option<Self>, DataError> {
        let path: Arc<Path> = Arc::from(path);
        let mut found = members(&path)?;
        let mut take = |key: &str| -> Option<NpzMember> {
            let at = found.iter().position(|member| member.key == key)?;
            Some(found.swap_remove(at))
        };
        let Some((images, label_key)) = names.iter().find_map(|(images, labels)| Some((take(images)?, *labels))) else {
            return Ok(None);
        };
        let images = NpzArray::open(&path, images)?;
        let labels = take(label_key).map(|labels| labels_of(&NpzArray::open(&path, labels)?)).transpose()?;
        if let Some(labels) = labels.as_ref().filter(|labels| labels.len() as u64 != images.len()) {
            let cause = format!("there are {} labels for its {} images", labels.len(), images.len());
            return Err(images.refused(cause));
        }
        Ok(Some(Self { images, labels }))
    }

    /// The images, each of the class that its label has among `values`.
    fn images(self, values: &[i64]) -> Result<ArrayImages, DataError> {
        let array = self.images;
        let sides = array.header.image_sides(true).map_err(|fault| array.refused(fault.to_string()))?;
        let count = usize::try_from(array.len()).map_err(|_| array.refused("it has too many images"))?;
        if count == 0 {
            return Err(array.refused("it has no images"));
        }
        let class = |label: &i64| {
            values.binary_search(label).map_err(|_| {
                DataError::from(ArrayError::LabelWithoutClass { path: array.path.to_path_buf(), label: *label })
            })
        };
        let labels = match values.is_empty() {
            true => Vec::new(),
            false => self.labels.iter().flatten().map(class).collect::<Result<_, _>>()?,
        };
        let folder = base(&array.path).join(&array.key);
        let files = (0..count).map(|index| folder.join(index.to_string())).collect();
        Ok(ArrayImages { array, sides, labels, files })
    }
}

/// The labels that an array [N] or [N, 1] has.
fn labels_of(array: &NpzArray) -> Result<Vec<i64>, DataError> {
    match array.header.shape[..] {
        [_] | [_, 1] => {}
        _ => return Err(array.refused(format!("its shape is {:?}, where [N] is expected", array.header.shape))),
    }
    let element = array.header.element;
    let bytes = array.bytes(0, array.len() * element.bytes as u64).map_err(|cause| array.refused(cause.to_string()))?;
    element.whole_numbers(&bytes).map_err(|fault| array.refused(fault.to_string()))
}

/// Images of one array.
struct ArrayImages {
    array: NpzArray,
    /// Height, width and channels.
    sides: (u32, u32, usize),
    labels: Vec<usize>,
    /// What each is called: the file, the array and its number.
    files: Vec<PathBuf>,
}

impl ArrayImages {
    fn bytes(&self, index: usize) -> Result<Vec<u8>, DataError> {
        let (height, width, channels) = self.sides;
        let length = u64::from(height) * u64::from(width) * channels as u64 * self.array.header.element.bytes as u64;
        let bytes = self.array.bytes(index as u64 * length, length);
        bytes.map_err(|cause| self.array.refused(format!("image {index}: {cause}")))
    }
}

impl Images for ArrayImages {
    fn len(&self) -> usize {
        self.files.len()
    }

    fn image(&self, index: usize) -> Result<Image, DataError> {
        let bytes = self.bytes(index)?;
        let image = npy_image(&mut bytes.as_slice(), self.array.header.element, self.sides);
        image.map_err(|fault| self.array.refused(format!("image {index}: {fault}")))
    }

    fn layout(&self, _index: usize) -> Result<PixelLayout, DataError> {
        Ok(PixelLayout { channels: self.sides.2, depth: self.array.header.element.depth(), has_alpha: false })
    }

    fn name(&self, index: usize) -> String {
        format!("image {index} of {} in {}", self.array.key, plain_path(&self.array.path))
    }

    fn label(&self, index: usize) -> Option<usize> {
        self.labels.get(index).copied()
    }

    fn file(&self, index: usize) -> Option<&Path> {
        self.files.get(index).map(PathBuf::as_path)
    }

    fn digest(&self, index: usize) -> Result<[u8; 32], DataError> {
        Ok(Sha256::digest(self.bytes(index)?).into())
    }
}

#[cfg(test)]
mod tests;
