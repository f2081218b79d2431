//! The checksum of a file of weights.

use std::path::Path;

use bmae_nn::weights::WeightsError;
use sha2::{Digest, Sha256};

use crate::TrainError;

/// The SHA-256 of the file at `path`, in hexadecimal digits.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn sha256_of_file(path: &Path) -> Result<String, TrainError> {
    let mut digest = Sha256::new();
    std::fs::File::open(path)
        .and_then(|mut opened| std::io::copy(&mut opened, &mut digest))
        .map_err(|reason| WeightsError::Unreadable { path: path.to_owned(), reason })?;
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
