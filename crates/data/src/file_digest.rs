//! What a file holds, in 32 bytes and without reading much of a large one.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::DataError;

/// Files up to this size are read whole, in bytes.
const WHOLE: u64 = 64 << 10;
/// Of larger ones so many blocks are read ...
const BLOCKS: u64 = 4;
/// ... of so many bytes each.
const BLOCK: u64 = 16 << 10;

/// The SHA-256 of the size of the file at `path` and of its bytes. Of a file above 64 KiB four blocks of 16 KiB are
/// read, the first at its beginning, the last at its end, the others evenly between.
///
/// # Errors
/// When it cannot be read; the error names it.
pub fn digest_of_file(path: &Path) -> Result<[u8; 32], DataError> {
    digest(path).map_err(DataError::io("read", path))
}

fn digest(path: &Path) -> io::Result<[u8; 32]> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut digest = Sha256::new().chain_update(size.to_le_bytes());
    if size <= WHOLE {
        let mut bytes = Vec::with_capacity(size as usize);
        file.take(WHOLE).read_to_end(&mut bytes)?;
        digest.update(&bytes);
    } else {
        let mut block = [0; BLOCK as usize];
        for number in 0..BLOCKS {
            file.seek(SeekFrom::Start((size - BLOCK) / (BLOCKS - 1) * number))?;
            if number + 1 == BLOCKS {
                file.seek(SeekFrom::Start(size - BLOCK))?;
            }
            file.read_exact(&mut block)?;
            digest.update(block);
        }
    }
    Ok(digest.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest_of(bytes: &[u8]) -> [u8; 32] {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), bytes).expect("written");
        digest_of_file(file.path()).expect("it can be read")
    }

    #[test]
    fn every_byte_of_a_small_file_counts() {
        for size in [1, 1000, WHOLE as usize] {
            let bytes = vec![7; size];
            for at in [0, size / 3, size - 1] {
                let mut other = bytes.clone();
                other[at] = 8;
                assert_ne!(digest_of(&bytes), digest_of(&other), "byte {at} of {size}");
            }
        }
        assert_eq!(digest_of(&[1, 2, 3]), digest_of(&[1, 2, 3]));
    }

    #[test]
    fn of_a_large_file_its_size_and_four_blocks_count() {
        let size = 3 * 16 * (BLOCK as usize) + 16_384 + 2;
        let bytes = vec![7; size];
        let changed = |at: usize| {
            let mut other = bytes.clone();
            other[at] = 8;
            digest_of(&bytes) != digest_of(&other)
        };
        let step = (size - BLOCK as usize) / 3;
        let seen = [0, BLOCK as usize - 1, step, 2 * step, size - BLOCK as usize, size - 1];
        assert!(seen.into_iter().all(changed), "{:?}", seen.map(changed));
        assert!(!changed(BLOCK as usize), "what lies between the blocks is not read");
        assert_ne!(digest_of(&bytes), digest_of(&bytes[..size - 1]));
    }

    #[test]
    fn a_file_that_is_gone_is_named() {
        let error = digest_of_file(Path::new("nowhere.png")).expect_err("it is gone").to_string();
        assert!(error.starts_with("cannot read nowhere.png: "), "{error}");
    }
}
