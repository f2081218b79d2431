//! Some images of a set, seen as a set of their own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{DataError, Image, Images, PixelLayout, Reduction};

/// Chosen images of a set, in a chosen order. Only their numbers are kept.
pub struct Subset {
    images: Arc<dyn Images>,
    /// The number of each in `images`.
    chosen: Vec<usize>,
}

impl Subset {
    /// The images of these numbers, each below the length of `images`, in this order; whoever asks later for one that does
    /// not exist ends as the set itself ends then.
    pub fn new(images: Arc<dyn Images>, chosen: Vec<usize>) -> Self {
        Self { images, chosen }
    }
}

impl Images for Subset {
    fn len(&self) -> usize {
        self.chosen.len()
    }

    fn image(&self, index: usize) -> Result<Image, DataError> {
        self.images.image(self.chosen[index])
    }

    fn image_reduced(&self, index: usize, reduction: &dyn Fn(usize, usize) -> Reduction) -> Result<Image, DataError> {
        self.images.image_reduced(self.chosen[index], reduction)
    }

    fn layout(&self, index: usize) -> Result<PixelLayout, DataError> {
        self.images.layout(self.chosen[index])
    }

    fn name(&self, index: usize) -> String {
        self.images.name(self.chosen[index])
    }

    fn label(&self, index: usize) -> Option<usize> {
        self.images.label(self.chosen[index])
    }

    fn place(&self, index: usize) -> Option<PathBuf> {
        self.images.place(self.chosen[index])
    }

    fn file(&self, index: usize) -> Option<&Path> {
        self.images.file(self.chosen[index])
    }

    fn digest(&self, index: usize) -> Result<[u8; 32], DataError> {
        self.images.digest(self.chosen[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Selection, Source, open};

    #[test]
    fn a_subset_has_the_chosen_images_with_their_names_labels_and_digests() {
        let size = bmae_architecture::ImageSize::square(16);
        let shapes =
            open(&Source::Shapes { seed: 0, train: 30, test: 1, size }, &Selection::default()).expect("shapes").train;
        let chosen = [7, 3, 21];
        let subset = Subset::new(Arc::clone(&shapes), chosen.to_vec());
        assert_eq!(subset.len(), 3);
        for (index, number) in chosen.into_iter().enumerate() {
            assert_eq!(subset.image(index).expect("drawn"), shapes.image(number).expect("drawn"));
            assert_eq!(subset.name(index), shapes.name(number));
            assert_eq!(subset.label(index), shapes.label(number));
            assert_eq!(subset.file(index), shapes.file(number));
            assert_eq!(subset.digest(index).expect("drawn"), shapes.digest(number).expect("drawn"));
        }
    }
}
