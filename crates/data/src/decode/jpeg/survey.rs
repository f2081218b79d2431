//! Whether a JPEG is whole, and what it says of itself.
//!
//! JPEG has no checksums, and its decoder fills what is missing with grey. So all segments and the data of all scans are
//! read here first: a file passes when every scan has all its blocks, the scans make a whole picture, and its end is
//! marked. (ITU-T T.81; where the standard is silent, what Pillow takes is taken.)

use std::ops::Range;

use super::frame::Frame;
use super::huffman::{BadScan, Codes};
use super::scan::{self, Known, Scan};
use crate::decode::fault::Fault;

/// What a whole JPEG says of itself.
pub struct JpegSurvey {
    /// Whether its decoder keeps all coefficients until the end.
    pub is_kept_whole: bool,
    /// The number of its colours.
    pub colours: usize,
    /// Bytes between its segments that belong to none; the decoder would stop at them.
    pub strays: Vec<Range<usize>>,
    /// Exif, all parts of it, with its prefix.
    pub exif: Option<Vec<u8>>,
    /// XMP.
    pub xmp: Option<Vec<u8>>,
}

/// Columns and rows of the JPEG that begins with `bytes`.
///
/// # Errors
/// When there is no header of a frame, or one of a kind that is not decoded.
pub fn size(bytes: &[u8]) -> Result<(u32, u32), Fault> {
    frame(bytes).map(|frame| (frame.width, frame.height))
}

/// The number of colours of the JPEG that begins with `bytes`.
///
/// # Errors
/// As [`size`].
pub fn colours(bytes: &[u8]) -> Result<usize, Fault> {
    frame(bytes).map(|frame| frame.components.len())
}

fn frame(bytes: &[u8]) -> Result<Frame, Fault> {
    let mut position = 0;
    loop {
        let segment = Segment::at(bytes, position)?;
        match segment.marker {
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                return Frame::new(segment.marker, segment.body);
            }
            0xda | 0xd9 => return Err(Fault::damaged("it holds no picture")),
            _ => position = segment.end,
        }
    }
}

/// Reads all of a JPEG.
///
/// # Errors
/// When a part is missing or damaged, or it is of a kind that is not decoded.
pub fn survey(bytes: &[u8]) -> Result<JpegSurvey, Fault> {
    let mut reader =
        SegmentReader { bytes, dc: [const { None }; 4], ac: [const { None }; 4], interval: 0, picture: None };
    let mut survey = JpegSurvey { is_kept_whole: false, colours: 0, strays: Vec::new(), exif: None, xmp: None };
    let (mut position, mut scans) = (0, 0);
    loop {
        let segment = Segment::at(bytes, position)?;
        if segment.start > position {
            survey.strays.push(position..segment.start);
        }
        position = segment.end;
        match segment.marker {
            0xc4 => reader.codes(segment.body)?,
            0xc0..=0xcf if segment.marker != 0xc8 && segment.marker != 0xcc => {
                if reader.picture.is_some() {
                    return Err(Fault::damaged("it has two headers"));
                }
                reader.picture = Some(Picture::new(Frame::new(segment.marker, segment.body)?));
            }
            0xcc => return Err(Fault::Unsupported("a JPEG file with arithmetic coding".to_owned())),
            0xdd => {
                let &[high, low, ..] = segment.body else { return Err(nonsense()) };
                reader.interval = usize::from(u16::from_be_bytes([high, low]));
            }
            0xda => {
                position = reader.scan(segment.body, position)?;
                scans += 1;
            }
            // What stands behind the first scan is not for the whole picture.
            0xe1 if scans == 0 => survey.metadata(segment.body),
            0xd9 => break,
            _ => {}
        }
    }
    let picture = reader.picture.ok_or_else(|| Fault::damaged("it holds no picture"))?;
    if !picture.is_whole() {
        return Err(Fault::damaged("some of its scans are missing"));
    }
    survey.is_kept_whole = picture.frame.is_progressive || scans > 1;
    survey.colours = picture.frame.components.len();
    Ok(survey)
}

/// What the headers say of a JPEG that [`survey`] has read before and found without strays.
///
/// # Errors
/// When it is another file by now.
pub fn of_headers(bytes: &[u8], is_kept_whole: bool) -> Result<JpegSurvey, Fault> {
    let mut survey = JpegSurvey { is_kept_whole, colours: 0, strays: Vec::new(), exif: None, xmp: None };
    let mut position = 0;
    loop {
        let segment = Segment::at(bytes, position)?;
        position = segment.end;
        match segment.marker {
            0xc4 | 0xc8 | 0xcc => {}
            0xc0..=0xcf => survey.colours = Frame::new(segment.marker, segment.body)?.components.len(),
            0xe1 => survey.metadata(segment.body),
            0xda if survey.colours > 0 => return Ok(survey),
            0xda | 0xd9 => return Err(Fault::damaged("it holds no picture")),
            _ => {}
        }
    }
}

impl JpegSurvey {
    fn metadata(&mut self, body: &[u8]) {
        const EXIF: &[u8] = b"Exif\0\0";
        if let Some(rest) = body.strip_prefix(EXIF) {
            match &mut self.exif {
                Some(exif) => exif.extend_from_slice(rest),
                None => self.exif = Some(body.to_vec()),
            }
        } else if let Some(xmp) = body.strip_prefix(b"http://ns.adobe.com/xap/1.0/\0") {
            self.xmp = Some(xmp.to_vec());
        }
    }
}

