//! Images with their labels: what every source of data looks like to the rest of the program.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bmae_architecture::ImageSize;
use sha2::{Digest, Sha256};

use crate::DataError;
use crate::error::TransformError;
use crate::left_out::LeftOut;
use crate::memory::Claim;
use crate::split::Split;
use crate::test_origin::TestOrigin;
use crate::unreadable::Unreadable;

/// An RGB image of 8 bits a channel.
#[derive(Clone)]
pub struct Image {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
    /// What a decoded image takes of the memory for all of them.
    #[expect(dead_code, reason = "it is given back when it is dropped")]
    claim: Option<Arc<Claim>>,
}

impl Image {
    /// An image of `width` x `height` pixels, given in the order row, column, channel (red, green, blue).
    ///
    /// # Errors
    /// When a side is 0, or the number of bytes is not `height * width * 3`.
    pub fn new(width: usize, height: usize, pixels: Vec<u8>) -> Result<Self, DataError> {
        let expected = width.checked_mul(height).and_then(|area| area.checked_mul(3));
        if width == 0 || height == 0 || expected != Some(pixels.len()) {
            return Err(TransformError::ImageShape { width, height, bytes: pixels.len() }.into());
        }
        Ok(Self { width, height, pixels, claim: None })
    }

    /// The same image, which gives a claim back when it and its clones are dropped.
    pub(crate) fn holding(self, claim: Claim) -> Self {
        Self { claim: Some(Arc::new(claim)), ..self }
    }

    /// The number of columns, at least 1.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The number of rows, at least 1.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The pixels [height, width, 3]: row, column, channel (red, green, blue).
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The pixels [height, width, 3], for changing them in place.
    pub fn pixels_mut(&mut self) -> &mut [u8] {
        &mut self.pixels
    }
}

impl PartialEq for Image {
    fn eq(&self, other: &Self) -> bool {
        let Self { width, height, pixels, claim: _ } = self;
        (width, height, pixels) == (&other.width, &other.height, &other.pixels)
    }
}

impl Eq for Image {}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Image({}x{})", self.width, self.height)
    }
}

/// Images that can be asked for by number, from several threads at once: a map-style data set.
pub trait Images: Send + Sync {
    /// How many images there are.
    fn len(&self) -> usize;

    /// Image `index` (below [`len`](Self::len)) at its native size.
    ///
    /// # Errors
    /// When the image has to be read from a file and that fails; the error names the file.
    fn image(&self, index: usize) -> Result<Image, DataError>;

    /// What to call image `index` (below [`len`](Self::len)) in an error about it.
    fn name(&self, index: usize) -> String {
        format!("image {index}")
    }

    /// The class of image `index` (below [`len`](Self::len)), or `None` when the set has no labels: all images of a
    /// set have a label, or none has.
    fn label(&self, index: usize) -> Option<usize>;

    /// Where image `index` (below [`len`](Self::len)) lies: its path, or that of its archive and its name in it; `None` where
    /// images have no files of their own.
    fn place(&self, _index: usize) -> Option<PathBuf> {
        None
    }

    /// The file of image `index` (below [`len`](Self::len)), relative to the folder of all; `None` where images have none
    /// of their own.
    fn file(&self, _index: usize) -> Option<&Path> {
        None
    }

    /// A SHA-256 that tells image `index` (below [`len`](Self::len)) from another, as cheaply as the source allows; it
    /// need not decode it, nor read all of it.
    ///
    /// # Errors
    /// When the image has to be read from a file and that fails; the error names the file.
    fn digest(&self, index: usize) -> Result<[u8; 32], DataError> {
        let image = self.image(index)?;
        let sides = [image.width, image.height].map(|side| (side as u64).to_le_bytes());
        Ok(Sha256::new().chain_update(sides.concat()).chain_update(&image.pixels).finalize().into())
    }

    /// Whether there is no image at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A set of images for training and, unless it is for pre-training only, one for evaluation.
#[derive(Clone)]
pub struct Dataset {
    /// What to call it, in logs and tables: `CIFAR-10`, `shapes`, or the path of a folder.
    pub name: String,
    /// The training images.
    pub train: Arc<dyn Images>,
    /// The test images; absent for unlabelled folders and for labelled ones without such a folder.
    pub test: Option<Arc<dyn Images>>,
    /// Where the test images come from, where they are not simply called `test`.
    pub test_origin: Option<TestOrigin>,
    /// The name of each class, in the order of the labels; empty when the images have no labels.
    pub class_names: Vec<String>,
    /// What was left out of the images; absent where nothing was.
    pub left_out: Option<LeftOut>,
    /// The images that could not be decoded and were left out.
    pub unreadable: Vec<Unreadable>,
}

impl Dataset {
    /// The images of a split, if there are any.
    pub fn images(&self, split: Split) -> Option<&Arc<dyn Images>> {
        match split {
            Split::Train => Some(&self.train),
            Split::Test => self.test.as_ref(),
        }
    }

    /// Whether the images have labels.
    pub fn is_labelled(&self) -> bool {
        !self.class_names.is_empty()
    }
}

/// The values of an image of this size in three colours: 3 H W.
pub(crate) fn values_per_image(image_size: ImageSize) -> usize {
    3 * image_size.area()
}

impl fmt::Debug for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dataset")
            .field("name", &self.name)
            .field("train", &self.train.len())
            .field("test", &self.test.as_ref().map(|images| images.len()))
            .field("class_names", &self.class_names)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_owns_exactly_three_bytes_a_pixel() {
        let image = Image::new(2, 1, vec![1, 2, 3, 4, 5, 6]).expect("six bytes for two pixels");
        assert_eq!((image.width(), image.height(), image.pixels()), (2, 1, &[1, 2, 3, 4, 5, 6][..]));
        for (width, height, bytes) in [(2, 1, 5), (2, 1, 7), (0, 1, 0), (1, 0, 0), (usize::MAX, 2, 6)] {
            assert!(Image::new(width, height, vec![0; bytes]).is_err(), "{width}x{height} of {bytes} bytes");
        }
    }
}
