//! What a file holds, in 32 bytes and without reading much of a large one.

use std::io::{self, Read, Seek, SeekFrom};

use sha2::{Digest, Sha256};

/// Files up to this size are read whole, in bytes.
const WHOLE: u64 = 64 << 10;
/// Of larger ones so many blocks are read ...
const BLOCKS: u64 = 4;
/// ... of so many bytes each.
const BLOCK: u64 = 16 << 10;

/// The SHA-256 of the size of a file and of its bytes. Of a file above 64 KiB four blocks of 16 KiB are read, the first at
/// its beginning, the last at its end, the others evenly between.
///
/// # Errors
/// When it cannot be read.
pub fn digest_of(file: &mut (impl Read + Seek)) -> io::Result<[u8; 32]> {
    let size = file.seek(SeekFrom::End(0))?;
    file.rewind()?;
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
    use std::io::Cursor;

    use super::*;

    fn of_bytes(bytes: &[u8]) -> [u8; 32] {
        digest_of(&mut Cursor::new(bytes)).expect("in memory")
    }

    #[test]
    fn every_byte_of_a_small_file_counts() {
        for size in [1, 1000, WHOLE as usize] {
            let bytes = vec![7; size];
            for at in [0, size / 3, size - 1] {
                let mut other = bytes.clone();
                other[at] = 8;
                assert_ne!(of_bytes(&bytes), of_bytes(&other), "byte {at} of {size}");
            }
        }
        assert_eq!(of_bytes(&[1, 2, 3]), of_bytes(&[1, 2, 3]));
    }

    #[test]
    fn of_a_large_file_its_size_and_four_blocks_count() {
        let size = 3 * 16 * (BLOCK as usize) + 16_384 + 2;
        let bytes = vec![7; size];
        let changed = |at: usize| {
            let mut other = bytes.clone();
            other[at] = 8;
            of_bytes(&bytes) != of_bytes(&other)
        };
        let step = (size - BLOCK as usize) / 3;
        let seen = [0, BLOCK as usize - 1, step, 2 * step, size - BLOCK as usize, size - 1];
        assert!(seen.into_iter().all(changed), "{:?}", seen.map(changed));
        assert!(!changed(BLOCK as usize), "what lies between the blocks is not read");
        assert_ne!(of_bytes(&bytes), of_bytes(&bytes[..size - 1]));
    }
}