fn nonsense() -> Fault {
    Fault::damaged("one of its headers makes no sense")
}

/// A marker, and what belongs to it.
struct Segment<'a> {
    marker: u8,
    body: &'a [u8],
    start: usize,
    end: usize,
}

impl<'a> Segment<'a> {
    /// The first segment from a place on; bytes before its marker are passed over.
    fn at(bytes: &'a [u8], position: usize) -> Result<Self, Fault> {
        let rest = bytes.get(position..).unwrap_or_default();
        let found = rest.windows(2).position(|pair| pair[0] == 0xff && !matches!(pair[1], 0 | 0xff));
        let start = position + found.ok_or_else(Fault::cut)?;
        let marker = bytes[start + 1];
        if matches!(marker, 0x01 | 0xd0..=0xd9) {
            return Ok(Self { marker, body: &[], start, end: start + 2 });
        }
        let length = bytes.get(start + 2..start + 4).ok_or_else(Fault::cut)?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        if length < 2 {
            return Err(nonsense());
        }
        let end = start + 2 + length;
        let body = bytes.get(start + 4..end).ok_or_else(Fault::cut)?;
        Ok(Self { marker, body, start, end })
    }
}

/// What has been read so far.
struct SegmentReader<'a> {
    bytes: &'a [u8],
    dc: [Option<Codes>; 4],
    ac: [Option<Codes>; 4],
    interval: usize,
    picture: Option<Picture>,
}

/// A frame, and how much of it is known.
struct Picture {
    frame: Frame,
    known: Known,
    /// For each component and coefficient: the bit that it is known to.
    bits: Vec<[Option<u8>; 64]>,
}

impl Picture {
    fn new(frame: Frame) -> Self {
        let bits = vec![[None; 64]; frame.components.len()];
        Self { known: Known::new(&frame), bits, frame }
    }

    /// Whether every component has come, and every coefficient that has come is known to its last bit.
    fn is_whole(&self) -> bool {
        self.bits.iter().all(|bits| bits[0].is_some() && bits.iter().flatten().all(|&bit| bit == 0))
    }
}

impl SegmentReader<'_> {
    /// Tables of codes.
    fn codes(&mut self, mut body: &[u8]) -> Result<(), Fault> {
        while let Some((&head, rest)) = body.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or_else(nonsense)?;
            let count = counts.iter().map(|&count| usize::from(count)).sum();
            let (symbols, rest) = rest.split_at_checked(count).ok_or_else(nonsense)?;
            let tables = if head >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            let table = tables.get_mut(usize::from(head & 15)).ok_or_else(nonsense)?;
            *table = Some(Codes::new(counts, symbols).ok_or_else(nonsense)?);
            body = rest;
        }
        Ok(())
    }

    /// A scan, whose data begin at `position`; returns where they end.
    fn scan(&mut self, body: &[u8], position: usize) -> Result<usize, Fault> {
        let Picture { frame, known, bits } = self.picture.as_mut().ok_or_else(nonsense)?;
        let (&count, rest) = body.split_first().ok_or_else(nonsense)?;
        let (chosen, rest) = rest.split_at_checked(2 * usize::from(count)).ok_or_else(nonsense)?;
        let &[start, end, approximation, ..] = rest else { return Err(nonsense()) };
        let (mut components, mut tables) = (Vec::new(), Vec::new());
        for pair in chosen.as_chunks::<2>().0 {
            let place = frame.components.iter().position(|component| component.id == pair[0]).ok_or_else(nonsense)?;
            components.push(place);
            let is_given = self.dc.get(usize::from(pair[1] >> 4)).is_some_and(Option::is_some);
            if !is_given && start == 0 && approximation >> 4 == 0 {
                return Err(Fault::Unsupported("a JPEG file without tables of codes".to_owned()));
            }
            tables.push((usize::from(pair[1] >> 4), usize::from(pair[1] & 15)));
        }
        let (band, approximation) = if frame.is_progressive { ((start, end), approximation) } else { ((0, 63), 0) };
        let is_alone_for_ac = band.0 == 0 || components.len() == 1;
        if components.is_empty() || components.len() > 4 || band.0 > band.1 || band.1 > 63 || !is_alone_for_ac {
            return Err(nonsense());
        }
        let (dc, ac) = (&self.dc, &self.ac);
        let tables = tables
            .iter()
            .map(|&(d, a)| (dc.get(d).and_then(Option::as_ref), ac.get(a).and_then(Option::as_ref)))
            .collect();
        let scan = Scan {
            components,
            band: (u32::from(band.0), u32::from(band.1)),
            bits: (approximation >> 4, approximation & 15),
        };
        let end =
            scan::read(self.bytes, position, self.interval, frame, &scan, &tables, known).map_err(
                |cause| match cause {
                    BadScan::Short => Fault::damaged("a part of it is missing"),
                    BadScan::Invalid => Fault::damaged("its data are damaged"),
                },
            )?;
        for &place in &scan.components {
            bits[place][usize::from(band.0)..=usize::from(band.1)].fill(Some(scan.bits.1));
        }
        Ok(end)
    }
}
