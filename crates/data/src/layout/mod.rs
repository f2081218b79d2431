//! How images lie in folders: which are for training and for testing, and of which class each is.
//!
//! The first of these rules that fits holds:
//!
//! 1. *Splits*: the folder `train` has sub-folders. Each of them is a class; `test` must have the same ones if it exists.
//!    Both may have other usual names, such as `val`.
//! 2. *Classes*: no image lies directly in the folder, none of its sub-folders is called as a split, and images lie
//!    directly in two or more of them. Then each sub-folder below which images lie is a class.
//! 3. *A pile*: all images below the folder, at any depth, without labels.
//!
//! Images are the files whose names end so ([`image_names`](crate::image_names)). A photograph of a kind that is not decoded is
//! refused, since a data set without it would be another one; other files, and whatever is hidden, are passed over, and so
//! are the figures of reports and the pictures of runs. The order is that of the names: class by class, then by path.

mod classes;
mod split_folders;
mod tree;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::DataError;
use crate::error::FolderError;
use crate::image_names::{EXTENSIONS, extension, is_image, undecoded_kind};
use crate::left_out::LeftOut;
use crate::selection::Undecoded;
use crate::split_names::is_of_a_split;
use classes::{class_folders, difference};
use split_folders::SplitFolders;
pub use tree::{FilesBelow, Tree};

/// Which rule fits a tree.
pub enum LayoutKind {
    /// `train/<class>/...`, and perhaps `test/<class>/...`.
    Splits(SplitFolders),
    /// `<class>/...`
    Classes,
    /// Images without labels.
    Pile,
}

/// The rule that fits `tree`; reads no more than the names that it takes to know.
///
/// # Errors
/// When it cannot be looked through.
pub fn kind(tree: &impl Tree) -> Result<LayoutKind, DataError> {
    let top = Path::new("");
    let folders = tree.folders(top)?;
    if let Some(splits) = SplitFolders::among(&folders)
        && !tree.folders(&splits.train)?.is_empty()
    {
        return Ok(LayoutKind::Splits(splits));
    }
    let is_split = |folder: &PathBuf| folder.file_name().and_then(|name| name.to_str()).is_some_and(is_of_a_split);
    if folders.len() < 2 || folders.iter().any(is_split) || tree.image_in(top)?.is_some() {
        return Ok(LayoutKind::Pile);
    }
    let mut with_images = 0;
    for folder in folders {
        with_images += usize::from(tree.image_in(&folder)?.is_some());
        if with_images == 2 {
            return Ok(LayoutKind::Classes);
        }
    }
    Ok(LayoutKind::Pile)
}

/// Some images of a tree.
pub struct Part {
    /// The folder that they lie below.
    pub base: PathBuf,
    /// Their paths, relative to it.
    pub files: Vec<PathBuf>,
    /// Their classes; empty without labels.
    pub labels: Vec<usize>,
}

/// All images of a tree.
pub struct Layout {
    /// For training.
    pub train: Part,
    /// For testing; absent where the tree does not say.
    pub test: Option<Part>,
    /// Whether it lies in folders of splits, so that without test images there are none.
    pub has_splits: bool,
    /// The name of the folder of test images where it is not the usual one.
    pub test_folder: Option<String>,
    /// The names of the classes; empty without labels.
    pub class_names: Vec<String>,
    /// What was left out.
    pub left_out: Option<LeftOut>,
}

impl Layout {
    /// How the images of `tree` lie.
    ///
    /// # Errors
    /// When it holds no image, a class of a split holds none, an image lies beside the class folders of a split, train
    /// and test have different classes, two classes have one name, or an image is of a kind that is not decoded.
    pub fn of(tree: &impl Tree, undecoded: Undecoded) -> Result<Self, DataError> {
        let mut walk = Walk { tree, undecoded, left_out: None };
        let (train, test, has_splits, test_folder, class_names) = match kind(tree)? {
            LayoutKind::Splits(splits) => {
                let (train, class_names) = walk.split(&splits.train)?;
                let test = splits.test.as_ref().map(|test| walk.split(test)).transpose()?;
                let test = match (test, &splits.test) {
                    (Some((_, test_classes)), Some(test)) if test_classes != class_names => {
                        let difference = difference(&class_names, &test_classes);
                        let (train, test) = (tree.place(&splits.train), tree.place(test));
                        return Err(FolderError::ClassesDiffer { train, test, difference }.into());
                    }
                    (test, _) => test.map(|(test, _)| test),
                };
                (train, test, true, splits.unusual_test(), class_names)
            }
            LayoutKind::Classes => {
                let (train, class_names) = walk.classes(Path::new(""), Empty::PassedOver)?;
                (train, None, false, None, class_names)
            }
            LayoutKind::Pile => {
                let base = PathBuf::new();
                let files = walk.images_below(&base)?;
                (Part { base, files, labels: Vec::new() }, None, false, None, Vec::new())
            }
        };
        Ok(Self { train, test, has_splits, test_folder, class_names, left_out: walk.left_out })
    }
}

