//! The frame around each entry of an event file (a TFRecord): length, checksum of the length, entry, checksum of the
//! entry.

/// `entry` in its frame: the length as eight little-endian bytes, and both checksums masked CRC-32C as four.
pub fn framed(entry: &[u8]) -> Vec<u8> {
    let length = (entry.len() as u64).to_le_bytes();
    let mut record = Vec::with_capacity(entry.len() + 16);
    record.extend(length);
    record.extend(masked_checksum(&length).to_le_bytes());
    record.extend(entry);
    record.extend(masked_checksum(entry).to_le_bytes());
    record
}

/// CRC-32C, rotated and shifted so that the checksum of data that holds checksums stays a good one.
fn masked_checksum(bytes: &[u8]) -> u32 {
    const SHIFT: u32 = 0xA282_EAD8;
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(SHIFT)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with tensorboard 2.20's `masked_crc32c` in Python.
    #[test]
    fn checksums_are_those_that_tensorboard_computes() {
        assert_eq!(masked_checksum(b""), 0xA282_EAD8);
        assert_eq!(masked_checksum(b"123456789"), 0xC78A_B0E5);
        // The published check value of CRC-32C itself.
        assert_eq!(crc32c::crc32c(b"123456789"), 0xE306_9283);
    }

    #[test]
    fn a_frame_holds_length_checksum_entry_and_checksum() {
        let record = framed(b"abc");
        assert_eq!(record.len(), 8 + 4 + 3 + 4);
        assert_eq!(record[..8], [3, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(record[12..15], *b"abc");
    }
}
