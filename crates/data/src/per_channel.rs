//! A number for each channel of an image.

use std::fmt;
use std::ops::Deref;

use crate::error::ChannelError;
use crate::image::MOST_CHANNELS;

/// A number for each of 1 to 32 channels; it is read as a slice `[C]`.
#[derive(Clone, Copy, PartialEq)]
pub struct PerChannel {
    numbers: [f32; MOST_CHANNELS],
    channels: usize,
}

impl PerChannel {
    /// One number each for red, green and blue.
    pub const fn rgb([red, green, blue]: [f32; 3]) -> Self {
        let mut numbers = [0.0; MOST_CHANNELS];
        (numbers[0], numbers[1], numbers[2]) = (red, green, blue);
        Self { numbers, channels: 3 }
    }
}

impl TryFrom<&[f32]> for PerChannel {
    type Error = ChannelError;

    /// Refuses none, and more than 32.
    fn try_from(given: &[f32]) -> Result<Self, ChannelError> {
        let mut numbers = [0.0; MOST_CHANNELS];
        match numbers.get_mut(..given.len()).filter(|place| !place.is_empty()) {
            Some(place) => place.copy_from_slice(given),
            None => return Err(ChannelError::Number { found: given.len() }),
        }
        Ok(Self { numbers, channels: given.len() })
    }
}

impl Deref for PerChannel {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.numbers[..self.channels]
    }
}

impl fmt::Debug for PerChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
