//! What a recipe is proposed for: the images, and what may be spent on them.

use std::path::PathBuf;
use std::time::Duration;

/// What is known of the images that a recipe is for.
#[derive(Clone, Debug, PartialEq)]
pub struct ImagesAtHand {
    /// `data.source` as the recipe shall say it.
    pub source: String,
    /// `data.root` where the source needs one that is not the default.
    pub root: Option<PathBuf>,
    /// Number of training images, at least 1.
    pub train: usize,
    /// Number of test images; 0 where there are none.
    pub test: usize,
    /// Number of classes; 0 without labels.
    pub classes: usize,
    /// The median of the shorter sides, in pixels; `None` where images are generated at the size that is asked for.
    pub shorter_side: Option<usize>,
    /// Width through height, where most of the images have the same one.
    pub ratio: Option<f64>,
    /// Training images that mean, standard deviation and sides were taken from.
    pub looked_at: usize,
    /// The mean of each channel, of 8 and 16 bits for values from 0 to 1.
    pub mean: Vec<f64>,
    /// The standard deviation of each channel, of 8 and 16 bits for values from 0 to 1.
    pub std: Vec<f64>,
}

impl ImagesAtHand {
    /// Whether they are RGB, whose mean and deviation three digits tell.
    pub(super) fn are_of_colours(&self) -> bool {
        self.mean.len() == 3 && self.std.iter().all(|std| *std < 1e-3 || (0.02..1.0).contains(std))
    }

    /// Whether an evaluation can be trained on them and tested.
    pub(super) fn can_be_evaluated(&self) -> bool {
        self.classes > 0 && self.test > 0
    }
}

/// What may be spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// How long a pre-training on pixels may take.
    pub time: Duration,
    /// Bytes of memory that are free; `None`: not looked at.
    pub memory: Option<u64>,
}
