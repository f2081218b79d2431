//! The first directory of a TIFF file, and of Exif, which has the form of one: numbered tags with values.

use std::io::{self, Read, Seek, SeekFrom};

/// Tags that are read, by their numbers in TIFF 6.0.
pub mod tag {
    /// The width of a sample in bits.
    pub const BITS_PER_SAMPLE: u16 = 258;
    /// How the pixels are compressed.
    pub const COMPRESSION: u16 = 259;
    /// What the colours are: 2 is RGB, 3 a palette, 5 CMYK, ...
    pub const PHOTOMETRIC: u16 = 262;
    /// How many samples a pixel has.
    pub const SAMPLES_PER_PIXEL: u16 = 277;
    /// How the samples of a pixel are stored: 1 beside each other, 2 each band by itself.
    pub const PLANAR_CONFIGURATION: u16 = 284;
    /// Which side of the picture is up, 1 to 8.
    pub const ORIENTATION: u16 = 274;
    /// What a fourth sample of RGB means: 0 nothing told, 1 associated alpha, 2 alpha.
    pub const EXTRA_SAMPLES: u16 = 338;
    /// What the samples are: 1 whole numbers, 2 signed ones, 3 floats.
    pub const SAMPLE_FORMAT: u16 = 339;
    /// XMP.
    pub const XMP: u16 = 700;
}

/// More entries than any program writes.
const MOST_ENTRIES: u64 = 4096;

/// A directory, whose longer values are read when they are asked for.
pub struct Directory {
    little: bool,
    entries: Vec<Entry>,
}

struct Entry {
    tag: u16,
    kind: u16,
    count: u64,
    /// The value, if it fits, else its place.
    field: Vec<u8>,
    /// Where the value stands.
    field_at: u64,
}

impl Directory {
    /// The first directory of what begins with a TIFF header. Headers with the two bytes of their version swapped are
    /// read as Pillow reads them.
    ///
    /// # Errors
    /// When it is none, or ends too early.
    pub fn read(source: &mut (impl Read + Seek)) -> io::Result<Self> {
        source.seek(SeekFrom::Start(0))?;
        let (little, big) = match array::<4>(source)? {
            [b'I', b'I', 42, 0] | [b'I', b'I', 0, 42] => (true, false),
            [b'M', b'M', 0, 42] | [b'M', b'M', 42, 0] => (false, false),
            [b'I', b'I', 43, 0] => (true, true),
            [b'M', b'M', 0, 43] => (false, true),
            _ => return Err(io::ErrorKind::InvalidData.into()),
        };
        let mut directory = Self { little, entries: Vec::new() };
        if big {
            // The width of an offset, and padding.
            array::<4>(source)?;
        }
        let word = if big { 8 } else { 4 };
        let start = directory.whole(&bytes(source, word)?);
        source.seek(SeekFrom::Start(start))?;
        let count = directory.whole(&bytes(source, if big { 8 } else { 2 })?);
        let (counted, head) = if big { (8, 12) } else { (2, 8) };
        for number in 0..count.min(MOST_ENTRIES) {
            let Ok(kinds) = array::<4>(source) else { break };
            let (Ok(count), Ok(field)) = (bytes(source, word), bytes(source, word)) else { break };
            let [tag, kind] = [0, 2].map(|at| directory.whole(&kinds[at..at + 2]) as u16);
            let field_at = start.saturating_add(counted + number * (head + word as u64) + head);
            directory.entries.push(Entry { tag, kind, count: directory.whole(&count), field, field_at });
        }
        Ok(directory)
    }

    /// The first number of a tag; of any kind but unsigned bytes and text, as in Pillow.
    pub fn number(&self, source: &mut (impl Read + Seek), tag: u16) -> Option<f64> {
        self.numbers(source, tag, 1).first().copied()
    }

    /// The first numbers of a tag, at most so many.
    pub fn numbers(&self, source: &mut (impl Read + Seek), tag: u16, most: u64) -> Vec<f64> {
        let numbers = self.entry(tag).and_then(|entry| {
            let width = match entry.kind {
                6 => 1,
                3 | 8 => 2,
                4 | 9 | 11 | 13 => 4,
                5 | 10 | 12 | 16 => 8,
                _ => return None,
            };
            let value = self.value(source, entry, width, most)?;
            Some(value.chunks_exact(width).map(|bytes| self.convert(entry.kind, bytes)).collect())
        });
        numbers.unwrap_or_default()
    }

    /// The bytes of a tag of bytes, undefined ones or text, unless there are more than `most`.
    pub fn bytes(&self, source: &mut (impl Read + Seek), tag: u16, most: u64) -> Option<Vec<u8>> {
        let entry = self.entry(tag).filter(|entry| matches!(entry.kind, 1 | 2 | 7) && entry.count <= most)?;
        self.value(source, entry, 1, most)
    }

    /// Where the byte of the least worth of a number of 16 bits stands that is the value of a tag.
    pub fn place_of_small(&self, tag: u16) -> Option<u64> {
        let entry = self.entry(tag).filter(|entry| entry.kind == 3 && entry.count == 1)?;
        Some(entry.field_at + u64::from(!self.little))
    }

    fn entry(&self, tag: u16) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.tag == tag && entry.count > 0)
    }

    /// The first `most` values of an entry, each `width` bytes wide.
    fn value(&self, source: &mut (impl Read + Seek), entry: &Entry, width: usize, most: u64) -> Option<Vec<u8>> {
        let length = usize::try_from(entry.count.min(most)).ok()?.checked_mul(width)?;
        if entry.count.checked_mul(width as u64)? <= entry.field.len() as u64 {
            return entry.field.get(..length).map(<[u8]>::to_vec);
        }
        source.seek(SeekFrom::Start(self.whole(&entry.field))).ok()?;
        bytes(source, length).ok()
    }

    fn convert(&self, kind: u16, bytes: &[u8]) -> f64 {
        let whole = |bytes: &[u8]| self.whole(bytes);
        match kind {
            5 => whole(&bytes[..4]) as f64 / whole(&bytes[4..]) as f64,
            6 => f64::from(whole(bytes) as u8 as i8),
            8 => f64::from(whole(bytes) as u16 as i16),
            9 => f64::from(whole(bytes) as u32 as i32),
            10 => f64::from(whole(&bytes[..4]) as u32 as i32) / f64::from(whole(&bytes[4..]) as u32 as i32),
            11 => f64::from(f32::from_bits(whole(bytes) as u32)),
            12 => f64::from_bits(whole(bytes)),
            _ => whole(bytes) as f64,
        }
    }

    fn whole(&self, bytes: &[u8]) -> u64 {
        let place = |value: u64, &byte: &u8| value << 8 | u64::from(byte);
        if self.little { bytes.iter().rev().fold(0, place) } else { bytes.iter().fold(0, place) }
    }
}

fn array<const N: usize>(source: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    source.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn bytes(source: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(length as u64).read_to_end(&mut bytes)?;
    if bytes.len() == length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}
