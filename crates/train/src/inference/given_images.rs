//! Images that somebody names: files, folders of files, and data sets.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bmae_data::{DataError, Image, ImageFiles, Images, PixelLayout, Selection, Source};

/// How the names of files end that hold many images.
const SETS: [&str; 6] = ["csv", "tar", "gz", "tgz", "zip", "npz"];

/// Images one after the other as they were named, each with a name of its own.
pub struct GivenImages {
    parts: Vec<Arc<dyn Images>>,
    /// The part of each image, and its number in that.
    places: Vec<(usize, usize)>,
    files: Vec<PathBuf>,
    unreadable: Vec<DataError>,
}

impl GivenImages {
    /// The images at `paths`, in this order. Of a folder all images below it, by name, as they are in a folder without
    /// labels; of an archive or a folder of CIFAR its test images, or all where it has none apart. What leads nowhere, and
    /// a folder without images, counts as an image that cannot be read.
    pub fn of(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut given = Self { parts: Vec::new(), places: Vec::new(), files: Vec::new(), unreadable: Vec::new() };
        let mut files = Vec::new();
        for path in paths {
            if path.is_dir() {
                match ImageFiles::below(&path) {
                    Ok(found) if found.is_empty() => given.add_set(&mut files, &path),
                    Ok(found) => files.extend_from_slice(found.paths()),
                    Err(error) => given.unreadable.push(error),
                }
            } else if is_set(&path) {
                given.add_set(&mut files, &path);
            } else {
                files.push(path);
            }
        }
        given.add_files(&mut files);
        given
    }

    /// Those that are known not to be there, or to be no images.
    pub fn unreadable(&self) -> &[DataError] {
        &self.unreadable
    }

    /// Adds `files`, which is empty then.
    fn add_files(&mut self, files: &mut Vec<PathBuf>) {
        let part = self.parts.len();
        self.places.extend((0..files.len()).map(|index| (part, index)));
        self.files.extend_from_slice(files);
        self.parts.push(Arc::new(ImageFiles::new(std::mem::take(files))));
    }

    /// Adds the data set at `path` behind the `files` before it.
    fn add_set(&mut self, files: &mut Vec<PathBuf>, path: &Path) {
        self.add_files(files);
        // What the set itself does not hold out is not held out here.
        let all = Selection { test_fraction: 0.0, ..Selection::default() };
        match bmae_data::open(&Source::Path(path.to_owned()), &all) {
            Ok(data) => {
                let images = data.test.unwrap_or(data.train);
                let part = self.parts.len();
                self.places.extend((0..images.len()).map(|index| (part, index)));
                self.files.extend((0..images.len()).map(|index| name_in(path, images.as_ref(), index)));
                self.parts.push(images);
            }
            Err(error) => self.unreadable.push(error),
        }
    }
}

/// What image `index` of the set at `path` is called: its file in it, or its number.
fn name_in(path: &Path, images: &dyn Images, index: usize) -> PathBuf {
    match images.file(index) {
        Some(file) => path.join(file),
        None => {
            let mut name = OsString::from(path);
            name.push(format!("#{index}"));
            name.into()
        }
    }
}

fn is_set(path: &Path) -> bool {
    path.extension().is_some_and(|ending| SETS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

impl Images for GivenImages {
    fn len(&self) -> usize {
        self.places.len()
    }

    fn image(&self, index: usize) -> Result<Image, DataError> {
        let (part, place) = self.places[index];
        self.parts[part].image(place)
    }

    fn layout(&self, index: usize) -> Result<PixelLayout, DataError> {
        let (part, place) = self.places[index];
        self.parts[part].layout(place)
    }

    fn name(&self, index: usize) -> String {
        let (part, place) = self.places[index];
        self.parts[part].name(place)
    }

    fn label(&self, _index: usize) -> Option<usize> {
        None
    }

    fn file(&self, index: usize) -> Option<&Path> {
        self.files.get(index).map(PathBuf::as_path)
    }

    fn digest(&self, index: usize) -> Result<[u8; 32], DataError> {
        let (part, place) = self.places[index];
        self.parts[part].digest(place)
    }
}
