//! A part of an image.

/// A rectangle within an image, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rectangle {
    /// The first column.
    pub left: usize,
    /// The first row.
    pub top: usize,
    /// The number of columns, at least 1.
    pub width: usize,
    /// The number of rows, at least 1.
    pub height: usize,
}
