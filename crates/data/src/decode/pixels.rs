//! The bytes that a decoder gives as samples.

use image::ColorType;

use super::fault::Fault;
use crate::channels::PixelLayout;
use crate::samples::{Depth, Samples};

/// Channels and bits of a decoder's colours.
///
/// # Errors
/// When they are of another kind.
pub fn layout(colour: ColorType) -> Result<PixelLayout, Fault> {
    let (channels, depth, has_alpha) = match colour {
        ColorType::L8 => (1, Depth::Bits8, false),
        ColorType::La8 => (2, Depth::Bits8, true),
        ColorType::Rgb8 => (3, Depth::Bits8, false),
        ColorType::Rgba8 => (4, Depth::Bits8, true),
        ColorType::L16 => (1, Depth::Bits16, false),
        ColorType::La16 => (2, Depth::Bits16, true),
        ColorType::Rgb16 => (3, Depth::Bits16, false),
        ColorType::Rgba16 => (4, Depth::Bits16, true),
        ColorType::Rgb32F => (3, Depth::Float32, false),
        ColorType::Rgba32F => (4, Depth::Float32, true),
        other => return Err(Fault::Unsupported(format!("a picture of colours {other:?}"))),
    };
    Ok(PixelLayout { channels, depth, has_alpha })
}

/// The samples of `bytes`, in the machine's order.
///
/// # Errors
/// When a float is no number.
pub fn samples(bytes: Vec<u8>, depth: Depth) -> Result<Samples, Fault> {
    Ok(match depth {
        Depth::Bits8 => Samples::U8(bytes),
        Depth::Bits16 => Samples::U16(bytes.as_chunks().0.iter().map(|bytes| u16::from_ne_bytes(*bytes)).collect()),
        Depth::Float32 => finite(bytes.as_chunks().0.iter().map(|bytes| f32::from_ne_bytes(*bytes)).collect())?,
    })
}

/// Floats, each of which must be a number.
///
/// # Errors
/// When one is none, or infinite.
pub fn finite(values: Vec<f32>) -> Result<Samples, Fault> {
    match values.iter().find(|value| !value.is_finite()) {
        None => Ok(Samples::F32(values)),
        Some(value) => Err(Fault::Damaged(format!("it contains {value}, which is no number to learn from"))),
    }
}

/// Doubles, or whole numbers of another width, as the floats that they are.
///
/// # Errors
/// When a float cannot hold one exactly, or it is none.
pub fn exact(values: impl Iterator<Item = f64>, kind: &str) -> Result<Samples, Fault> {
    let floats: Result<Vec<f32>, f64> = values
        .map(|value| Some(value as f32).filter(|float| f64::from(*float) == value || value.is_nan()).ok_or(value))
        .collect();
    match floats {
        Ok(floats) => finite(floats),
        Err(value) => Err(Fault::Unsupported(format!(
            "{kind}, of which 32-bit floats cannot hold {value} exactly (save it as float32, uint16 or uint8)"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_keep_every_bit() {
        let deep: Vec<u8> = [1_u16, 0x1234, 65535].iter().flat_map(|value| value.to_ne_bytes()).collect();
        assert!(samples(deep, Depth::Bits16).is_ok_and(|found| found == Samples::U16(vec![1, 0x1234, 65535])));
        let floats: Vec<u8> = [0.1_f32, -7.5].iter().flat_map(|value| value.to_ne_bytes()).collect();
        assert!(samples(floats, Depth::Float32).is_ok_and(|found| found == Samples::F32(vec![0.1, -7.5])));
    }

    #[test]
    fn what_a_float_cannot_hold_is_refused() {
        assert!(exact([1.5, -3.0, 16_777_216.0].into_iter(), "64-bit floats").is_ok());
        for value in [0.1, 16_777_217.0, 1e300] {
            assert!(matches!(exact([value].into_iter(), "64-bit floats"), Err(Fault::Unsupported(_))), "{value}");
        }
        for value in [f64::NAN, f64::INFINITY] {
            assert!(matches!(exact([value].into_iter(), "64-bit floats"), Err(Fault::Damaged(_))), "{value}");
        }
    }
}
