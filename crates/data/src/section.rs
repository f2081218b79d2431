//! A part of a file, read as if it were one of its own.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// `len` bytes of a file from `start` on.
pub struct Section {
    file: File,
    start: u64,
    len: u64,
    /// How many of them are behind.
    at: u64,
}

impl Section {
    /// The part of `file` that begins at `start`; it ends where the file ends, if that is earlier.
    ///
    /// # Errors
    /// When the file cannot be read there.
    pub fn new(mut file: File, start: u64, len: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(start))?;
        Ok(Self { file, start, len, at: 0 })
    }
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.len - self.at).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let read = self.file.read(&mut buffer[..wanted])?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Section {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
        };
        let beyond = || io::Error::new(io::ErrorKind::InvalidInput, "a place before the beginning");
        // Behind the end there is nothing to read.
        self.at = at.ok_or_else(beyond)?.min(self.len);
        self.file.seek(SeekFrom::Start(self.start + self.at))?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn section(start: u64, len: u64) -> Section {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(b"0123456789").expect("room");
        Section::new(file, start, len).expect("it can be read")
    }

    fn rest(section: &mut Section) -> String {
        let mut text = String::new();
        section.read_to_string(&mut text).expect("digits");
        text
    }

    #[test]
    fn a_section_begins_and_ends_within_its_file() {
        assert_eq!(rest(&mut section(3, 4)), "3456");
        assert_eq!(rest(&mut section(8, 100)), "89");
        assert_eq!(rest(&mut section(50, 4)), "");
    }

    #[test]
    fn places_are_counted_from_its_beginning() {
        let mut section = section(2, 6);
        assert_eq!(section.seek(SeekFrom::End(-2)).expect("within"), 4);
        assert_eq!(rest(&mut section), "67");
        assert_eq!(section.seek(SeekFrom::Start(1)).expect("within"), 1);
        assert_eq!(section.seek(SeekFrom::Current(2)).expect("within"), 3);
        assert_eq!(rest(&mut section), "567");
        assert_eq!(section.seek(SeekFrom::Start(99)).expect("the end"), 6);
        assert!(section.seek(SeekFrom::Current(-7)).is_err());
    }
}
