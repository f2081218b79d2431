//! What can be wrong with folders of images.

use std::path::PathBuf;

use thiserror::Error;

/// What can be wrong with folders of images.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FolderError {
    /// A folder without images.
    #[error("{path} holds no image: files ending in {extensions} are read", path = path.display())]
    NoImages {
        /// The folder.
        path: PathBuf,
        /// What is read.
        extensions: String,
    },
    /// An image beside the class folders.
    #[error("{path} lies beside the class folders, so it has no class", path = path.display())]
    ImageWithoutClass {
        /// The image.
        path: PathBuf,
    },
    /// Other classes in training than in testing.
    #[error("the class folders of {train} and {test} differ: {difference}", train = train.display(), test = test.display())]
    ClassesDiffer {
        /// The folder of training images.
        train: PathBuf,
        /// The folder of test images.
        test: PathBuf,
        /// Which are only in one of them.
        difference: String,
    },
    /// A file that should be an image and is none.
    #[error("the image {path} cannot be decoded ({cause})", path = path.display())]
    CorruptImage {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        cause: String,
    },
    /// An image that would take too much memory.
    #[error(
        "the image {path} has {width}x{height} pixels, more than the {max_megapixels} million that are decoded",
        path = path.display()
    )]
    ImageTooLarge {
        /// The file.
        path: PathBuf,
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// The greatest area, in millions of pixels.
        max_megapixels: u64,
    },
    /// A walk through folders that failed.
    #[error("cannot look through {path}: {cause}", path = path.display())]
    Walk {
        /// The folder.
        path: PathBuf,
        /// What went wrong.
        cause: String,
    },
}
