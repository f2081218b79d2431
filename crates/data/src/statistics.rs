//! What `bmae data info` says of a set of images.

use crate::{DataError, Images};

/// What a set of images is like.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    /// How many images there are.
    pub images: usize,
    /// The mean of each channel over all pixels, for pixels between 0 and 1.
    pub mean: [f64; 3],
    /// The standard deviation of each channel over all pixels (divided by their number), for pixels between 0 and 1.
    pub std: [f64; 3],
    /// How many images each class has, in the order of the labels; empty without labels.
    pub class_counts: Vec<usize>,
    /// The least width and the least height (not always of one image), in pixels.
    pub least_size: (usize, usize),
    /// The greatest width and the greatest height (not always of one image), in pixels.
    pub greatest_size: (usize, usize),
}

impl Statistics {
    /// Looks at every pixel of every image, on all processors. `classes` is the number of classes, 0 without labels.
    ///
    /// # Errors
    /// When there is no image, or one cannot be read.
    pub fn of(images: &dyn Images, classes: usize) -> Result<Self, DataError> {
        let _ = (images, classes);
        todo!()
    }
}
