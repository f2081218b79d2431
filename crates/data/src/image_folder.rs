//! Folders of images, decoded when they are asked for.
//!
//! A folder is *labelled* when its sub-folder `train` has sub-folders of its own: each is a class, and `test` must have
//! the same ones if it exists. Every other folder is *unlabelled*: all images below it, at any depth, for
//! pre-training only.
//!
//! Images are the files ending in one of [`EXTENSIONS`] (in any case); other files, and whatever begins with a dot, are
//! passed over. The order is that of the names, the same on every file system: class by class, then by path.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bmae_output::plain::plain_path;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits as DecoderLimits};
use walkdir::{DirEntry, WalkDir};

use crate::dataset::Limits;
use crate::error::FolderError;
use crate::file_digest::digest_of_file;
use crate::{DataError, Dataset, Image, Images};

/// How the names of images end.
pub const EXTENSIONS: [&str; 14] =
    ["png", "jpg", "jpeg", "webp", "bmp", "gif", "tif", "tiff", "ppm", "pgm", "pbm", "pnm", "pam", "qoi"];

/// The greatest area of an image that is decoded, in pixels: enough for any camera, too little for a file that claims
/// to be larger than memory.
const LARGEST_AREA: u64 = 200_000_000;

/// Opens a folder of images, labelled or not.
///
/// The limits of a labelled folder take the first image of every class, then the second of every class, and so on, so
/// that few images still cover all classes; the order stays that of the names.
///
/// # Errors
/// When it holds no image, a class holds none, an image lies beside the class folders, or train and test have
/// different classes.
pub fn open(root: &Path, limits: Limits) -> Result<Dataset, DataError> {
    let name = root.display().to_string();
    let train_root = root.join("train");
    let test_root = root.join("test");
    if !train_root.is_dir() || class_folders(&train_root)?.is_empty() {
        let mut paths = images_below(root)?;
        if paths.is_empty() {
            return Err(no_images(root));
        }
        paths.truncate(Limits::count(limits.train));
        let train = Arc::new(Folder { root: root.to_owned(), paths, labels: Vec::new() });
        return Ok(Dataset { name, train, test: None, class_names: Vec::new() });
    }
    let (train, class_names) = labelled(&train_root, limits.train)?;
    let test = if test_root.is_dir() {
        let (test, test_classes) = labelled(&test_root, limits.test)?;
        if test_classes != class_names {
            let difference = difference(&class_names, &test_classes);
            return Err(FolderError::ClassesDiffer { train: train_root, test: test_root, difference }.into());
        }
        Some(Arc::new(test) as Arc<dyn Images>)
    } else {
        None
    };
    Ok(Dataset { name, train: Arc::new(train), test, class_names })
}

/// The images of a folder of class folders, and the names of the classes.
fn labelled(root: &Path, limit: usize) -> Result<(Folder, Vec<String>), DataError> {
    let classes = class_folders(root)?;
    if let Some(path) = entries(root)?.into_iter().find(is_image) {
        return Err(FolderError::ImageWithoutClass { path: path.into_path() }.into());
    }
    let mut of_class = Vec::new();
    for folder in classes.values() {
        let paths = images_below(folder)?;
        if paths.is_empty() {
            return Err(no_images(folder));
        }
        of_class.push(paths);
    }
    let lengths: Vec<usize> = of_class.iter().map(Vec::len).collect();
    let taken = taken_of_each(&lengths, Limits::count(limit));
    let mut folder = Folder { root: root.to_owned(), paths: Vec::new(), labels: Vec::new() };
    for (label, (paths, taken)) in of_class.into_iter().zip(taken).enumerate() {
        folder.labels.extend(std::iter::repeat_n(label, taken));
        folder.paths.extend(paths.into_iter().take(taken));
    }
    Ok((folder, classes.into_keys().collect()))
}

/// How many images of each class are taken, when classes take turns until `limit` is reached.
fn taken_of_each(lengths: &[usize], limit: usize) -> Vec<usize> {
    let mut taken = vec![0; lengths.len()];
    let mut left = limit.min(lengths.iter().sum());
    while left > 0 {
        for (taken, &length) in taken.iter_mut().zip(lengths) {
            if *taken < length && left > 0 {
                *taken += 1;
                left -= 1;
            }
        }
    }
    taken
}

/// The sub-folders of a folder, by name.
fn class_folders(root: &Path) -> Result<BTreeMap<String, PathBuf>, DataError> {
    let folders = entries(root)?.into_iter().filter(|entry| entry.file_type().is_dir());
    let mut classes = BTreeMap::new();
    for entry in folders {
        // Bytes that are no UTF-8 are written out, so that such names stay apart.
        let name = plain_path(entry.file_name());
        if classes.insert(name, entry.path().to_owned()).is_some() {
            let cause = "another class folder has a name that looks the same; rename one of the two".to_owned();
            return Err(FolderError::Walk { path: entry.into_path(), cause }.into());
        }
    }
    Ok(classes)
}

