//! `[monitor]`.

use crate::key::Count;
use crate::section::section;

section! {
    /// `[monitor]`.
    pub struct MonitorRecipe, keys MonitorKeys, in "monitor", read by [Pretrain] {
        /// Measure the encoder's features every N epochs of pre-training, and after the last; 0 = never
        /// Measured: RankMe (effective rank) and, if the data set has labels, nearest-neighbour top-1. The standard
        /// deviations of targets and predictions are logged every epoch in any case.
        every: usize = 1, in Count::from(0);
        /// Training images used by that measurement; 0 = all
        knn_train_limit: usize = 5000, in Count::from(0);
        /// Images of the measures of stability, which pre-training logs after every epoch; 0 = none
        /// Measured on the first so many training images, or all: how far the features of student and targets moved, how
        /// rough the loss was, and what each copy did to it. It changes no weights.
        stability: usize = 256, in Count::between(0, 10_000);
        /// Draw reconstructions and attention every N epochs of pre-training, and after the last; 0 = never
        /// They go to the run's pictures/, to TensorBoard and to the report.
        pictures_every: usize = 10, in Count::from(0);
        /// Images in each of these pictures: test images, spread over the classes
        pictures: usize = 8, in Count::between(0, 64);
        /// Channels that pictures show as red, green and blue, counted from 0
        /// Images of fewer than three are grey, of their first. What is not of 8 bits reaches from black to white within 2.5
        /// standard deviations of its mean.
        bands: [usize; 3] = [0, 1, 2], in Count::between(0, 31);
    }
}
