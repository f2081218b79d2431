//! `[data]`.

use bmae_architecture::ImageSize;

use super::source::{self, DataSource};
use crate::channels::{ChannelValues, Channels};
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
        /// Use only the first N training images; 0 = all
        train_limit: usize = 0, in Count::from(0);
        /// Use only the first N test images; 0 = all
        test_limit: usize = 0, in Count::from(0);
        /// Random seed of the "shapes" images
        /// Separate from seed, so that runs with different seeds train on the same images.
        shapes_seed: u64 = 0, in Count::from(0);
        /// Number of training images of "shapes"
        shapes_train: usize = 4000, in Count::from(1);
        /// Number of test images of "shapes"
        shapes_test: usize = 1000, in Count::from(1);
    }
}
