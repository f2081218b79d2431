//! Everything that can be wrong with data, each as one sentence that states facts, a file for each area.

mod archive;
mod arrays;
mod channels;
mod cifar;
mod download;
mod folder;
mod labels;
mod loader;
mod preview;
mod transforms;

use std::io;
use std::path::PathBuf;

use bmae_architecture::ImageSize;
use bmae_output::plain::plain_path;

use thiserror::Error;

pub use archive::ArchiveError;
pub use arrays::ArrayError;
pub use channels::ChannelError;
pub use cifar::CifarError;
pub use download::DownloadError;
pub use folder::FolderError;
pub use labels::LabelError;
pub use loader::LoaderError;
pub use preview::PreviewError;
pub use transforms::TransformError;

/// What can be wrong with data, with where it lies and how it is asked for.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// The operating system refused something.
    #[error("cannot {action} {path}: {cause}", path = plain_path(path))]
    Io {
        /// What was tried: "read", "write", ...
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Nothing lies at a path.
    #[error("there is no {path}", path = plain_path(path))]
    NotFound {
        /// What was asked for.
        path: PathBuf,
    },
    /// A file that is no archive.
    #[error("{path} is a file, but no .csv of file,label, no .tar of shards, no .zip of a folder and no .tar.gz of CIFAR-10 or CIFAR-100", path = plain_path(path))]
    NotAnArchive {
        /// The file.
        path: PathBuf,
    },
    /// An archive of something else.
    #[error(
        "{path} is a compressed archive, but holds no data_batch_1.bin (CIFAR-10) and no train.bin (CIFAR-100); shards are \
         read at random and lie in an uncompressed .tar",
        path = plain_path(path)
    )]
    UnknownArchive {
        /// The archive.
        path: PathBuf,
    },
    /// Shapes too small to be told apart, or too large.
    #[error("shapes of {found} pixels cannot be drawn: data.image_size must lie between {min} and {max} for them")]
    ShapeSize {
        /// The size asked for.
        found: ImageSize,
        /// The least.
        min: usize,
        /// The greatest.
        max: usize,
    },
    /// An image that is whole, but cannot be used.
    #[error("{image} cannot be used: {cause}")]
    OfImage {
        /// What it is called: "the image photos/thin.png".
        image: String,
        /// What is wrong.
        cause: Box<DataError>,
    },
    /// Sets of arrays.
    #[error(transparent)]
    Arrays(#[from] ArrayError),
    /// Channels.
    #[error(transparent)]
    Channels(#[from] ChannelError),
    /// An image, a transform or a mixture of images.
    #[error(transparent)]
    Transforms(#[from] TransformError),
    /// A preview.
    #[error(transparent)]
    Preview(#[from] PreviewError),
    /// CIFAR files and their archives.
    #[error(transparent)]
    Cifar(#[from] CifarError),
    /// Folders of images.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Shards and zips of images.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Labels, and tables of them.
    #[error(transparent)]
    Labels(#[from] LabelError),
    /// A download.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// The loading of batches.
    #[error(transparent)]
    Loader(#[from] LoaderError),
}

impl DataError {
    /// For `map_err`: the error is of an image, called as [`Images::name`](crate::Images::name) calls it.
    pub fn of_image(name: String) -> impl FnOnce(Self) -> Self {
        move |cause| Self::OfImage { image: name, cause: Box::new(cause) }
    }

    /// For `map_err`: the system refused `action` on `path`.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |cause| Self::Io { action, path, cause }
    }
}
