//! `[data]`.

use bmae_architecture::ImageSize;

use super::source::{self, DataSource};
use crate::choices::Unreadable;
use crate::key::{Count, Number};
use crate::section::section;

section! {
    /// `[data]`.
    pub struct DataRecipe, keys DataKeys, in "data", read by all {
        /// Where the images come from
        source: DataSource, from source::KEYS;
        /// Size of the input images in pixels: a number for square ones, or [height, width]
        /// Must be a multiple of model.patch_size in each direction.
        image_size: ImageSize = ImageSize::square(32), in Count::between(1, 1_000_000);
        /// Mean of each channel, for pixels from 0 to 1
        /// The default is CIFAR-10's, for every data set.
        mean: [f32; 3] = [0.4914, 0.4822, 0.4465], in Number::between(-1e6, 1e6);
        /// Standard deviation of each channel, for pixels from 0 to 1
        /// The default is CIFAR-10's, for every data set.
        std: [f32; 3] = [0.2023, 0.1994, 0.2010], in Number::between(0.0, 1e6).above_least();
        /// Use only N training images; 0 = all
        /// Classes take turns: the first image of each class, then the second of each, and so on. They keep their order.
        train_limit: usize = 0, in Count::from(0);
        /// Use only N test images; 0 = all
        /// Classes take turns, as for train_limit.
        test_limit: usize = 0, in Count::from(0);
        /// Fraction of each class that is for testing, where a labelled data set does not say; 0 = none
        /// For class folders without train/, and for a CSV, shards and arrays that name no test images. Of each class with two
        /// images or more at least one is for testing and one for training.
        test_fraction: f64 = 0.2, in Number::between(0.0, 1.0).below_most();
        /// Random seed of the choice of those test images
        /// Separate from seed, so that runs with different seeds are tested on the same images.
        split_seed: u64 = 0, in Count::from(0);
        /// What to do about images that cannot be decoded
        /// "stop": the first one ends the run, with its name. "skip": every image is decoded once at the start; those that
        /// cannot be are left out and listed in unreadable.csv of the run directory, with the reason.
        unreadable: Unreadable = Unreadable::Stop;
        /// Random seed of the "shapes" images
        /// Separate from seed, so that runs with different seeds train on the same images.
        shapes_seed: u64 = 0, in Count::from(0);
        /// Number of training images of "shapes"
        shapes_train: usize = 4000, in Count::from(1);
        /// Number of test images of "shapes"
        shapes_test: usize = 1000, in Count::from(1);
    }
}
