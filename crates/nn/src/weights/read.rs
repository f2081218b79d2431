//! Reading a safetensors file: any bytes at all may be refused, none may panic.

use std::path::Path;

use bmae_output::count::count;
use safetensors::tensor::{Dtype, Metadata, SafeTensors};

use super::checksum::verify;
use super::error::WeightsError;
use super::{Array, Container, StateDict};

/// Bytes of the number at the start that says how long the header is.
const LENGTH_BYTES: usize = 8;

impl StateDict {
    /// Reads and checks the safetensors file at `path`, its names as they are; [`open`](Self::open) reads other kinds
    /// too. Tensors of whole numbers are skipped.
    ///
    /// # Errors
    /// When it cannot be read, is cut short, is no safetensors file, is not what its checksum is of, or holds a tensor of
    /// numbers that are neither whole nor F32, F16, BF16 or F64.
    pub fn from_file(path: &Path) -> Result<Self, WeightsError> {
        let bytes =
            std::fs::read(path).map_err(|reason| WeightsError::Unreadable { path: path.to_path_buf(), reason })?;
        Self::from_bytes(&bytes, &path.display().to_string())
    }

    /// Reads and checks the bytes of a safetensors file; `source` names them in messages.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file).
    pub fn from_bytes(bytes: &[u8], source: &str) -> Result<Self, WeightsError> {
        check_length(bytes, source)?;
        let refused = |reason: String| WeightsError::NotSafetensors { source_name: source.to_string(), reason };
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|reason| refused(reason.to_string()))?;
        let file = SafeTensors::deserialize(bytes).map_err(|reason| refused(reason.to_string()))?;
        let mut state = Self { source: source.to_string(), ..Self::default() };
        state.metadata.extend(header.metadata().iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
        let mut tensors = file.tensors();
        tensors.sort_by(|(one, _), (other, _)| one.cmp(other));
        let verified = verify(&mut state.metadata, &tensors, source);
        for (name, view) in tensors {
            let Some(values) = floats(view.dtype(), view.data()) else {
                if is_whole(view.dtype()) {
                    state.origin.integer_tensors.push(name);
                    continue;
                }
                return Err(WeightsError::Dtype {
                    source_name: source.to_string(),
                    tensor: name,
                    found: view.dtype().to_string(),
                });
            };
            state.tensors.insert(name, Array { shape: view.shape().to_vec(), values });
        }
        if verified.is_err() {
            // Damage that shows in the numbers is told with its tensor.
            state.tensors.keys().try_for_each(|name| state.check_finite(name))?;
        }
        verified?;
        state.origin.container = Container::Safetensors;
        state.origin.integer_tensors.sort();
        Ok(state)
    }
}

/// Tells a file that is cut short from one that is something else, since the remedies differ.
pub(crate) fn check_length(bytes: &[u8], source: &str) -> Result<(), WeightsError> {
    let refused = |reason: String| WeightsError::NotSafetensors { source_name: source.to_string(), reason };
    let Some((length, rest)) = bytes.split_first_chunk::<LENGTH_BYTES>() else {
        return Err(refused(format!("it has only {}", count(bytes.len(), "byte"))));
    };
    let header_len = u64::from_le_bytes(*length);
    // A header longer than 100 MB is refused by the format's own reader: these bytes were never a length.
    if header_len > 100_000_000 {
        return Err(refused("its first eight bytes are no header length".to_string()));
    }
    let short =
        |expected: u64| WeightsError::CutShort { source_name: source.to_string(), expected, found: bytes.len() as u64 };
    let header_end = LENGTH_BYTES as u64 + header_len;
    let header = rest.get(..header_len as usize).ok_or_else(|| short(header_end))?;
    let header: Metadata = serde_json::from_slice(header).map_err(|reason| refused(format!("its header: {reason}")))?;
    let expected = header_end.saturating_add(header.data_len() as u64);
    if (bytes.len() as u64) < expected { Err(short(expected)) } else { Ok(()) }
}

fn is_whole(dtype: Dtype) -> bool {
    use Dtype::{BOOL, I8, I16, I32, I64, U8, U16, U32, U64};
    matches!(dtype, BOOL | I8 | I16 | I32 | I64 | U8 | U16 | U32 | U64)
}

/// Little-endian numbers as `f32`; `None` for types that are no floating-point weights.
pub(crate) fn floats(dtype: Dtype, bytes: &[u8]) -> Option<Vec<f32>> {
    fn each<const SIZE: usize>(bytes: &[u8], number: impl Fn([u8; SIZE]) -> f32) -> Vec<f32> {
        bytes.as_chunks::<SIZE>().0.iter().map(|&chunk| number(chunk)).collect()
    }
    match dtype {
        Dtype::F32 => Some(each(bytes, f32::from_le_bytes)),
        Dtype::F64 => Some(each(bytes, |chunk| f64::from_le_bytes(chunk) as f32)),
        // BF16 is the upper half of an f32.
        Dtype::BF16 => Some(each(bytes, |[low, high]| f32::from_le_bytes([0, 0, low, high]))),
        Dtype::F16 => Some(each(bytes, |chunk| half(u16::from_le_bytes(chunk)))),
        _ => None,
    }
}

/// An IEEE half-precision number: one sign bit, five of exponent (bias 15), ten of fraction.
fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let fraction = f32::from(bits & 0x3ff);
    sign * match i32::from(bits >> 10 & 0x1f) {
        0 => fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        exponent => (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_numbers_are_converted_exactly() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_95),
            (0x7bff, 65504.0),
            (0x0400, 6.103_515_6e-5),
            (0x0001, 5.960_464_5e-8),
            (0x7c00, f32::INFINITY),
        ] {
            assert_eq!(half(bits), value, "{bits:#06x}");
        }
        assert!(half(0x7e00).is_nan());
    }
}
