//! Arrays of NumPy: their header, the numbers that they consist of, and images in them.
//!
//! Source: NEP 1, the `.npy` format, versions 1 to 3.

use std::io::Read;

use image::metadata::Orientation;

use super::fault::Fault;
use super::pixels::{exact, finite};
use super::room::{LARGEST_AREA, Room, area};
use crate::Image;
use crate::channels::PixelLayout;
use crate::image::MOST_CHANNELS;
use crate::samples::{Depth, Samples};

/// The longest header that is read, in bytes.
const LONGEST_HEADER: u32 = 1 << 16;

/// What an array consists of, in which shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NpyHeader {
    /// Its numbers.
    pub element: Element,
    /// Its sides, the slowest first.
    pub shape: Vec<u64>,
    /// The bytes before the first number.
    pub length: u64,
}

/// A kind of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element {
    kind: u8,
    /// Bytes of one number.
    pub bytes: usize,
    is_big_endian: bool,
}

impl NpyHeader {
    /// Reads the header of an array.
    ///
    /// # Errors
    /// When it is none, or the array is of another kind than numbers, or in Fortran's order.
    pub fn read(source: &mut impl Read) -> Result<Self, Fault> {
        let mut start = [0; 8];
        source.read_exact(&mut start)?;
        let [magic @ .., major, _] = start;
        if magic != *b"\x93NUMPY" {
            return Err(Fault::damaged("it does not begin as an array of NumPy does"));
        }
        let mut length = [0; 4];
        let prefix = match major {
            1 => 2,
            2 | 3 => 4,
            _ => return Err(Fault::Unsupported(format!("an array of NumPy of the version {major} of its format"))),
        };
        source.read_exact(&mut length[..prefix])?;
        let length = u32::from_le_bytes(length);
        if length > LONGEST_HEADER {
            return Err(Fault::damaged("its header makes no sense"));
        }
        let mut text = Vec::new();
        source.take(u64::from(length)).read_to_end(&mut text)?;
        if text.len() as u64 != u64::from(length) {
            return Err(Fault::cut());
        }
        let text = String::from_utf8_lossy(&text);
        let nonsense = || Fault::damaged("its header makes no sense");
        let descr = value_of(&text, "descr").ok_or_else(nonsense)?;
        if value_of(&text, "fortran_order").ok_or_else(nonsense)?.starts_with("True") {
            let kind = "an array of NumPy in Fortran's order, column by column (np.ascontiguousarray turns it)";
            return Err(Fault::Unsupported(kind.to_owned()));
        }
        let shape = value_of(&text, "shape").and_then(shape).ok_or_else(nonsense)?;
        let element = Element::of(descr)?;
        Ok(Self { element, shape, length: 8 + prefix as u64 + u64::from(length) })
    }

    /// Height, width and channels of the image that the array is, or each of its parts along the first side is.
    ///
    /// # Errors
    /// When its shape is that of no image.
    pub fn image_sides(&self, is_list: bool) -> Result<(u32, u32, usize), Fault> {
        let sides: &[u64] = if is_list { self.shape.get(1..).unwrap_or_default() } else { &self.shape };
        let expected = if is_list { "[N, H, W] or [N, H, W, C]" } else { "[H, W] or [H, W, C]" };
        let (height, width, channels) = match *sides {
            [height, width] => (height, width, 1),
            [height, width, channels] => (height, width, channels),
            _ => {
                return Err(Fault::Unsupported(
                    format!("an array of the shape {:?}, where {expected}", self.shape) + " is read",
                ));
            }
        };
        if !(1..=MOST_CHANNELS as u64).contains(&channels) {
            let first = if height <= MOST_CHANNELS as u64 { ": the channels come last" } else { "" };
            return Err(Fault::Unsupported(format!(
                "an array of the shape {:?}, where {expected} with 1 to {MOST_CHANNELS} channels is read{first}",
                self.shape
            )));
        }
        if height.saturating_mul(width) > LARGEST_AREA {
            let side = |side: u64| u32::try_from(side).unwrap_or(u32::MAX);
            return Err(Fault::TooLarge { width: side(width), height: side(height) });
        }
        let side = |side: u64| u32::try_from(side).map_err(|_| Fault::damaged("its header makes no sense"));
        let (height, width) = (side(height)?, side(width)?);
        area(width, height)?;
        Ok((height, width, channels as usize))
    }
}

/// What stands behind a name in a dictionary of Python.
fn value_of<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, behind) = ["'", "\""].iter().find_map(|quote| text.split_once(&format!("{quote}{name}{quote}")))?;
    Some(behind.trim_start().strip_prefix(':')?.trim_start())
}

/// The numbers within parentheses.
fn shape(text: &str) -> Option<Vec<u64>> {
    let (inside, _) = text.strip_prefix('(')?.split_once(')')?;
    inside
        .split(',')
        .map(str::trim)
        .filter(|side| !side.is_empty())
        .map(|side| side.trim_end_matches('L').parse().ok())
        .collect()
}

