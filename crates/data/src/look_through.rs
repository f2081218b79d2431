//! Images that cannot be decoded are found before anybody trains on them, and left out if so wanted.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::error::{FolderError, LoaderError};
use crate::{DataError, Dataset, Images, Split, Subset, Unreadable, UnreadableKind};

/// Decodes all images of `dataset` in all threads and gives those that cannot be, in their order. `decoded` is called after
/// each with how many are done.
pub fn look_through(dataset: &Dataset, decoded: &(dyn Fn(usize) + Sync)) -> Vec<Unreadable> {
    let done = AtomicUsize::new(0);
    let of = |split: Split| -> Vec<Unreadable> {
        let Some(images) = dataset.images(split) else { return Vec::new() };
        let look = |index: usize| {
            let outcome = images.image(index).map(drop);
            decoded(done.fetch_add(1, Ordering::Relaxed) + 1);
            let (fault, reason) = told(&outcome.err()?);
            let place = images.place(index).unwrap_or_else(|| PathBuf::from(images.name(index)));
            Some(Unreadable { split, index, place, fault, reason })
        };
        (0..images.len()).into_par_iter().filter_map(look).collect()
    };
    [Split::Train, Split::Test].into_iter().flat_map(of).collect()
}

impl Dataset {
    /// The same without these images, which it remembers.
    ///
    /// # Errors
    /// When no training image would be left, or no test image where there were some.
    pub fn without(self, unreadable: Vec<Unreadable>) -> Result<Self, DataError> {
        let left = |split: Split| -> Result<Option<Arc<dyn Images>>, DataError> {
            let Some(images) = self.images(split) else { return Ok(None) };
            let gone: HashSet<usize> =
                unreadable.iter().filter(|one| one.split == split).map(|one| one.index).collect();
            if gone.is_empty() {
                return Ok(Some(Arc::clone(images)));
            }
            if gone.len() == images.len() {
                return Err(LoaderError::NoneReadable { split, images: images.len() }.into());
            }
            let kept = (0..images.len()).filter(|index| !gone.contains(index)).collect();
            Ok(Some(Arc::new(Subset::new(Arc::clone(images), kept))))
        };
        let train = left(Split::Train)?.unwrap_or_else(|| Arc::clone(&self.train));
        Ok(Self { train, test: left(Split::Test)?, unreadable, ..self })
    }
}

/// What is wrong with an image, without its name.
fn told(error: &DataError) -> (UnreadableKind, String) {
    use UnreadableKind::{Damaged, Unsupported};
    match error {
        DataError::OfImage { cause, .. } => told(cause),
        DataError::Io { cause, .. } => (Damaged, format!("it cannot be read ({cause})")),
        DataError::Folder(FolderError::CorruptImage { cause, .. }) => (Damaged, cause.clone()),
        DataError::Folder(FolderError::UnsupportedImage { kind, .. }) => {
            (Unsupported, format!("it is {kind}, which is not decoded"))
        }
        DataError::Folder(FolderError::DecoderFailed { message, .. }) => {
            (Damaged, format!("its decoder failed ({message})"))
        }
        DataError::Folder(FolderError::ImageMemory { width, height, .. }) => {
            (Damaged, format!("there is not enough memory for its {width}x{height} pixels"))
        }
        DataError::Folder(FolderError::ImageTooLarge { width, height, max_megapixels, .. }) => (
            Unsupported,
            format!("it has {width}x{height} pixels, more than the {max_megapixels} million that are decoded"),
        ),
        error => (Damaged, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Selection, Source, Undecoded, open};

    fn broken() -> (tempfile::TempDir, Dataset) {
        let folder = tempfile::tempdir().expect("a folder");
        for class in ["cats", "dogs"] {
            std::fs::create_dir(folder.path().join(class)).expect("room");
            for number in 0..5 {
                let path = folder.path().join(class).join(format!("{number}.png"));
                image::RgbImage::new(4, 3).save(path).expect("room");
            }
        }
        std::fs::write(folder.path().join("cats/2.png"), "no image").expect("room");
        std::fs::write(folder.path().join("dogs/a.avif"), b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miaf").expect("room");
        let selection = Selection { undecoded: Undecoded::Listed, test_fraction: 0.0, ..Selection::default() };
        let dataset = open(&Source::Path(folder.path().to_owned()), &selection).expect("classes");
        (folder, dataset)
    }

    #[test]
    fn every_image_is_decoded_and_each_that_cannot_be_is_told_with_its_reason() {
        let (folder, dataset) = broken();
        let most = AtomicUsize::new(0);
        let found = look_through(&dataset, &|done| {
            most.fetch_max(done, Ordering::Relaxed);
        });
        assert_eq!(most.into_inner(), 11);
        let told: Vec<_> = found.iter().map(|one| (one.place.clone(), one.fault, one.reason.as_str())).collect();
        assert_eq!(
            told,
            [
                (
                    folder.path().join("cats/2.png"),
                    UnreadableKind::Damaged,
                    "its contents are of no known kind of image"
                ),
                (
                    folder.path().join("dogs/a.avif"),
                    UnreadableKind::Unsupported,
                    "it is an AVIF file, which is not decoded"
                ),
            ]
        );
    }

    #[test]
    fn what_is_left_out_leaves_the_others_in_their_order_with_their_classes() {
        let (_folder, dataset) = broken();
        let found = look_through(&dataset, &|_| ());
        let left = dataset.without(found).expect("others are left");
        let files: Vec<_> = (0..left.train.len()).map(|at| left.train.file(at).expect("a file").to_owned()).collect();
        assert_eq!(files.len(), 9);
        assert!(files.is_sorted() && !files.iter().any(|file| file.ends_with("2.png") && file.starts_with("cats")));
        assert_eq!(left.train.label(4), Some(1));
        assert!(look_through(&left, &|_| ()).is_empty());
        assert_eq!(left.unreadable.len(), 2);
    }

    #[test]
    fn nothing_left_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("a.png"), "no image").expect("room");
        let dataset = open(&Source::Path(folder.path().to_owned()), &Selection::default()).expect("a pile");
        let found = look_through(&dataset, &|_| ());
        let error = dataset.without(found).expect_err("none is left").to_string();
        assert!(error.contains("none of the 1 train image can be decoded"), "{error}");
    }
}
