//! Writing a safetensors file, for weights and recorded tensors alike.

use std::collections::HashMap;

use safetensors::tensor::{Dtype, TensorView};

use super::error::WeightsError;
use super::state_dict::StateDict;

impl StateDict {
    /// A safetensors file.
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
        let metadata = self.metadata.clone().into_iter().collect();
        serialise(&tensors, Some(metadata).filter(|_| !self.metadata.is_empty()))
    }
}

/// One tensor on its way out: name, type, shape, little-endian bytes.
pub(crate) type Outgoing<'a> = (&'a str, Dtype, &'a [usize], Vec<u8>);

/// The bytes of a safetensors file of these tensors.
///
/// # Errors
/// When a tensor's bytes are not as many as its shape says.
pub(crate) fn serialise(
    tensors: &[Outgoing<'_>],
    metadata: Option<HashMap<String, String>>,
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
    safetensors::serialize(views, metadata).map_err(|reason| refused(reason.to_string()))
}

/// Numbers as a safetensors file has them.
pub(crate) fn little_endian<T: Copy, const SIZE: usize>(values: &[T], bytes: impl Fn(T) -> [u8; SIZE]) -> Vec<u8> {
    values.iter().flat_map(|&value| bytes(value)).collect()
}
