//! The checksum that weight files of bmae carry, so that a file knows whether its contents are still those that were
//! written. Files of other programs have none.

use std::collections::BTreeMap;

use safetensors::tensor::{Dtype, TensorView};
use sha2::{Digest, Sha256};

use super::error::WeightsError;

/// The metadata key of the checksum.
pub(super) const CHECKSUM_KEY: &str = "bmae.checksum";

/// How its value begins: a file whose key was hit by the damage is still known by it.
const ALGORITHM: &str = "sha256:";

/// A checksum in the making: of the metadata but the checksum itself, then of all tensors in the order of their names.
pub(super) struct Checksum(Sha256);

impl Checksum {
    /// That of a file with this `metadata`, before its tensors.
    pub fn of(metadata: &BTreeMap<String, String>) -> Self {
        let mut checksum = Self(Sha256::new());
        for (key, value) in metadata.iter().filter(|(key, _)| *key != CHECKSUM_KEY) {
            checksum.piece(key.as_bytes());
            checksum.piece(value.as_bytes());
        }
        checksum
    }

    /// The next tensor, whose values, `bytes` bytes in all, are [`add`](Self::add)ed after this.
    pub fn begin_tensor(&mut self, name: &str, dtype: Dtype, shape: &[usize], bytes: usize) {
        self.piece(name.as_bytes());
        self.piece(format!("{dtype} {shape:?}").as_bytes());
        self.add(&(bytes as u64).to_le_bytes());
    }

    /// The next values of the tensor, little-endian.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// With its length before it, so that no two files have the same pieces in a row.
    fn piece(&mut self, piece: &[u8]) {
        self.add(&(piece.len() as u64).to_le_bytes());
        self.add(piece);
    }

    /// The value of the metadata key.
    pub fn finish(self) -> String {
        let digits = self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        format!("{ALGORITHM}{digits}")
    }
}

/// Takes the checksum out of the `metadata` of a file that was read, and compares it with its `tensors`, which are in the
/// order of their names; a file without one is of another program, or of an earlier version.
///
/// # Errors
/// [`WeightsError::Checksum`] when the contents are others; `source` names the file in it.
pub(super) fn verify(
    metadata: &mut BTreeMap<String, String>,
    tensors: &[(String, TensorView<'_>)],
    source: &str,
) -> Result<(), WeightsError> {
    let is_one = |(key, value): (&String, &String)| *key == CHECKSUM_KEY || value.starts_with(ALGORITHM);
    if !metadata.iter().any(is_one) {
        return Ok(());
    }
    let carried = metadata.remove(CHECKSUM_KEY);
    let mut checksum = Checksum::of(metadata);
    for (name, view) in tensors {
        checksum.begin_tensor(name, view.dtype(), view.shape(), view.data().len());
        checksum.add(view.data());
    }
    match carried == Some(checksum.finish()) {
        true => Ok(()),
        false => Err(WeightsError::Checksum { source_name: source.to_owned() }),
    }
}
