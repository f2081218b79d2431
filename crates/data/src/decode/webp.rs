//! The chunks of a WebP: that they are all there and of one size, and which side of the picture is up.

use std::io::{self, Read, Seek, SeekFrom};

use image::metadata::Orientation;

use super::fault::Fault;
use super::orientation;

/// The longest metadata that are read, in bytes.
const LONGEST: u64 = 16 << 20;

/// The flags of a canvas that say which metadata follow.
const EXIF: u8 = 8;
const XMP: u8 = 4;

/// What a whole WebP says of itself.
pub struct WebpSurvey {
    /// Its Exif's orientation, or else that of its XMP.
    pub orientation: Orientation,
    /// Whether it is drawn on a canvas of its own.
    pub is_animated: bool,
}

/// Looks through the chunks of a WebP.
///
/// # Errors
/// When one is cut short, or the picture's size differs from what is told of it: its decoder would make room for
/// whatever it claims.
pub fn survey(source: &mut (impl Read + Seek)) -> Result<WebpSurvey, Fault> {
    let length = source.seek(SeekFrom::End(0))?;
    source.seek(SeekFrom::Start(0))?;
    let head = bytes(source, 12)?;
    let end = 8 + number(&head[4..8]);
    let (mut exif, mut xmp, mut canvas, mut flags) = (None, None, None, 0);
    let mut is_animated = false;
    let mut position = 12;
    while position + 8 <= end {
        let chunk = Chunk::at(source, position, end.min(length))?;
        let flagged = |flag| flags & flag != 0 && chunk.size <= LONGEST;
        match &chunk.name {
            b"VP8X" => {
                let body = bytes(source, chunk.size.min(10))?;
                let (&[first, ..], Some(sides)) = (&body[..], body.get(4..10)) else { return Err(Fault::cut()) };
                flags = first;
                canvas = Some((1 + number(&sides[..3]), 1 + number(&sides[3..])));
            }
            b"VP8 " | b"VP8L" => chunk.check_size(source, canvas)?,
            b"ANMF" if !is_animated => {
                is_animated = true;
                let frame = bytes(source, 16)?;
                let size = (1 + number(&frame[6..9]), 1 + number(&frame[9..12]));
                let (mut inner, inner_end) = (position + 8 + 16, position + 8 + chunk.size);
                while inner + 8 <= inner_end {
                    let chunk = Chunk::at(source, inner, inner_end)?;
                    chunk.check_size(source, Some(size))?;
                    inner = chunk.end;
                }
            }
            b"EXIF" if flagged(EXIF) => exif = Some(bytes(source, chunk.size)?),
            b"XMP " if flagged(XMP) => xmp = Some(bytes(source, chunk.size)?),
            _ => {}
        }
        position = chunk.end;
    }
    Ok(WebpSurvey { orientation: orientation::of_metadata(exif.as_deref(), xmp.as_deref()), is_animated })
}

struct Chunk {
    name: [u8; 4],
    size: u64,
    /// Where the next one begins.
    end: u64,
}

impl Chunk {
    /// The chunk at a place; its body comes next. It lies before `limit`, but for the byte that makes its size even.
    fn at(source: &mut (impl Read + Seek), position: u64, limit: u64) -> Result<Self, Fault> {
        source.seek(SeekFrom::Start(position))?;
        let head = bytes(source, 8)?;
        let size = number(&head[4..]);
        if position + 8 + size > limit {
            return Err(Fault::cut());
        }
        let name = [head[0], head[1], head[2], head[3]];
        Ok(Self { name, size, end: position + 8 + size + size % 2 })
    }

    /// Sees that a picture has the size that was told, if one was.
    fn check_size(&self, source: &mut impl Read, told: Option<(u64, u64)>) -> Result<(), Fault> {
        let found = match &self.name {
            b"VP8 " => {
                let body = bytes(source, self.size.min(10))?;
                body.get(6..10).map(|sides| (number(&sides[..2]) & 0x3fff, number(&sides[2..]) & 0x3fff))
            }
            b"VP8L" => {
                let body = bytes(source, self.size.min(5))?;
                body.get(1..5).map(|sides| (1 + (number(sides) & 0x3fff), 1 + (number(sides) >> 14 & 0x3fff)))
            }
            _ => return Ok(()),
        };
        match (found, told) {
            (None, _) => Err(Fault::cut()),
            (Some(found), Some(told)) if found != told => {
                let ((width, height), (told_width, told_height)) = (found, told);
                Err(Fault::Damaged(format!("it says {told_width}x{told_height} pixels and has {width}x{height}")))
            }
            _ => Ok(()),
        }
    }
}

/// A number, its lowest byte first.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

fn bytes(source: &mut impl Read, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}