/// What lies directly in a folder, hidden things left out, by name.
fn entries(root: &Path) -> Result<Vec<DirEntry>, DataError> {
    walk(root, 1)
}

/// All images below a folder, in the order of their names.
fn images_below(root: &Path) -> Result<Vec<PathBuf>, DataError> {
    let found = walk(root, usize::MAX)?;
    Ok(found.into_iter().filter(is_image).map(DirEntry::into_path).collect())
}

fn walk(root: &Path, depth: usize) -> Result<Vec<DirEntry>, DataError> {
    let hidden = |entry: &DirEntry| entry.file_name().as_encoded_bytes().starts_with(b".");
    WalkDir::new(root)
        .min_depth(1)
        .max_depth(depth)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !hidden(entry))
        .collect::<Result<_, _>>()
        .map_err(|cause| {
            DataError::Folder(FolderError::Walk {
                path: cause.path().unwrap_or(root).to_owned(),
                cause: match cause.io_error() {
                    Some(cause) => cause.to_string(),
                    None => "it links back to a folder above it".to_owned(),
                },
            })
        })
}

fn is_image(entry: &DirEntry) -> bool {
    let extension = entry.path().extension().and_then(|extension| extension.to_str());
    entry.file_type().is_file()
        && extension.is_some_and(|extension| EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension)))
}

fn no_images(folder: &Path) -> DataError {
    let extensions = EXTENSIONS.map(|extension| format!(".{extension}")).join(", ");
    DataError::Folder(FolderError::NoImages { path: folder.to_owned(), extensions })
}

/// Which classes are only in one of two lists.
fn difference(train: &[String], test: &[String]) -> String {
    const NAMED: usize = 5;
    let only = |here: &[String], there: &[String], place: &str| {
        let names: Vec<&str> = here.iter().filter(|name| !there.contains(name)).map(String::as_str).collect();
        let more = match names.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let named = names[..names.len().min(NAMED)].join(", ");
        (!names.is_empty()).then(|| format!("only in {place} is {named}{more}"))
    };
    [only(train, test, "train"), only(test, train, "test")].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Files with, or without, a label each.
struct Folder {
    /// What all of them lie below.
    root: PathBuf,
    paths: Vec<PathBuf>,
    labels: Vec<usize>,
}

impl Images for Folder {
    fn len(&self) -> usize {
        self.paths.len()
    }

    fn image(&self, index: usize) -> Result<Image, DataError> {
        decode(&self.paths[index])
    }

    fn label(&self, index: usize) -> Option<usize> {
        self.labels.get(index).copied()
    }

    fn file(&self, index: usize) -> Option<&Path> {
        self.paths[index].strip_prefix(&self.root).ok()
    }

    fn digest(&self, index: usize) -> Result<[u8; 32], DataError> {
        digest_of_file(&self.paths[index])
    }
}

/// Reads an image file as RGB at its native size: turned upright as its EXIF orientation says, grey as three equal
/// channels, 16 bits as 8, transparency over black, of an animation the first picture. What kind of file it is, its
/// contents tell, not its name.
///
/// # Errors
/// When it cannot be opened or decoded, or has more than 200 million pixels.
pub fn decode(path: &Path) -> Result<Image, DataError> {
    let corrupt = |cause: image::ImageError| {
        DataError::Folder(FolderError::CorruptImage { path: path.to_owned(), cause: cause.to_string() })
    };
    let file = File::open(path).map_err(DataError::io("read", path))?;
    let mut reader =
        ImageReader::new(BufReader::new(file)).with_guessed_format().map_err(DataError::io("read", path))?;
    let mut limits = DecoderLimits::default();
    // Four channels of 16 bits, and as much again for the decoder.
    limits.max_alloc = Some(2 * 8 * LARGEST_AREA);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(corrupt)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > LARGEST_AREA {
        let max_megapixels = LARGEST_AREA / 1_000_000;
        return Err(FolderError::ImageTooLarge { path: path.to_owned(), width, height, max_megapixels }.into());
    }
    // Damaged metadata is no reason to refuse the pixels.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(corrupt)?;
    picture.apply_orientation(orientation);
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    Image::new(width, height, rgb(picture))
}

/// The pixels as RGB of 8 bits, transparency over black.
fn rgb(picture: DynamicImage) -> Vec<u8> {
    if !picture.color().has_alpha() {
        return picture.into_rgb8().into_raw();
    }
    let over_black = |value: u8, alpha: u8| ((u16::from(value) * u16::from(alpha) + 127) / 255) as u8;
    let picture = picture.into_rgba8();
    let pixels = picture.pixels().map(|pixel| pixel.0);
    pixels.flat_map(|[r, g, b, alpha]| [r, g, b].map(|value| over_black(value, alpha))).collect()
}

#[cfg(test)]
mod tests;
