//! What kind of file an image is, as its first bytes tell.

use super::fault::Fault;

/// How many bytes tell the kind.
pub const BYTES: usize = 64;

/// The kinds that are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Portable Network Graphics.
    Png,
    /// JPEG.
    Jpeg,
    /// Graphics Interchange Format.
    Gif,
    /// WebP.
    WebP,
    /// Windows bitmap.
    Bmp,
    /// TIFF and BigTIFF.
    Tiff,
    /// Quite OK Image.
    Qoi,
    /// An array of NumPy.
    Npy,
    /// Portable anymap: PBM, PGM, PPM, PAM.
    Pnm,
}

impl Kind {
    /// The kind of a file that begins with these bytes (all of a file, if it has fewer than [`BYTES`]).
    ///
    /// # Errors
    /// When they begin no image, or one of a kind that is not decoded.
    pub fn of(start: &[u8]) -> Result<Self, Fault> {
        match start {
            [] => Err(Fault::damaged("it is empty")),
            [0x89, b'P', b'N', b'G', ..] => Ok(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Ok(Self::Jpeg),
            [b'G', b'I', b'F', b'8', ..] => Ok(Self::Gif),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(Self::WebP),
            [b'B', b'M', ..] => Ok(Self::Bmp),
            [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Ok(Self::Tiff),
            [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => Ok(Self::Npy),
            [b'q', b'o', b'i', b'f', ..] => Ok(Self::Qoi),
            [b'P', b'1'..=b'7', b' ' | b'\t' | b'\n' | b'\r' | b'#', ..] => Ok(Self::Pnm),
            _ => Err(match foreign(start) {
                Some(kind) => Fault::Unsupported(kind.to_owned()),
                None if start.iter().all(|&byte| byte == 0) => Fault::damaged("it begins with zeros"),
                None => Fault::damaged("its contents are of no known kind of image"),
            }),
        }
    }
}

/// Kinds of files that are known, but not decoded.
fn foreign(start: &[u8]) -> Option<&'static str> {
    let brands = if start.get(4..8) == Some(b"ftyp") { &start[8..] } else { &[] };
    let branded = |names: &[&[u8; 4]]| brands.chunks_exact(4).any(|brand| names.iter().any(|name| brand == *name));
    let text = start.trim_ascii_start().to_ascii_lowercase();
    Some(match start {
        _ if branded(&[b"avif", b"avis"]) => "an AVIF file",
        _ if branded(&[b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"]) => "a HEIC file",
        _ if !brands.is_empty() => "a video or another file of the MP4 family",
        [0xff, 0x0a, ..] | [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..] => "a JPEG XL file",
        [0, 0, 0, 12, b'j', b'P', b' ', b' ', ..] | [0xff, 0x4f, 0xff, 0x51, ..] => "a JPEG 2000 file",
        [0xff, 0xd8] | [0xff] => return None,
        [b'8', b'B', b'P', b'S', ..] => "a Photoshop file",
        [b'P', b'F' | b'f' | b'8', ..] => "a PFM file",
        [b'D', b'D', b'S', b' ', ..] => "a DDS file",
        [0x76, 0x2f, 0x31, 0x01, ..] => "an OpenEXR file",
        [0, 0, 1 | 2, 0, _, ..] => "an icon (ICO)",
        [b'I', b'I' | b'M', 0xbc, 1, ..] => "a JPEG XR file",
        [0x59, 0xa6, 0x6a, 0x95, ..] => "a Sun raster file",
        [0x1f, 0x8b, ..] => "a gzip archive",
        [b'P', b'K', 3, 4, ..] => "a ZIP archive",
        _ if text.starts_with(b"#?r") => "a Radiance HDR file",
        _ if text.starts_with(b"farbfeld") => "a farbfeld file",
        _ if text.starts_with(b"%pdf") => "a PDF file",
        _ if text.starts_with(b"<!doctype html") || text.starts_with(b"<html") => "an HTML page",
        _ if text.starts_with(b"<svg") || text.starts_with(b"<?xml") => "an SVG or XML file",
        _ if text.starts_with(b"version https://git-lfs") => "a pointer of Git LFS, not the file itself",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_that_are_not_decoded_are_told_by_their_names() {
        let told = |start: &[u8]| match Kind::of(start) {
            Err(Fault::Unsupported(kind)) => kind,
            other => panic!("{other:?}"),
        };
        assert_eq!(told(b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miaf"), "an AVIF file");
        assert_eq!(told(b"\0\0\0\x20ftypmif1\0\0\0\0mif1avifmiaf"), "an AVIF file");
        assert_eq!(told(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"), "a HEIC file");
        assert_eq!(told(b"\0\0\0\x18ftypisom\0\0\0\0isomiso2"), "a video or another file of the MP4 family");
        assert_eq!(told(b"\0\0\0\x0cJXL \r\n\x87\n"), "a JPEG XL file");
        assert_eq!(told(b"\xff\x0a\x7f\x00"), "a JPEG XL file");
        assert_eq!(told(b"\0\0\0\x0cjP  \r\n\x87\n"), "a JPEG 2000 file");
        assert_eq!(told(b"\n <!DOCTYPE HTML><title>404"), "an HTML page");
        assert_eq!(told(b"8BPS\0\x01"), "a Photoshop file");
    }

    #[test]
    fn what_is_nothing_known_is_called_so() {
        for (start, part) in [(&b""[..], "empty"), (&[0; 64], "zeros"), (b"some text", "no known kind")] {
            assert!(matches!(Kind::of(start), Err(Fault::Damaged(what)) if what.contains(part)), "{start:?}");
        }
    }
}
