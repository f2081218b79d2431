//! Writing a safetensors file, for weights and recorded tensors alike.

use std::collections::BTreeMap;
use std::io::{self, Write};

use bmae_output::count::count;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::json;

use super::checksum::{CHECKSUM_KEY, Checksum};
use super::error::WeightsError;
use super::state_dict::{Array, StateDict};

/// A tensor of a file that is written.
#[derive(Debug, Clone)]
pub struct Written<'a> {
    /// Its name in the file.
    pub name: String,
    /// Its shape.
    pub shape: &'a [usize],
    /// As many values as the shape says, row-major.
    pub values: &'a [f32],
}

impl StateDict {
    /// A safetensors file that carries its own checksum; equal weights with equal metadata give equal bytes.
    ///
    /// # Errors
    /// When a tensor's values are not as many as its shape says.
    pub fn to_bytes(&self) -> Result<Vec<u8>, WeightsError> {
        let mut bytes = Vec::new();
        write_file(&mut bytes, self.tensors_to_write(""), &self.metadata)
            .map_err(|reason| WeightsError::Serialise { reason: reason.to_string() })?;
        Ok(bytes)
    }

    /// All tensors, their names with `prefix` before them.
    pub fn tensors_to_write(&self, prefix: &str) -> Vec<Written<'_>> {
        let written = |(name, array)| {
            let (name, Array { shape, values }): (&String, &Array) = (name, array);
            Written { name: format!("{prefix}{name}"), shape, values }
        };
        self.tensors.iter().map(written).collect()
    }
}

