//! `[data]`.

use bmae_architecture::ImageSize;

use super::source::{self, DataSource};
use crate::channels::{ChannelValues, Channels};
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
        /// Channels of the images: "auto" or 1 to 32
        /// "auto": as many as the images have. Grey ones stay one channel, a set with grey and colour is RGB, and
        /// transparency is put over black. 4 keeps RGBA, 3 repeats grey, and 1 takes the luminance of colours.
        channels: Channels = Channels::Auto;
        /// Mean of each channel: a list, "auto" or "default"
        /// Of images of 8 and 16 bits for values from 0 to 1, of floats as they are. "auto" measures the training images;
        /// "default" does so too, but for CIFAR and shapes it is CIFAR-10's. A run records what it took.
        mean: ChannelValues = ChannelValues::Standard, in Number::between(-1e30, 1e30);
        /// Standard deviation of each channel: a list, "auto" or "default"
        /// As data.mean. A channel that never changes has 1.
        std: ChannelValues = ChannelValues::Standard, in Number::between(0.0, 1e30).above_least();
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