impl Element {
    /// The kind of numbers of a description such as `'<u2'`.
    fn of(descr: &str) -> Result<Self, Fault> {
        let unsupported = || {
            let descr: String = descr.chars().take(40).collect();
            Fault::Unsupported(format!("an array of NumPy of {descr}, where whole numbers and floats"))
        };
        let text = descr.strip_prefix(['\'', '"']).and_then(|rest| rest.split_once(['\'', '"'])).map(|(text, _)| text);
        let &[order, kind, ref bytes @ ..] = text.map_or(&[][..], str::as_bytes) else { return Err(unsupported()) };
        let bytes: usize =
            std::str::from_utf8(bytes).ok().and_then(|bytes| bytes.parse().ok()).ok_or_else(unsupported)?;
        let is_known = matches!((kind, bytes), (b'b', 1) | (b'u' | b'i', 1 | 2 | 4 | 8) | (b'f', 2 | 4 | 8));
        match is_known && matches!(order, b'<' | b'>' | b'|' | b'=') {
            true => Ok(Self { kind, bytes, is_big_endian: order == b'>' }),
            false => Err(unsupported()),
        }
    }

    /// How these numbers are kept: what is neither of 8 nor of 16 bits, as floats.
    pub fn depth(self) -> Depth {
        match (self.kind, self.bytes) {
            (b'u', 1) => Depth::Bits8,
            (b'u', 2) => Depth::Bits16,
            _ => Depth::Float32,
        }
    }

    /// The samples of `bytes`.
    ///
    /// # Errors
    /// When 32-bit floats cannot hold one exactly, or it is no number.
    pub fn samples(self, bytes: Vec<u8>) -> Result<Samples, Fault> {
        let kind = || {
            let name = match self.kind {
                b'f' => "float",
                b'i' => "int",
                _ => "uint",
            };
            format!("an array of NumPy of {name}{}", 8 * self.bytes)
        };
        Ok(match (self.kind, self.bytes) {
            (b'u', 1) => Samples::U8(bytes),
            (b'u', 2) => Samples::U16(self.numbers(&bytes, u16::from_ne_bytes).collect()),
            (b'f', 4) => finite(self.numbers(&bytes, f32::from_ne_bytes).collect())?,
            (b'f', 2) => finite(self.numbers(&bytes, u16::from_ne_bytes).map(of_half).collect())?,
            (b'b', _) => Samples::F32(bytes.into_iter().map(|value| f32::from(u8::from(value != 0))).collect()),
            (b'f', _) => exact(self.numbers(&bytes, f64::from_ne_bytes), &kind())?,
            (b'i', 1) => exact(self.numbers(&bytes, i8::from_ne_bytes).map(f64::from), &kind())?,
            (b'i', 2) => exact(self.numbers(&bytes, i16::from_ne_bytes).map(f64::from), &kind())?,
            (b'i', 4) => exact(self.numbers(&bytes, i32::from_ne_bytes).map(f64::from), &kind())?,
            (b'u', 4) => exact(self.numbers(&bytes, u32::from_ne_bytes).map(f64::from), &kind())?,
            // Doubles round what lies beyond 2^53, all of which is beyond what a float holds, or a multiple of it.
            (b'i', _) => exact(self.numbers(&bytes, i64::from_ne_bytes).map(|value| value as f64), &kind())?,
            _ => exact(self.numbers(&bytes, u64::from_ne_bytes).map(|value| value as f64), &kind())?,
        })
    }

    /// The whole numbers of `bytes`, such as labels.
    ///
    /// # Errors
    /// When they are no whole numbers that 64 bits hold.
    pub fn whole_numbers(self, bytes: &[u8]) -> Result<Vec<i64>, Fault> {
        let doubles = |values: &mut dyn Iterator<Item = f64>| -> Option<Vec<i64>> {
            values.map(|value| Some(value as i64).filter(|whole| *whole as f64 == value)).collect()
        };
        let numbers = match (self.kind, self.bytes) {
            (b'u' | b'b', 1) => Some(bytes.iter().map(|&value| i64::from(value)).collect()),
            (b'u', 2) => Some(self.numbers(bytes, u16::from_ne_bytes).map(i64::from).collect()),
            (b'u', 4) => Some(self.numbers(bytes, u32::from_ne_bytes).map(i64::from).collect()),
            (b'u', _) => self.numbers(bytes, u64::from_ne_bytes).map(|value| i64::try_from(value).ok()).collect(),
            (b'i', 1) => Some(self.numbers(bytes, i8::from_ne_bytes).map(i64::from).collect()),
            (b'i', 2) => Some(self.numbers(bytes, i16::from_ne_bytes).map(i64::from).collect()),
            (b'i', 4) => Some(self.numbers(bytes, i32::from_ne_bytes).map(i64::from).collect()),
            (b'i', _) => Some(self.numbers(bytes, i64::from_ne_bytes).collect()),
            (b'f', 4) => doubles(&mut self.numbers(bytes, f32::from_ne_bytes).map(f64::from)),
            (b'f', 8) => doubles(&mut self.numbers(bytes, f64::from_ne_bytes)),
            _ => None,
        };
        numbers.ok_or_else(|| Fault::damaged("its labels are no whole numbers"))
    }