/// Writes a safetensors file of these F32 `tensors`, whose names differ, and of `metadata`, with a checksum of both. The
/// same tensors in any order give the same bytes; none is copied as a whole.
///
/// # Errors
/// When a tensor's values are not as many as its shape says, and what `out` says.
pub fn write_file(
    out: &mut dyn Write,
    mut tensors: Vec<Written<'_>>,
    metadata: &BTreeMap<String, String>,
) -> io::Result<()> {
    tensors.sort_by(|one, other| one.name.cmp(&other.name));
    let mut checksum = Checksum::of(metadata);
    let mut entries = String::new();
    let mut end = 0;
    for Written { name, shape, values } in &tensors {
        if shape.iter().try_fold(1usize, |product, side| product.checked_mul(*side)) != Some(values.len()) {
            let reason = format!("tensor {name} has {} for the shape {shape:?}", count(values.len(), "value"));
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
        let (begin, bytes) = (end, size_of_val(*values));
        end += bytes;
        entries += &entry(name, Dtype::F32, shape, [begin, end]);
        checksum.begin_tensor(name, Dtype::F32, shape, bytes);
        in_bytes(values, |bytes| {
            checksum.add(bytes);
            Ok(())
        })?;
    }
    let mut metadata = metadata.clone();
    metadata.insert(CHECKSUM_KEY.to_owned(), checksum.finish());
    let header = header(&metadata, &entries);
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(&header)?;
    for Written { values, .. } in &tensors {
        in_bytes(values, |bytes| out.write_all(bytes))?;
    }
    Ok(())
}

/// The header of a file: `metadata`, if there is any, in the order of its keys, which the crate would write in that of a hash
/// map, another each time; then `entries`, each behind a comma.
fn header(metadata: &BTreeMap<String, String>, entries: &str) -> Vec<u8> {
    const ALIGNED: usize = 8;
    let header = match metadata.is_empty() {
        true => format!("{{{}}}", entries.trim_start_matches(',')),
        false => format!("{{\"__metadata__\":{}{entries}}}", json!(metadata)),
    };
    let mut header = header.into_bytes();
    header.resize(header.len().next_multiple_of(ALIGNED), b' ');
    header
}

/// An entry of the header, behind a comma.
fn entry(name: &str, dtype: Dtype, shape: &[usize], offsets: [usize; 2]) -> String {
    format!(",{}:{{\"dtype\":\"{dtype}\",\"shape\":{},\"data_offsets\":{}}}", json!(name), json!(shape), json!(offsets))
}

/// Hands over `values` as little-endian bytes, a piece at a time.
fn in_bytes(values: &[f32], mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    const AT_ONCE: usize = 16 * 1024;
    let mut bytes = vec![0; AT_ONCE.min(values.len()) * size_of::<f32>()];
    for values in values.chunks(AT_ONCE) {
        for (bytes, value) in bytes.as_chunks_mut().0.iter_mut().zip(values) {
            *bytes = value.to_le_bytes();
        }
        take(&bytes[..size_of_val(values)])?;
    }
    Ok(())
}

/// One recorded tensor on its way out: name, type, shape, little-endian bytes.
pub(crate) type Outgoing<'a> = (&'a str, Dtype, &'a [usize], Vec<u8>);

/// The bytes of a safetensors file of these recorded tensors, whose names differ, and of `metadata`: always the same of the
/// same.
///
/// # Errors
/// When a tensor's bytes are not as many as its shape says.
pub(crate) fn serialise(
    tensors: &[Outgoing<'_>],
    metadata: &BTreeMap<String, String>,
) -> Result<Vec<u8>, WeightsError> {
    let mut tensors: Vec<&Outgoing<'_>> = tensors.iter().collect();
    // The largest numbers first, so that all are aligned.
    tensors.sort_by_key(|(name, dtype, ..)| (std::cmp::Reverse(dtype.bitsize()), *name));
    let (mut entries, mut end) = (String::new(), 0);
    for (name, dtype, shape, bytes) in &tensors {
        TensorView::new(*dtype, shape.to_vec(), bytes)
            .map_err(|reason| WeightsError::Serialise { reason: format!("tensor {name}: {reason}") })?;
        entries += &entry(name, *dtype, shape, [end, end + bytes.len()]);
        end += bytes.len();
    }
    let header = header(metadata, &entries);
    let mut file = Vec::with_capacity(size_of::<u64>() + header.len() + end);
    file.extend((header.len() as u64).to_le_bytes());
    file.extend(header);
    tensors.iter().for_each(|(.., bytes)| file.extend(bytes));
    Ok(file)
}

/// Numbers as a safetensors file has them.
pub(crate) fn little_endian<T: Copy, const SIZE: usize>(values: &[T], bytes: impl Fn(T) -> [u8; SIZE]) -> Vec<u8> {
    values.iter().flat_map(|&value| bytes(value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_weights_give_equal_files_that_read_back_with_all_their_metadata() {
        let array = |values: &[f32]| Array { shape: vec![values.len()], values: values.to_vec() };
        let keys = ["bmae.config", "bmae.epochs_done", "a", "\u{e9}\"\\\n", "z"];
        for names in [&["weight", "bias"][..], &[]] {
            let made = || StateDict {
                tensors: names.iter().map(|name| ((*name).to_owned(), array(&[1.0, -2.5]))).collect(),
                metadata: keys.iter().map(|key| ((*key).to_owned(), format!("of {key}"))).collect(),
                ..StateDict::default()
            };
            let files: Vec<Vec<u8>> = (0..20).map(|_| made().to_bytes().expect("bytes")).collect();
            assert!(files.iter().all(|file| *file == files[0]));
            let read = safetensors::SafeTensors::read_metadata(&files[0]).expect("a safetensors file").1;
            let mut read: BTreeMap<_, _> = read.metadata().clone().expect("metadata").into_iter().collect();
            assert!(read.remove(CHECKSUM_KEY).is_some(), "a file of bmae carries its checksum");
            assert_eq!(read, made().metadata);
            let tensors = safetensors::SafeTensors::deserialize(&files[0]).expect("a safetensors file");
            assert_eq!(tensors.len(), names.len());
            for name in names {
                let view = tensors.tensor(name).expect("it is there");
                assert_eq!(view.data(), little_endian(&[1.0, -2.5], f32::to_le_bytes));
            }
        }
    }
}
