//! Which side of a picture is up, from wherever Pillow's `ImageOps.exif_transpose` takes it: Exif in any of its number
//! types, else XMP in either of its spellings. Damaged metadata is no reason to refuse the pixels.

use std::io::Cursor;

use image::metadata::Orientation;

use super::directory::{Directory, tag};

/// The orientation that Exif tells (with or without its prefix), or else XMP.
pub fn of_metadata(exif: Option<&[u8]>, xmp: Option<&[u8]>) -> Orientation {
    of_number(exif.and_then(in_exif), xmp)
}

/// The orientation of a tag's value if there is one, or else that of XMP.
pub fn of_number(number: Option<f64>, xmp: Option<&[u8]>) -> Orientation {
    let number = number.or_else(|| xmp.and_then(in_xmp).map(f64::from));
    let number = (1..=8_u8).find(|&known| number == Some(f64::from(known)));
    number.and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms)
}

fn in_exif(exif: &[u8]) -> Option<f64> {
    const PREFIX: &[u8] = b"Exif\0\0";
    let once = exif.strip_prefix(PREFIX).unwrap_or(exif);
    let mut source = Cursor::new(once.strip_prefix(PREFIX).unwrap_or(once));
    Directory::read(&mut source).ok()?.number(&mut source, tag::ORIENTATION)
}

/// The digit of the first `tiff:Orientation="6"` or `<tiff:Orientation>6`.
fn in_xmp(xmp: &[u8]) -> Option<u8> {
    const NAME: &[u8] = b"tiff:Orientation";
    let behind_name = (0..xmp.len()).filter_map(|start| xmp[start..].strip_prefix(NAME));
    behind_name
        .filter_map(|rest| rest.strip_prefix(b"=\"").or_else(|| rest.strip_prefix(b">")))
        .find_map(|rest| rest.first().filter(|digit| digit.is_ascii_digit()).map(|digit| digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Exif with the one tag 0x0112.
    fn exif(header: &[u8; 4], kind: u16, count: u32, field: [u8; 4], behind: &[u8]) -> Vec<u8> {
        let little = header[0] == b'I';
        let short = |value: u16| if little { value.to_le_bytes() } else { value.to_be_bytes() };
        let long = |value: u32| if little { value.to_le_bytes() } else { value.to_be_bytes() };
        let numbers = [&long(8)[..], &short(1), &short(0x112), &short(kind), &long(count), &field, &long(0)];
        [&header[..], &numbers.concat(), behind].concat()
    }

    /// As Pillow 13 reads each of these.
    #[test]
    fn exif_is_read_in_every_number_type_and_byte_order_that_pillow_reads() {
        let six = |exif: &[u8]| of_metadata(Some(exif), None) == Orientation::Rotate90;
        let (little, big) = (b"II*\0", b"MM\0*");
        let whole = [6, 0, 0, 0];
        for kind in [3, 4, 6, 8, 9, 13] {
            assert!(six(&exif(little, kind, 1, whole, b"")), "type {kind}");
        }
        let place = 26_u32.to_le_bytes();
        assert!(six(&exif(little, 5, 1, place, &[6, 0, 0, 0, 1, 0, 0, 0])), "a fraction");
        assert!(six(&exif(little, 11, 1, 6.0_f32.to_le_bytes(), b"")), "a float");
        assert!(six(&exif(little, 12, 1, place, &6.0_f64.to_le_bytes())), "a double");
        assert!(six(&exif(little, 3, 2, [6, 0, 6, 0], b"")), "two of them");
        for header in [big, b"MM*\0"] {
            assert!(six(&exif(header, 3, 1, [0, 6, 0, 0], b"")), "{header:?}");
        }
        assert!(six(&exif(b"II\0*", 3, 1, whole, b"")));
        assert!(six(&[&b"Exif\0\0Exif\0\0"[..], &exif(little, 3, 1, whole, b"")].concat()), "with its prefix, twice");
        for kind in [1, 2, 7] {
            assert!(!six(&exif(little, kind, 1, whole, b"")), "type {kind} is no number");
        }
        assert!(!six(b"II*\0") && !six(b"") && !six(&exif(little, 3, 1, [9, 0, 0, 0], b"")));
    }

    #[test]
    fn xmp_is_read_where_exif_says_nothing() {
        let attribute = br#"<rdf:Description tiff:Orientation="8"/>"#;
        let element = b"<tiff:Orientation>3</tiff:Orientation>";
        assert_eq!(of_metadata(None, Some(attribute)), Orientation::Rotate270);
        assert_eq!(of_metadata(None, Some(element)), Orientation::Rotate180);
        assert_eq!(of_metadata(Some(&exif(b"II*\0", 3, 1, [6, 0, 0, 0], b"")), Some(element)), Orientation::Rotate90);
        assert_eq!(of_metadata(Some(b"damaged"), Some(element)), Orientation::Rotate180);
        assert_eq!(of_metadata(None, Some(b"tiff:Orientation")), Orientation::NoTransforms);
    }
}
