//! What can be wrong with folders of images.

use std::path::PathBuf;

use bmae_output::plain::plain_path;

use thiserror::Error;

/// What can be wrong with folders of images.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FolderError {
    /// A folder without images.
    #[error("{path} holds no image: files ending in {extensions} are read{others}", path = plain_path(path))]
    NoImages {
        /// The folder.
        path: PathBuf,
        /// What is read.
        extensions: String,
        /// What else there is, or nothing.
        others: String,
    },
    /// Photographs of a kind that is not decoded.
    #[error(
        "{path} is {kind}, which is not decoded{and_more}",
        path = plain_path(path),
        and_more = match more {
            0 => String::new(),
            1 => ", and there is 1 more of this or another such kind".to_owned(),
            more => format!(", and there are {more} more of this or another such kind"),
        }
    )]
    UnsupportedFiles {
        /// The first one.
        path: PathBuf,
        /// What it is: "an AVIF file".
        kind: &'static str,
        /// How many more there are.
        more: usize,
    },
    /// Two classes of one name.
    #[error("the class folders {first} and {second} both have the name {name}", first = plain_path(first), second = plain_path(second))]
    ClassTwice {
        /// The one.
        first: PathBuf,
        /// The other.
        second: PathBuf,
        /// What both are called as text.
        name: String,
    },
    /// An image beside the class folders.
    #[error("{path} lies beside the class folders, so it has no class", path = plain_path(path))]
    ImageWithoutClass {
        /// The image.
        path: PathBuf,
    },
    /// Other classes in training than in testing.
    #[error("the class folders of {train} and {test} differ: {difference}", train = plain_path(train), test = plain_path(test))]
    ClassesDiffer {
        /// The folder of training images.
        train: PathBuf,
        /// The folder of test images.
        test: PathBuf,
        /// Which are only in one of them.
        difference: String,
    },
    /// A file that should be an image and is none, or of which a part is missing or damaged.
    #[error("the image {path} cannot be decoded ({cause})", path = plain_path(path))]
    CorruptImage {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// An image of a kind that is not decoded.
    #[error(
        "the image {path} is {kind}, which is not decoded: PNG, JPEG, WebP, BMP, GIF, TIFF, PNM and QOI are",
        path = plain_path(path)
    )]
    UnsupportedImage {
        /// The file.
        path: PathBuf,
        /// What it is: "an AVIF file".
        kind: String,
    },
    /// A decoder that panicked.
    #[error("the image {path} cannot be decoded: its decoder failed ({message})", path = plain_path(path))]
    DecoderFailed {
        /// The file.
        path: PathBuf,
        /// The panic's message.
        message: String,
    },
    /// An image that the system has no memory for.
    #[error("there is not enough memory for the image {path} of {width}x{height} pixels", path = plain_path(path))]
    ImageMemory {
        /// The file.
        path: PathBuf,
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// An image that would take too much memory.
    #[error(
        "the image {path} has {width}x{height} pixels, more than the {max_megapixels} million that are decoded",
        path = plain_path(path)
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
    #[error("cannot look through {path}: {cause}", path = plain_path(path))]
    Walk {
        /// The folder.
        path: PathBuf,
        /// What went wrong.
        cause: String,
    },
}
