//! Images with their labels: what every source of data looks like to the rest of the program.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::DataError;
use crate::channels::PixelLayout;
use crate::image::Image;
use crate::left_out::LeftOut;
use crate::reduction::Reduction;
use crate::samples::Depth;
use crate::split::Split;
use crate::test_origin::TestOrigin;
use crate::unreadable::Unreadable;

/// Images that can be asked for by number, from several threads at once: a map-style data set.
pub trait Images: Send + Sync {
    /// How many images there are.
    fn len(&self) -> usize;

    /// Image `index` (below [`len`](Self::len)) at its native size.
    ///
    /// # Errors
    /// When the image has to be read from a file and that fails; the error names the file.
    fn image(&self, index: usize) -> Result<Image, DataError>;

    /// Image `index` (below [`len`](Self::len)), of which less is wanted than there is: a source that decodes at a part of
    /// the size may divide the sides by what `reduction` answers to its native width and height.
    /// [`Image::native_size`] has them.
    ///
    /// # Errors
    /// As [`image`](Self::image).
    fn image_reduced(&self, index: usize, _reduction: &dyn Fn(usize, usize) -> Reduction) -> Result<Image, DataError> {
        self.image(index)
    }

    /// The channels and bits of image `index` (below [`len`](Self::len)), as cheaply as the source allows.
    ///
    /// # Errors
    /// When it has to be read from a file and that fails; the error names the file.
    fn layout(&self, index: usize) -> Result<PixelLayout, DataError> {
        Ok(PixelLayout::of(&self.image(index)?))
    }

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
        let sides = [image.width(), image.height()].map(|side| (side as u64).to_le_bytes());
        Ok(Sha256::new().chain_update(sides.concat()).chain_update(image.samples().to_le_bytes()).finalize().into())
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
    /// How many channels each image has, as [`open`](crate::open) settled it.
    pub channels: usize,
    /// How many bits the samples have as they are stored; the most, where images differ.
    pub depth: Depth,
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

impl fmt::Debug for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dataset")
            .field("name", &self.name)
            .field("train", &self.train.len())
            .field("test", &self.test.as_ref().map(|images| images.len()))
            .field("class_names", &self.class_names)
            .field("channels", &self.channels)
            .finish()
    }
}
