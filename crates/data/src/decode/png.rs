//! The chunks of a PNG: that they are all there, and which side of the picture is up.

use std::io::{self, Read, Seek, SeekFrom};

use flate2::read::ZlibDecoder;
use image::metadata::Orientation;

use super::fault::Fault;
use super::orientation;

/// The longest metadata that are read, in bytes, as stored and as unpacked.
const LONGEST: u64 = 1 << 20;

/// What Pillow looks for an orientation in.
#[derive(Default)]
struct Metadata {
    exif: Option<Vec<u8>>,
    /// Exif as ImageMagick writes it, in hexadecimal digits.
    raw_profile: Option<Vec<u8>>,
    xmp: Option<Vec<u8>>,
}

/// The orientation of a PNG, from its Exif, its texts or its XMP, all of which may also stand behind the pixels.
///
/// # Errors
/// When it ends before its last chunk does.
pub fn orientation(source: &mut (impl Read + Seek)) -> Result<Orientation, Fault> {
    let length = source.seek(SeekFrom::End(0))?;
    let mut metadata = Metadata::default();
    let mut position = source.seek(SeekFrom::Start(8))?;
    loop {
        let mut head = [0; 8];
        source.read_exact(&mut head)?;
        let [a, b, c, d, ref kind @ ..] = head;
        let body = u64::from(u32::from_be_bytes([a, b, c, d]));
        position += 8 + body + 4;
        if position > length {
            return Err(Fault::cut());
        }
        if body <= LONGEST {
            match kind {
                b"IEND" => break,
                b"eXIf" => metadata.exif = Some(bytes(source, body)?),
                b"tEXt" | b"zTXt" | b"iTXt" => metadata.text(*kind, &bytes(source, body)?),
                _ => {}
            }
        }
        source.seek(SeekFrom::Start(position))?;
    }
    let raw_profile = metadata.raw_profile.as_deref().and_then(of_raw_profile);
    Ok(orientation::of_metadata(metadata.exif.or(raw_profile).as_deref(), metadata.xmp.as_deref()))
}

impl Metadata {
    fn text(&mut self, kind: [u8; 4], body: &[u8]) {
        let Some((keyword, rest)) = split(body) else { return };
        let value = match &kind {
            b"tEXt" => Some(rest.to_vec()),
            b"zTXt" => rest.get(1..).and_then(unpacked),
            _ => {
                let Some((&[packed, _], rest)) = rest.split_first_chunk::<2>() else { return };
                // The language, and the keyword in it.
                let Some((_, value)) = split(rest).and_then(|(_, rest)| split(rest)) else { return };
                if packed == 0 { Some(value.to_vec()) } else { unpacked(value) }
            }
        };
        match keyword {
            b"exif" if &kind == b"tEXt" => self.exif = value,
            b"Raw profile type exif" => self.raw_profile = value,
            b"XML:com.adobe.xmp" => self.xmp = value,
            _ => {}
        }
    }
}

/// What stands before the first zero, and behind it.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let zero = bytes.iter().position(|&byte| byte == 0)?;
    Some((&bytes[..zero], &bytes[zero + 1..]))
}

fn unpacked(packed: &[u8]) -> Option<Vec<u8>> {
    let mut unpacked = Vec::new();
    ZlibDecoder::new(packed).take(LONGEST).read_to_end(&mut unpacked).ok()?;
    Some(unpacked)
}

/// The bytes behind the first three lines, which hold a name and a length.
fn of_raw_profile(text: &[u8]) -> Option<Vec<u8>> {
    let lines = text.split(|&byte| byte == b'\n').skip(3);
    let digits: Vec<u8> = lines.flatten().filter_map(|&byte| (byte as char).to_digit(16)).map(|d| d as u8).collect();
    let (pairs, _) = digits.as_chunks::<2>();
    Some(pairs.iter().map(|&[high, low]| high << 4 | low).collect())
}

fn bytes(source: &mut impl Read, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}
