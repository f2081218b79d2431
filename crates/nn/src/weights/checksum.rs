//! The checksum that weight files of bmae carry, so that a file knows whether its contents are still those that were
//! written. Files of other programs have none.

use std::collections::BTreeMap;

use safetensors::tensor::Dtype;
use sha2::{Digest, Sha256};

use super::error::WeightsError;

/// The metadata key of the checksum.
pub(super) const CHECKSUM_KEY: &str = "bmae.checksum";

/// How its value begins: a file whose key was hit by the damage is still known by it.
const ALGORITHM: &str = "sha256:";

/// What is summed of one tensor.
pub(super) struct Summed<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its type.
    pub dtype: Dtype,
    /// Its shape.
    pub shape: &'a [usize],
    /// Its values, little-endian.
    pub bytes: &'a [u8],
}

/// The checksum of a file of these `tensors`, which are in the order of their names, and this `metadata`: of all names,
/// types, shapes and values, and of the metadata but the checksum itself.
pub(super) fn checksum<'a>(
    metadata: &BTreeMap<String, String>,
    tensors: impl IntoIterator<Item = Summed<'a>>,
) -> String {
    let mut digest = Sha256::new();
    // Each piece goes with its length, so that no two files have the same pieces in a row.
    let mut add = |piece: &[u8]| {
        digest.update((piece.len() as u64).to_le_bytes());
        digest.update(piece);
    };
    for (key, value) in metadata.iter().filter(|(key, _)| *key != CHECKSUM_KEY) {
        add(key.as_bytes());
        add(value.as_bytes());
    }
    for tensor in tensors {
        add(tensor.name.as_bytes());
        add(format!("{} {:?}", tensor.dtype, tensor.shape).as_bytes());
        add(tensor.bytes);
    }
    let digits = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("{ALGORITHM}{digits}")
}

/// Takes the checksum out of the `metadata` of a file that was read, and compares it; a file without one is of another
/// program, or of an earlier version.
///
/// # Errors
/// [`WeightsError::Checksum`] when the contents are others; `source` names the file in it.
pub(super) fn verify<'a>(
    metadata: &mut BTreeMap<String, String>,
    tensors: impl IntoIterator<Item = Summed<'a>>,
    source: &str,
) -> Result<(), WeightsError> {
    let is_one = |(key, value): (&String, &String)| *key == CHECKSUM_KEY || value.starts_with(ALGORITHM);
    if !metadata.iter().any(is_one) {
        return Ok(());
    }
    let carried = metadata.remove(CHECKSUM_KEY);
    match carried.is_some_and(|carried| carried == checksum(metadata, tensors)) {
        true => Ok(()),
        false => Err(WeightsError::Checksum { source_name: source.to_owned() }),
    }
}
