//! Folders of images, decoded when they are asked for.
//!
//! A folder is *labelled* when its sub-folder `train` has sub-folders of its own: each is a class, and `test` must have
//! the same ones if it exists. Both may have other usual names, such as `val`. Every other folder is *unlabelled*: all images below it, at any depth, for
//! pre-training only.
//!
//! Images are the files ending in one of [`EXTENSIONS`] (in any case). A photograph of a kind that is not decoded
//! ([`UNSUPPORTED`]) is refused, since a data set without it would be another one; other files, and whatever begins with
//! a dot, are passed over, and so are the figures of reports and the pictures of runs that lie there. The order is that of the names, the same on every file system: class by class, then by path.

mod split_folders;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bmae_output::own_folder::is_of_drawn_pictures;
use bmae_output::plain::{name_of_path, plain_path};
use walkdir::{DirEntry, WalkDir};

use crate::dataset::Limits;
use crate::decode::{Inspection, decode};
use crate::error::FolderError;
use crate::file_digest::digest_of_file;
use crate::left_out::LeftOut;
use crate::{DataError, Dataset, Image, Images};
use split_folders::SplitFolders;

/// How the names of images end.
pub const EXTENSIONS: [&str; 14] =
    ["png", "jpg", "jpeg", "webp", "bmp", "gif", "tif", "tiff", "ppm", "pgm", "pbm", "pnm", "pam", "qoi"];

/// How the names of photographs end that are not decoded, and what they are.
const UNSUPPORTED: [(&str, &str); 10] = [
    ("avif", "an AVIF file"),
    ("avifs", "an AVIF file"),
    ("heic", "a HEIC file"),
    ("heif", "a HEIC file"),
    ("hif", "a HEIC file"),
    ("jxl", "a JPEG XL file"),
    ("jp2", "a JPEG 2000 file"),
    ("j2k", "a JPEG 2000 file"),
    ("jpf", "a JPEG 2000 file"),
    ("jpx", "a JPEG 2000 file"),
];

/// Opens a folder of images, labelled or not.
///
/// The limits of a labelled folder take the first image of every class, then the second of every class, and so on, so
/// that few images still cover all classes; the order stays that of the names.
///
/// # Errors
/// When it holds no image, a class holds none, an image lies beside the class folders, train and test have different
/// classes, or an image is of a kind that is not decoded.
pub fn open(root: &Path, limits: Limits) -> Result<Dataset, DataError> {
    let name = name_of_path(root);
    let mut left_out = None;
    let Some(splits) = labelled_splits(root)? else {
        let mut paths = images_below(root, &mut left_out)?;
        paths.truncate(Limits::count(limits.train));
        let train = Arc::new(Folder::new(root, paths, Vec::new()));
        return Ok(Dataset { name, train, test: None, test_folder: None, class_names: Vec::new(), left_out });
    };
    let (train, class_names) = labelled(&splits.train, limits.train, &mut left_out)?;
    let test = match &splits.test {
        Some(test_root) => {
            let (test, test_classes) = labelled(test_root, limits.test, &mut left_out)?;
            if test_classes != class_names {
                let difference = difference(&class_names, &test_classes);
                let (train, test) = (splits.train, test_root.clone());
                return Err(FolderError::ClassesDiffer { train, test, difference }.into());
            }
            Some(Arc::new(test) as Arc<dyn Images>)
        }
        None => None,
    };
    Ok(Dataset { name, train: Arc::new(train), test, test_folder: splits.unusual_test(), class_names, left_out })
}

/// The folders below which the images of the folder `root` lie: those of its splits where it is labelled, else itself.
pub fn folders_with_images(root: &Path) -> Vec<PathBuf> {
    match labelled_splits(root) {
        Ok(Some(splits)) => std::iter::once(splits.train).chain(splits.test).collect(),
        _ => vec![root.to_owned()],
    }
}

/// Whether a folder is labelled, or has images directly in it.
pub fn is_a_data_set(root: &Path) -> bool {
    labelled_splits(root).is_ok_and(|splits| splits.is_some())
        || entries(root).is_ok_and(|entries| entries.iter().any(is_image))
}

/// The folders of the splits of a labelled folder, whose training images lie in folders of their own; `None` of any other.
fn labelled_splits(root: &Path) -> Result<Option<SplitFolders>, DataError> {
    match SplitFolders::among(&sub_folders(root)?) {
        Some(splits) if !sub_folders(&splits.train)?.is_empty() => Ok(Some(splits)),
        _ => Ok(None),
    }
}

