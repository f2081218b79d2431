//! Single image files, wherever they lie: what somebody names, or a folder holds.

use std::path::{Path, PathBuf};

use bmae_output::plain::plain_path;

use crate::decode::{Inspection, decode, layout};
use crate::image_folder::{FolderStore, photographs_below};
use crate::stored_images::Store;
use crate::{DataError, Image, Images, PixelLayout};

/// Image files in the order in which they were given, without labels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageFiles {
    paths: Vec<PathBuf>,
}

impl ImageFiles {
    /// The files at `paths`. None is opened before it is asked for, and need not be there.
    pub fn new(paths: Vec<PathBuf>) -> Self {
        Self { paths }
    }

    /// The image files below `folder`, at any depth, in the order of their names, as in a folder of images without labels.
    /// Photographs of a kind that is not decoded are among them: whoever asks for one is told.
    ///
    /// # Errors
    /// When the folder cannot be looked through.
    pub fn below(folder: &Path) -> Result<Self, DataError> {
        Ok(Self { paths: photographs_below(folder)? })
    }

    /// Where they lie, each as it was given.
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }
}

/// Files at their own paths.
fn as_named() -> FolderStore {
    FolderStore(PathBuf::new())
}

impl Images for ImageFiles {
    fn len(&self) -> usize {
        self.paths.len()
    }

    fn image(&self, index: usize) -> Result<Image, DataError> {
        let path = &self.paths[index];
        decode(&mut as_named().bytes(index, path)?, path, &Inspection::default())
    }

    fn layout(&self, index: usize) -> Result<PixelLayout, DataError> {
        let path = &self.paths[index];
        layout(&mut as_named().bytes(index, path)?, path)
    }

    fn name(&self, index: usize) -> String {
        format!("the image {}", plain_path(&self.paths[index]))
    }

    fn label(&self, _index: usize) -> Option<usize> {
        None
    }

    fn place(&self, index: usize) -> Option<PathBuf> {
        Some(self.paths[index].clone())
    }

    fn file(&self, index: usize) -> Option<&Path> {
        Some(&self.paths[index])
    }

    fn digest(&self, index: usize) -> Result<[u8; 32], DataError> {
        as_named().digest(index, &self.paths[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn files_below_a_folder_come_by_name_and_none_is_refused_before_it_is_opened() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["b/2.png", "b/10.JPG", "a.webp", "b/.hidden.png", "notes.txt", "c/x.heic"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, "no image").expect("a file");
        }
        let files = ImageFiles::below(folder.path()).expect("a folder");
        let names = files.paths().iter().map(|path| path.strip_prefix(folder.path()).expect("below"));
        assert_eq!(names.collect::<Vec<_>>(), ["a.webp", "b/10.JPG", "b/2.png", "c/x.heic"].map(Path::new));
        for index in 0..files.len() {
            let error = files.image(index).expect_err("no image").to_string();
            assert!(error.contains(&plain_path(&files.paths()[index])), "{error}");
        }
        assert!(ImageFiles::below(&folder.path().join("nowhere")).is_err());
        assert!(ImageFiles::new(vec!["nowhere.png".into()]).image(0).is_err());
    }
}
