//! Folders of images on a disk, read when they are asked for. How they lie, [`layout`](crate::layout) says.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bmae_output::own_folder::is_of_drawn_pictures;
use bmae_output::plain::name_of_path;
use walkdir::{DirEntry, WalkDir};

use crate::division::divided;
use crate::error::FolderError;
use crate::image_names::{is_hidden, is_image, undecoded_kind};
use crate::layout::{FilesBelow, Layout, LayoutKind, Part, Tree, kind};
use crate::left_out::LeftOut;
use crate::stored_images::{Bytes, Store, StoredImages};
use crate::{DataError, Dataset, Depth, Images, Selection, TestOrigin};

/// Opens a folder of images, labelled or not; class folders without a split are divided.
///
/// # Errors
/// As [`Layout::of`], and when it cannot be looked through.
pub fn open(root: &Path, selection: &Selection) -> Result<Dataset, DataError> {
    let layout = Layout::of(&DiskTree { root }, selection.undecoded)?;
    let images = |part: Part| -> Arc<dyn Images> {
        Arc::new(StoredImages::new(FolderStore(root.join(part.base)), part.files, part.labels))
    };
    let dataset = Dataset {
        name: name_of_path(root),
        train: images(layout.train),
        test: layout.test.map(images),
        test_origin: layout.test_folder.map(TestOrigin::Folder),
        class_names: layout.class_names,
        left_out: layout.left_out,
        unreadable: Vec::new(),
        channels: 3,
        depth: Depth::Bits8,
    };
    Ok(if layout.has_splits { dataset } else { divided(dataset, selection) })
}

/// The folders below which the images of the folder `root` lie: those of its splits where it has such, else itself.
pub fn folders_with_images(root: &Path) -> Vec<PathBuf> {
    match kind(&DiskTree { root }) {
        Ok(LayoutKind::Splits(splits)) => {
            std::iter::once(splits.train).chain(splits.test).map(|folder| root.join(folder)).collect()
        }
        _ => vec![root.to_owned()],
    }
}

/// Whether a folder is labelled, or has images directly in it.
pub fn is_a_data_set(root: &Path) -> bool {
    let tree = DiskTree { root };
    let is_labelled = || kind(&tree).is_ok_and(|kind| !matches!(kind, LayoutKind::Pile));
    tree.image_in(Path::new("")).is_ok_and(|image| image.is_some()) || is_labelled()
}

/// Whether a folder holds those of splits, with folders of classes in them.
pub fn holds_splits(root: &Path) -> bool {
    matches!(kind(&DiskTree { root }), Ok(LayoutKind::Splits(_)))
}

/// The sub-folders of class folders below which no image lies, which are no classes; none of any other folder.
pub fn empty_class_folders(root: &Path) -> Vec<String> {
    let tree = DiskTree { root };
    if !matches!(kind(&tree), Ok(LayoutKind::Classes)) {
        return Vec::new();
    }
    let is_empty = |folder: &PathBuf| {
        tree.files_below(folder)
            .is_ok_and(|below| !below.files.iter().any(|file| is_image(file) || undecoded_kind(file).is_some()))
    };
    tree.folders(Path::new("")).unwrap_or_default().iter().filter(|folder| is_empty(folder)).map(name_of_path).collect()
}

/// Whether a folder holds folders of classes, without a split.
pub fn holds_class_folders(root: &Path) -> bool {
    matches!(kind(&DiskTree { root }), Ok(LayoutKind::Classes))
}

/// All photographs below a folder, in the order of their names, those among them that are not decoded; perhaps none.
///
/// # Errors
/// When it cannot be looked through.
pub fn photographs_below(root: &Path) -> Result<Vec<PathBuf>, DataError> {
    let below = DiskTree { root }.files_below(Path::new(""))?;
    let is_photograph = |file: &PathBuf| is_image(file) || undecoded_kind(file).is_some();
    Ok(below.files.into_iter().filter(is_photograph).map(|file| root.join(file)).collect())
}

/// Files on a disk, below this folder unless their paths are absolute.
pub struct FolderStore(pub PathBuf);

impl Store for FolderStore {
    fn place(&self, _index: usize, file: &Path) -> PathBuf {
        self.0.join(file)
    }

    fn bytes(&self, _index: usize, file: &Path) -> Result<Box<dyn Bytes>, DataError> {
        let path = self.0.join(file);
        let file = File::open(&path).map_err(DataError::io("read", path))?;
        Ok(Box::new(BufReader::new(file)))
    }
}

/// A folder on a disk.
struct DiskTree<'a> {
    root: &'a Path,
}

impl DiskTree<'_> {
    /// What lies below a folder, down to a depth, by name.
    fn walk(&self, folder: &Path, depth: usize) -> Result<(Vec<DirEntry>, Option<LeftOut>), DataError> {
        let start = self.place(folder);
        // The walk asks of what lies below alone.
        if is_of_drawn_pictures(&start) {
            return Ok((Vec::new(), Some(LeftOut::and(None, &start))));
        }
        let mut left_out = None;
        let mut is_drawn = |entry: &DirEntry| {
            let is_drawn = entry.file_type().is_dir() && is_of_drawn_pictures(entry.path());
            if is_drawn {
                left_out = Some(LeftOut::and(left_out.take(), entry.path()));
            }
            is_drawn
        };
        let entries = WalkDir::new(&start)
            .min_depth(1)
            .max_depth(depth)
            .follow_links(true)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|entry| (entry.depth() == 0 || !is_hidden(entry.file_name())) && !is_drawn(entry))
            .collect::<Result<_, _>>()
            .map_err(|cause| {
                DataError::Folder(FolderError::Walk {
                    path: cause.path().unwrap_or(&start).to_owned(),
                    cause: match cause.io_error() {
                        Some(cause) => cause.to_string(),
                        None => "it links back to a folder above it".to_owned(),
                    },
                })
            })?;
        Ok((entries, left_out))
    }

    fn relative(&self, entry: &DirEntry) -> PathBuf {
        entry.path().strip_prefix(self.root).unwrap_or(entry.path()).to_owned()
    }
}

impl Tree for DiskTree<'_> {
    fn folders(&self, folder: &Path) -> Result<Vec<PathBuf>, DataError> {
        let (entries, _) = self.walk(folder, 1)?;
        Ok(entries.iter().filter(|entry| entry.file_type().is_dir()).map(|entry| self.relative(entry)).collect())
    }

    fn image_in(&self, folder: &Path) -> Result<Option<PathBuf>, DataError> {
        let (entries, _) = self.walk(folder, 1)?;
        let is_image = |entry: &&DirEntry| entry.file_type().is_file() && is_image(entry.path());
        Ok(entries.iter().find(is_image).map(|entry| self.relative(entry)))
    }

    fn files_below(&self, folder: &Path) -> Result<FilesBelow, DataError> {
        let (entries, left_out) = self.walk(folder, usize::MAX)?;
        let files = entries.iter().filter(|entry| entry.file_type().is_file()).map(|entry| self.relative(entry));
        Ok(FilesBelow { files: files.collect(), left_out })
    }

    fn place(&self, path: &Path) -> PathBuf {
        // Joined with nothing, a path would get a slash.
        if path.as_os_str().is_empty() { self.root.to_owned() } else { self.root.join(path) }
    }
}

#[cfg(test)]
mod tests;
