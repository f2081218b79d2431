//! What can be wrong with a preview.

use bmae_architecture::ImageSize;
use bmae_output::count::count;
use thiserror::Error;

/// What can be wrong with a preview.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PreviewError {
    /// An image that does not fit into a preview.
    #[error("an image of {found} pixels does not fit into a preview of images of {expected}")]
    ImageSize {
        /// The size of the preview's images.
        expected: ImageSize,
        /// The size of the image.
        found: ImageSize,
    },
    /// A row that a preview has no columns for.
    #[error("a row of {images} images does not fit into a preview of {columns} columns")]
    RowLength {
        /// The row's images.
        images: usize,
        /// The preview's columns.
        columns: usize,
    },
    /// A preview that nobody could look at.
    #[error(
        "a preview of {} of {}, {drawn} pixels each, would have \
         more than {megapixels} million pixels",
        count(*rows, "row"),
        count(*columns, "image")
    )]
    TooLarge {
        /// Images in each row.
        columns: usize,
        /// Rows.
        rows: usize,
        /// The size of an image as it is drawn.
        drawn: ImageSize,
        /// The greatest area, in millions of pixels.
        megapixels: usize,
    },
    /// A preview that cannot be written as PNG.
    #[error("the preview cannot be drawn: {cause}")]
    Encoding {
        /// Why.
        cause: String,
    },
}