/// What becomes of a class folder below which no image lies.
#[derive(Clone, Copy, PartialEq)]
enum Empty {
    /// It is an error.
    Refused,
    /// It is no class.
    PassedOver,
}

/// A walk through a tree.
struct Walk<'a, T> {
    tree: &'a T,
    undecoded: Undecoded,
    left_out: Option<LeftOut>,
}

impl<T: Tree> Walk<'_, T> {
    /// The images of a split, and its classes.
    fn split(&mut self, base: &Path) -> Result<(Part, Vec<String>), DataError> {
        if let Some(image) = self.tree.image_in(base)? {
            return Err(FolderError::ImageWithoutClass { path: self.tree.place(&image) }.into());
        }
        self.classes(base, Empty::Refused)
    }

    /// The images of a folder of class folders, and the names of the classes.
    fn classes(&mut self, base: &Path, empty: Empty) -> Result<(Part, Vec<String>), DataError> {
        let mut part = Part { base: base.to_owned(), files: Vec::new(), labels: Vec::new() };
        let mut names = Vec::new();
        for (name, folder) in class_folders(self.tree, base)? {
            let images = match self.images_below(&folder) {
                Err(DataError::Folder(FolderError::NoImages { .. })) if empty == Empty::PassedOver => continue,
                images => images?,
            };
            part.labels.extend(std::iter::repeat_n(names.len(), images.len()));
            part.files.extend(images.into_iter().map(|image| relative(&image, base)));
            names.push(name);
        }
        Ok((part, names))
    }

    /// All images below a folder, relative to the top; at least one.
    fn images_below(&mut self, folder: &Path) -> Result<Vec<PathBuf>, DataError> {
        let FilesBelow { mut files, left_out } = self.tree.files_below(folder)?;
        let drawn = left_out.as_ref().map_or(String::new(), |left_out| format!(" ({left_out})"));
        self.left_out = LeftOut::together(self.left_out.take(), left_out);
        let is_taken = |file: &Path| is_image(file) || undecoded_kind(file).is_some();
        if self.undecoded == Undecoded::Refused {
            let mut undecoded = files.iter().filter_map(|file| Some((file, undecoded_kind(file)?)));
            if let Some((file, kind)) = undecoded.next() {
                let path = self.tree.place(file);
                return Err(FolderError::UnsupportedFiles { path, kind, more: undecoded.count() }.into());
            }
        }
        if !files.iter().any(|file| is_taken(file)) {
            return Err(no_images(self.tree.place(folder), &files, &drawn));
        }
        files.retain(|file| is_taken(file));
        files.shrink_to_fit();
        Ok(files)
    }
}

/// `file` as it lies below `base`.
fn relative(file: &Path, base: &Path) -> PathBuf {
    file.strip_prefix(base).unwrap_or(file).to_owned()
}

fn no_images(path: PathBuf, found: &[PathBuf], drawn: &str) -> DataError {
    const NAMED: usize = 5;
    let extensions = EXTENSIONS.map(|extension| format!(".{extension}")).join(", ");
    let others: BTreeSet<String> =
        found.iter().filter_map(|file| extension(file)).map(str::to_ascii_lowercase).collect();
    let others = others.iter().take(NAMED).map(|extension| format!(".{extension}")).collect::<Vec<_>>().join(", ");
    let others = if others.is_empty() { others } else { format!(" (there are others, in {others})") };
    DataError::Folder(FolderError::NoImages { path, extensions, others: others + drawn })
}