/// The images of a folder of class folders, and the names of the classes.
fn labelled(root: &Path, limit: usize, left_out: &mut Option<LeftOut>) -> Result<(Folder, Vec<String>), DataError> {
    let classes = class_folders(root)?;
    if let Some(path) = entries(root)?.into_iter().find(is_image) {
        return Err(FolderError::ImageWithoutClass { path: path.into_path() }.into());
    }
    let mut of_class = Vec::new();
    for folder in classes.values() {
        of_class.push(images_below(folder, left_out)?);
    }
    let lengths: Vec<usize> = of_class.iter().map(Vec::len).collect();
    let taken = taken_of_each(&lengths, Limits::count(limit));
    let (mut all, mut labels) = (Vec::new(), Vec::new());
    for (label, (paths, taken)) in of_class.into_iter().zip(taken).enumerate() {
        labels.extend(std::iter::repeat_n(label, taken));
        all.extend(paths.into_iter().take(taken));
    }
    Ok((Folder::new(root, all, labels), classes.into_keys().collect()))
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

/// The class folders in a folder, by the names of the classes.
fn class_folders(root: &Path) -> Result<BTreeMap<String, PathBuf>, DataError> {
    let mut folders = BTreeMap::new();
    for folder in sub_folders(root)? {
        // Bytes that are no UTF-8 are written out, so that such names stay apart.
        let name = folder.file_name().map(plain_path).unwrap_or_default();
        if let Some(first) = folders.insert(name.clone(), folder.clone()) {
            return Err(FolderError::ClassTwice { first, second: folder, name }.into());
        }
    }
    Ok(folders)
}

/// The folders that lie directly in a folder, in the order of their names.
fn sub_folders(root: &Path) -> Result<Vec<PathBuf>, DataError> {
    let folders = entries(root)?.into_iter().filter(|entry| entry.file_type().is_dir());
    Ok(folders.map(DirEntry::into_path).collect())
}

/// What lies directly in a folder, hidden things left out, by name.
fn entries(root: &Path) -> Result<Vec<DirEntry>, DataError> {
    walk(root, 1, &mut None)
}

/// All images below a folder, in the order of their names; at least one. What bmae drew goes to what is `left_out`.
fn images_below(root: &Path, left_out: &mut Option<LeftOut>) -> Result<Vec<PathBuf>, DataError> {
    let found = walk(root, usize::MAX, left_out)?;
    let mut unsupported = found.iter().filter_map(|entry| Some((entry, unsupported(entry)?)));
    if let Some((entry, kind)) = unsupported.next() {
        let path = entry.path().to_owned();
        return Err(FolderError::UnsupportedFiles { path, kind, more: unsupported.count() }.into());
    }
    if !found.iter().any(is_image) {
        return Err(no_images(root, &found, left_out.as_ref()));
    }
    Ok(found.into_iter().filter(is_image).map(DirEntry::into_path).collect())
}

/// All photographs below a folder, in the order of their names, those among them that are not decoded; perhaps none.
pub fn photographs_below(root: &Path) -> Result<Vec<PathBuf>, DataError> {
    let found = walk(root, usize::MAX, &mut None)?.into_iter();
    Ok(found.filter(|entry| is_image(entry) || unsupported(entry).is_some()).map(DirEntry::into_path).collect())
}

fn walk(root: &Path, depth: usize, left_out: &mut Option<LeftOut>) -> Result<Vec<DirEntry>, DataError> {
    let hidden = |entry: &DirEntry| entry.file_name().as_encoded_bytes().starts_with(b".");
    // The walk asks of what lies below alone.
    if is_of_drawn_pictures(root) {
        *left_out = Some(LeftOut::and(left_out.take(), root));
        return Ok(Vec::new());
    }
    let mut is_drawn = |entry: &DirEntry| {
        let is_drawn = entry.file_type().is_dir() && is_of_drawn_pictures(entry.path());
        if is_drawn {
            *left_out = Some(LeftOut::and(left_out.take(), entry.path()));
        }
        is_drawn
    };
    WalkDir::new(root)
        .min_depth(1)
        .max_depth(depth)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| (entry.depth() == 0 || !hidden(entry)) && !is_drawn(entry))
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
    extension(entry).is_some_and(|extension| EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension)))
}

/// What a file is whose name ends as those of photographs that are not decoded.
fn unsupported(entry: &DirEntry) -> Option<&'static str> {
    let extension = extension(entry)?;
    UNSUPPORTED.iter().find(|(known, _)| known.eq_ignore_ascii_case(extension)).map(|&(_, kind)| kind)
}

/// How the name of a file ends.
fn extension(entry: &DirEntry) -> Option<&str> {
    let extension = entry.path().extension().and_then(OsStr::to_str);
    extension.filter(|_| entry.file_type().is_file())
}

fn no_images(folder: &Path, found: &[DirEntry], left_out: Option<&LeftOut>) -> DataError {
    const NAMED: usize = 5;
    let extensions = EXTENSIONS.map(|extension| format!(".{extension}")).join(", ");
    let others: BTreeSet<String> = found.iter().filter_map(extension).map(str::to_ascii_lowercase).collect();
    let others = others.iter().take(NAMED).map(|extension| format!(".{extension}")).collect::<Vec<_>>().join(", ");
    let others = if others.is_empty() { others } else { format!(" (there are others, in {others})") };
    let drawn = left_out.map_or(String::new(), |left_out| format!(" ({left_out})"));
    let others = others + &drawn;
    DataError::Folder(FolderError::NoImages { path: folder.to_owned(), extensions, others })
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
    /// For each image whether its file was found whole.
    inspections: Vec<Inspection>,
}

impl Folder {
    fn new(root: &Path, paths: Vec<PathBuf>, labels: Vec<usize>) -> Self {
        let inspections = paths.iter().map(|_| Inspection::default()).collect();
        Self { root: root.to_owned(), paths, labels, inspections }
    }
}

impl Images for Folder {
    fn len(&self) -> usize {
        self.paths.len()
    }

    fn image(&self, index: usize) -> Result<Image, DataError> {
        decode(&self.paths[index], &self.inspections[index])
    }

    fn name(&self, index: usize) -> String {
        format!("the image {}", plain_path(&self.paths[index]))
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

#[cfg(test)]
mod tests;
