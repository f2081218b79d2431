//! The numbers that an image consists of, at the precision in which they were stored.

use crate::luminance::luminance;
use std::fmt;

/// The samples of an image in the order row, column, channel.
#[derive(Debug, Clone, PartialEq)]
pub enum Samples {
    /// Whole numbers of 8 bits; 255 is 1.
    U8(Vec<u8>),
    /// Whole numbers of 16 bits; 65535 is 1.
    U16(Vec<u16>),
    /// Floats, which count as they are.
    F32(Vec<f32>),
}

/// How many bits a sample has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Depth {
    /// Whole numbers of 8 bits.
    Bits8,
    /// Whole numbers of 16 bits.
    Bits16,
    /// 32-bit floats.
    Float32,
}

impl fmt::Display for Depth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bits8 => "8 bits",
            Self::Bits16 => "16 bits",
            Self::Float32 => "32-bit floats",
        })
    }
}

/// A type of samples: what is done with them whatever their type.
pub(crate) trait Sample: Copy + Default + PartialOrd + 'static {
    /// The value that white has, or 1: what a sample is divided by before it is normalised.
    const WHITE: f32;

    /// As a float of the stored value.
    fn to_f32(self) -> f32;

    /// The same in double precision.
    fn to_f64(self) -> f64;

    /// The nearest stored value.
    fn of_f64(value: f64) -> Self;

    /// The stored value that is left when the fraction is cut off; of floats the nearest.
    fn cut_off(value: f64) -> Self;

    /// `value` times `opacity`, where white is opaque.
    fn over_black(self, opacity: Self) -> Self;

    /// The luminance of red, green and blue (ITU-R BT.601).
    fn luminance(colour: [Self; 3]) -> Self;

    /// Samples of this type.
    fn wrap(values: Vec<Self>) -> Samples;
}

impl Sample for u8 {
    const WHITE: f32 = 255.0;
    fn to_f32(self) -> f32 {
        f32::from(self)
    }
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    fn of_f64(value: f64) -> Self {
        // The conversion saturates.
        value.round() as u8
    }
    fn cut_off(value: f64) -> Self {
        // The conversion cuts off and saturates.
        value as u8
    }
    fn over_black(self, opacity: Self) -> Self {
        ((u16::from(self) * u16::from(opacity) + 127) / 255) as u8
    }
    fn luminance(colour: [Self; 3]) -> Self {
        luminance(colour)
    }
    fn wrap(values: Vec<Self>) -> Samples {
        Samples::U8(values)
    }
}

impl Sample for u16 {
    const WHITE: f32 = 65535.0;
    fn to_f32(self) -> f32 {
        f32::from(self)
    }
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    fn of_f64(value: f64) -> Self {
        value.round() as u16
    }
    fn cut_off(value: f64) -> Self {
        // The conversion cuts off and saturates.
        value as u16
    }
    fn over_black(self, opacity: Self) -> Self {
        ((u64::from(self) * u64::from(opacity) + 32767) / 65535) as u16
    }
    fn luminance([red, green, blue]: [Self; 3]) -> Self {
        ((19595 * u64::from(red) + 38470 * u64::from(green) + 7471 * u64::from(blue) + 32768) >> 16) as u16
    }
    fn wrap(values: Vec<Self>) -> Samples {
        Samples::U16(values)
    }
}

impl Sample for f32 {
    const WHITE: f32 = 1.0;
    fn to_f32(self) -> f32 {
        self
    }
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    fn of_f64(value: f64) -> Self {
        value as f32
    }
    fn cut_off(value: f64) -> Self {
        value as f32
    }
    fn over_black(self, opacity: Self) -> Self {
        self * opacity
    }
    fn luminance([red, green, blue]: [Self; 3]) -> Self {
        (0.299 * f64::from(red) + 0.587 * f64::from(green) + 0.114 * f64::from(blue)) as f32
    }
    fn wrap(values: Vec<Self>) -> Samples {
        Samples::F32(values)
    }
}

/// Changes each channel of `values` [.., channels] by itself, given its number and all of its samples.
pub(crate) fn by_plane<T: Sample>(values: &mut [T], channels: usize, mut change: impl FnMut(usize, &mut [T])) {
    let mut plane = Vec::with_capacity(values.len() / channels);
    for channel in 0..channels {
        plane.clear();
        plane.extend(values.iter().skip(channel).step_by(channels));
        change(channel, &mut plane);
        for (value, new) in values.iter_mut().skip(channel).step_by(channels).zip(&plane) {
            *value = *new;
        }
    }
}

/// Runs one piece of code on samples of any type: `by_type!(samples, values => { .. })`.
macro_rules! by_type {
    ($samples:expr, $values:ident => $body:expr) => {
        match $samples {
            $crate::samples::Samples::U8($values) => $body,
            $crate::samples::Samples::U16($values) => $body,
            $crate::samples::Samples::F32($values) => $body,
        }
    };
}

pub(crate) use by_type;

impl Samples {
    /// How many there are.
    pub fn len(&self) -> usize {
        by_type!(self, values => values.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bits each has.
    pub fn depth(&self) -> Depth {
        match self {
            Self::U8(_) => Depth::Bits8,
            Self::U16(_) => Depth::Bits16,
            Self::F32(_) => Depth::Float32,
        }
    }

    /// Sample `at` as it is normalised: of 8 and 16 bits from 0 to 1, a float as it is.
    ///
    /// # Panics
    /// When there is none.
    pub fn value(&self, at: usize) -> f32 {
        match self {
            Self::U8(values) => f32::from(values[at]) / 255.0,
            Self::U16(values) => f32::from(values[at]) / 65535.0,
            Self::F32(values) => values[at],
        }
    }

    /// All samples as bytes, the lowest first.
    pub(crate) fn to_le_bytes(&self) -> Vec<u8> {
        match self {
            Self::U8(values) => values.clone(),
            Self::U16(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            Self::F32(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        }
    }
}
