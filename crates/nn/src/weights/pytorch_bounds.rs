//! What a file of `torch.save` may claim: memory stays in proportion to its bytes.
//!
//! Tensors of such a file are views of storages. An expanded one (stride 0) repeats its numbers, many may share one
//! storage, and an entry of a zip archive may be packed, so that a file can claim any size. `torch.save` packs nothing,
//! and a model repeats little.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::error::WeightsError;

/// Bytes that may be claimed for each byte of the file: some tensors may share their numbers.
const A_BYTE: u64 = 4;
/// Bytes that any file may claim.
const ALWAYS: u64 = 1 << 20;

/// Refuses the file at `path` if its `claimed` bytes of numbers are out of proportion to it.
pub(super) fn check_claim(path: &Path, claimed: u64) -> Result<(), WeightsError> {
    let unreadable = |reason| WeightsError::Unreadable { path: path.to_owned(), reason };
    let found = std::fs::metadata(path).map_err(unreadable)?.len();
    match claimed <= found.saturating_mul(A_BYTE).max(ALWAYS) {
        true => Ok(()),
        false => Err(WeightsError::Claims { source_name: path.display().to_string(), claimed, found }),
    }
}

/// Refuses a zip archive at `path` whose entries would be out of proportion to it when they are unpacked. What is no zip
/// archive, or a damaged one, is left to its reader.
pub(super) fn check_container(path: &Path) -> Result<(), WeightsError> {
    let unreadable = |reason| WeightsError::Unreadable { path: path.to_owned(), reason };
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
    let mut first = [0; 2];
    file.read_exact(&mut first).and_then(|()| file.seek(SeekFrom::Start(0))).map_err(unreadable)?;
    if first != *b"PK" {
        return Ok(());
    }
    let Ok(mut archive) = zip::ZipArchive::new(file) else { return Ok(()) };
    let sizes = (0..archive.len()).filter_map(|entry| archive.by_index_raw(entry).ok().map(|entry| entry.size()));
    let claimed = sizes.fold(0, u64::saturating_add);
    check_claim(path, claimed)
}