    /// Numbers of `N` bytes, each from its bytes in the machine's order.
    fn numbers<const N: usize, T>(self, bytes: &[u8], number: impl Fn([u8; N]) -> T) -> impl Iterator<Item = T> {
        let swap = self.is_big_endian != cfg!(target_endian = "big");
        bytes.as_chunks::<N>().0.iter().map(move |bytes| {
            let mut bytes = *bytes;
            if swap {
                bytes.reverse();
            }
            number(bytes)
        })
    }
}

/// The float of 16 bits that has these bits.
fn of_half(bits: u16) -> f32 {
    let (sign, exponent, fraction) = (bits >> 15, (bits >> 10) & 31, f32::from(bits & 1023));
    let size = match exponent {
        0 => fraction * 2.0_f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1024.0 + fraction) * 2.0_f32.powi(i32::from(exponent) - 25),
    };
    if sign == 1 { -size } else { size }
}

/// Channels and bits of an image that is an array [H, W] or [H, W, C].
///
/// # Errors
/// When it is none.
pub fn layout(source: &mut impl Read) -> Result<PixelLayout, Fault> {
    let header = NpyHeader::read(source)?;
    let (_, _, channels) = header.image_sides(false)?;
    Ok(PixelLayout { channels, depth: header.element.depth(), has_alpha: false })
}

/// Reads an image that is an array [H, W] or [H, W, C].
///
/// # Errors
/// When it is none, or cut short.
pub fn read(source: &mut impl Read) -> Result<Image, Fault> {
    let header = NpyHeader::read(source)?;
    let sides = header.image_sides(false)?;
    image_of(source, header.element, sides)
}

/// Reads one image, of sides that were checked, from where it begins.
///
/// # Errors
/// When it is cut short, or its numbers are none.
pub fn image_of(
    source: &mut impl Read,
    element: Element,
    (height, width, channels): (u32, u32, usize),
) -> Result<Image, Fault> {
    let samples = area(width, height)? * channels as u64;
    let bytes = samples * element.bytes as u64;
    let room = Room::wait_for(width, height, bytes + 4 * samples)?;
    let mut values = Vec::new();
    // Read as it comes: a header may claim what the file does not have.
    source.take(bytes).read_to_end(&mut values)?;
    if values.len() as u64 != bytes {
        return Err(Fault::cut());
    }
    room.finish(element.samples(values)?, channels, None, Orientation::NoTransforms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n");
        [b"\x93NUMPY\x01\0", &(text.len() as u16).to_le_bytes()[..], text.as_bytes(), data].concat()
    }

    fn told(bytes: &[u8]) -> String {
        match read(&mut &*bytes) {
            Err(Fault::Unsupported(what) | Fault::Damaged(what)) => what,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn arrays_are_images_of_their_shape_at_full_precision() {
        let image = read(&mut &*npy("'<u2'", "(1, 2, 5)", &[1; 20])).expect("five bands");
        assert_eq!((image.height(), image.width(), image.channels()), (1, 2, 5));
        assert_eq!(image.samples(), &Samples::U16(vec![257; 10]));
        let floats: Vec<u8> = [0.1_f32, -2.5].iter().flat_map(|value| value.to_be_bytes()).collect();
        let image = read(&mut &*npy("'>f4'", "(2, 1)", &floats)).expect("two rows");
        assert_eq!((image.channels(), image.samples()), (1, &Samples::F32(vec![0.1, -2.5])));
        let image = read(&mut &*npy("'<f2'", "(1, 1)", &[0, 0x3c])).expect("one pixel");
        assert_eq!(image.samples(), &Samples::F32(vec![1.0]));
        let image = read(&mut &*npy("'<i8'", "(1, 1)", &[7, 0, 0, 0, 0, 0, 0, 0])).expect("one pixel");
        assert_eq!(image.samples(), &Samples::F32(vec![7.0]));
    }

    #[test]
    fn what_is_no_image_is_refused_with_its_shape_or_kind() {
        assert!(told(&npy("'|u1'", "(3, 64, 64)", &[])).contains("the channels come last"));
        assert!(told(&npy("'|u1'", "(4,)", &[])).contains("[4]"));
        assert!(told(&npy("'<f8'", "(1, 1)", &0.1_f64.to_le_bytes())).contains("float64"));
        assert!(told(&npy("'<c8'", "(1, 1)", &[])).contains("'<c8'"));
        assert!(told(&npy("[('a', '<u1')]", "(1, 1)", &[])).contains("whole numbers and floats"));
        assert!(told(&npy("'<u2'", "(9, 9)", &[0; 100])).contains("cut short"));
        assert!(told(&npy("'<f4'", "(1, 1)", &f32::NAN.to_le_bytes())).contains("NaN"));
        assert!(told(&npy("'|u1'", "(0, 4)", &[])).contains("no pixels"));
        assert!(matches!(read(&mut &*npy("'|u1'", "(99999999999, 9)", &[])), Err(Fault::TooLarge { .. })));
        for cut in 0..60 {
            assert!(read(&mut &npy("'|u1'", "(1, 1)", &[])[..cut]).is_err());
        }
    }
}
