//! Writing a safetensors file, for weights and recorded tensors alike.

use std::collections::BTreeMap;

use safetensors::tensor::{Dtype, TensorView};

use super::checksum::{CHECKSUM_KEY, Summed, checksum};
use super::error::WeightsError;
use super::state_dict::StateDict;

impl StateDict {
    /// A safetensors file that carries its own checksum; equal weights with equal metadata give equal bytes.
    ///
    /// # Errors
    /// When a tensor's values are not as many as its shape says.
    pub fn to_bytes(&self) -> Result<Vec<u8>, WeightsError> {
        let tensors: Vec<_> = self
            .tensors
            .iter()
            .map(|(name, array)| {
                let bytes = little_endian(&array.values, f32::to_le_bytes);
                (name.as_str(), Dtype::F32, array.shape.as_slice(), bytes)
            })
            .collect();
        let summed = tensors.iter().map(|(name, dtype, shape, bytes)| Summed { name, dtype: *dtype, shape, bytes });
        let mut metadata = self.metadata.clone();
        metadata.insert(CHECKSUM_KEY.to_owned(), checksum(&self.metadata, summed));
        serialise(&tensors, &metadata)
    }
}

/// One tensor on its way out: name, type, shape, little-endian bytes.
pub(crate) type Outgoing<'a> = (&'a str, Dtype, &'a [usize], Vec<u8>);

/// The bytes of a safetensors file of these tensors, and of `metadata` where there is any.
///
/// # Errors
/// When a tensor's bytes are not as many as its shape says.
pub(crate) fn serialise(
    tensors: &[Outgoing<'_>],
    metadata: &BTreeMap<String, String>,
) -> Result<Vec<u8>, WeightsError> {
    let refused = |reason: String| WeightsError::Serialise { reason };
    let views = tensors
        .iter()
        .map(|(name, dtype, shape, bytes)| {
            TensorView::new(*dtype, shape.to_vec(), bytes)
                .map(|view| (*name, view))
                .map_err(|reason| refused(format!("tensor {name}: {reason}")))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let file = safetensors::serialize(views, None).map_err(|reason| refused(reason.to_string()))?;
    Ok(if metadata.is_empty() { file } else { with_metadata(&file, metadata) })
}

/// The safetensors `file` with `metadata` in the order of its keys: the crate would write them in that of a hash map,
/// another each time. The header, whose length in eight bytes stands before it, is a JSON object that is padded with
/// blanks; the offsets in it count from its end.
fn with_metadata(file: &[u8], metadata: &BTreeMap<String, String>) -> Vec<u8> {
    const ALIGNED: usize = 8;
    let (length, rest) = file.split_at(size_of::<u64>());
    let length = length.iter().rev().fold(0, |length, byte| length << 8 | usize::from(*byte));
    let (header, data) = rest.split_at(length);
    let mut text = format!("{{\"__metadata__\":{}", serde_json::json!(metadata)).into_bytes();
    match header.trim_ascii_end() {
        b"{}" => text.push(b'}'),
        tensors => {
            text.push(b',');
            text.extend_from_slice(&tensors[1..]);
        }
    }
    text.resize(text.len().next_multiple_of(ALIGNED), b' ');
    [&(text.len() as u64).to_le_bytes(), text.as_slice(), data].concat()
}

/// Numbers as a safetensors file has them.
pub(crate) fn little_endian<T: Copy, const SIZE: usize>(values: &[T], bytes: impl Fn(T) -> [u8; SIZE]) -> Vec<u8> {
    values.iter().flat_map(|&value| bytes(value)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::state_dict::Array;
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
