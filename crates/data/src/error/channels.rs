//! What can be wrong with the number of channels of images.

use bmae_output::count::count;
use thiserror::Error;

use crate::image::MOST_CHANNELS;

/// What can be wrong with the number of channels of images.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ChannelError {
    /// A number of channels that no image may have.
    #[error("it has {}, but images of 1 to {MOST_CHANNELS} are read", count(*found, "channel"))]
    Number {
        /// How many there are.
        found: usize,
    },
    /// Channels that cannot be made so many.
    #[error(
        "it has {}, where {wanted} {} wanted (data.channels): grey can be repeated to 3 channels, and 3 become 1 by their \
         luminance, but nothing else",
        count(*found, "channel"), if *wanted == 1 { "is" } else { "are" }
    )]
    Mismatch {
        /// How many it has, an alpha not among them.
        found: usize,
        /// How many were asked for.
        wanted: usize,
    },
    /// A band that pictures are to show, and images do not have.
    #[error("pictures are to show band {band} (monitor.bands), but the images have {}, counted from 0", count(*channels, "channel"))]
    NoSuchBand {
        /// The band.
        band: usize,
        /// How many the images have.
        channels: usize,
    },
    /// Images of one set with different numbers of channels.
    #[error("{first} has {}, but {second} has {}: all images of a set must have the same number", count(*channels, "channel"), count(*others, "channel"))]
    Differ {
        /// One image.
        first: String,
        /// Its channels.
        channels: usize,
        /// Another one.
        second: String,
        /// Its channels.
        others: usize,
    },
    /// A colour image in a set of grey ones.
    #[error(
        "it has {}, but the images of its set that were looked at have {expected}: set data.channels = {expected} or {found} \
         to have all images in so many",
        count(*found, "channel")
    )]
    Outlier {
        /// How many it has.
        found: usize,
        /// How many the set has.
        expected: usize,
    },
    /// A set of images that cannot be had in so many channels.
    #[error("the images of {name} have {}{about}, where data.channels = {wanted}", count(*found, "channel"))]
    OfSet {
        /// The set.
        name: String,
        /// How many its images have.
        found: usize,
        /// What else there is to know of them.
        about: &'static str,
        /// How many were asked for.
        wanted: usize,
    },
}
