//! Data sets, transforms and the loader of bmae.
//!
//! This crate turns a [`Source`] (the generated shapes, CIFAR-10 or CIFAR-100, images in a
//! folder, a zip, shards or a table) into a
//! [`Dataset`], and a data set into batches of normalised `f32` pixels. It knows no tensors and no framework.
//!
//! Everything random is drawn from generators keyed by `(seed, epoch, sample, purpose)` (see [`random`]), so that
//! the same images come out whatever the number of workers, and after a resume.
//!
//! ```no_run
//! use bmae_architecture::ImageSize;
//! use bmae_data::loader::{self, LastBatch, LoaderConfig, Order};
//! use bmae_data::PerChannel;
//! use bmae_data::transforms::{Augmentation, Transform};
//!
//! # fn main() -> Result<(), bmae_data::DataError> {
//! let source = bmae_data::Source::Shapes { seed: 0, train: 1000, test: 100, size: ImageSize::square(32) };
//! let data = bmae_data::open(&source, &bmae_data::Selection::default())?;
//! let transform = Transform {
//!     augmentation: Augmentation::RandomResizedCrop { scale: (0.2, 1.0) },
//!     randaugment: None,
//!     image_size: ImageSize::square(32),
//!     mean: PerChannel::rgb([0.4914, 0.4822, 0.4465]),
//!     std: PerChannel::rgb([0.2023, 0.1994, 0.2010]),
//!     random_erasing: 0.0,
//! };
//! let config = LoaderConfig {
//!     batch_size: 64,
//!     order: Order::Shuffled,
//!     last_batch: LastBatch::Drop,
//!     seed: 0,
//!     epoch: 0,
//!     first: 0,
//!     limit: None,
//!     share: loader::Share::Whole,
//!     workers: 2,
//! };
//! for batch in loader::load(data.train.clone(), transform, config)? {
//!     let batch = batch?; // batch.images is [64, 3, 32, 32]
//! }
//! # Ok(())
//! # }
//! ```

mod all_threads;
mod arrays;
mod channels;
mod cifar;
mod cifar_set;
mod class_list;
mod dataset;
mod decode;
mod division;
pub mod download;
mod error;
mod file_digest;
mod fingerprint;
mod image;
mod image_files;
mod image_folder;
mod image_names;
mod in_channels;
mod label_table;
mod layout;
mod left_out;
pub mod loader;
mod look_through;
mod luminance;
mod memory;
pub mod mixing;
mod open;
mod per_channel;
pub mod preview;
pub mod random;
mod rectangle;
mod reduction;
mod samples;
mod section;
mod selection;
mod shapes;
mod shards;
mod split;
mod split_names;
pub mod statistics;
mod stored_images;
pub mod stratified;
mod subset;
mod test_origin;
pub mod transforms;
mod unreadable;
mod zipped;

pub use self::image::{Alpha, Image, MOST_CHANNELS};
pub use channels::PixelLayout;
pub use cifar_set::CifarSet;
pub use dataset::{Dataset, Images};
pub use error::{
    ArchiveError, ArrayError, ChannelError, CifarError, DataError, DownloadError, FolderError, LabelError, LoaderError,
    PreviewError, TransformError,
};
pub use fingerprint::Fingerprint;
pub use image_files::ImageFiles;
pub use image_folder::{empty_class_folders, folders_with_images, holds_class_folders};
pub use left_out::LeftOut;
pub use look_through::look_through;
pub use open::{Source, folders_of_images, holds_images, open};
pub use per_channel::PerChannel;
pub use rectangle::Rectangle;
pub use reduction::Reduction;
pub use samples::{Depth, Samples};
pub use selection::{Selection, Undecoded};
pub use split::Split;
pub use subset::Subset;
pub use test_origin::TestOrigin;
pub use unreadable::{Unreadable, UnreadableKind};
