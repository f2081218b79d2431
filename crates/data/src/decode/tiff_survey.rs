//! What a TIFF says of its pixels.

use std::io::{Read, Seek};

use image::metadata::Orientation;

use super::directory::{Directory, tag};
use super::orientation;
use crate::Alpha;

/// The longest XMP that is read, in bytes.
const LONGEST: u64 = 16 << 20;

/// What the first directory of a TIFF says; of a damaged one, nothing.
pub struct TiffSurvey {
    /// Which side is up: its own tag says it, or else XMP.
    pub orientation: Orientation,
    /// What a fourth sample of RGB means. Pillow takes one for opacity where nothing is told of it, but not where it
    /// is told to be of unknown meaning.
    pub alpha: Alpha,
    /// Whether its colours are red, green and blue.
    pub is_rgb: bool,
    /// Whether its samples are whole numbers without a sign.
    pub is_whole_numbers: bool,
    /// Whether each band is stored by itself.
    pub is_planar: bool,
    /// Whether it says what samples beside its colours are.
    pub has_extra_samples: bool,
    /// Whether there are bands beside red, green and blue that are no opacity.
    pub has_unread_bands: bool,
    /// The place of the byte that says what its colours are.
    pub colours_at: Option<u64>,
    /// The file in words, for those that are not decoded: "a TIFF file of a kind ...".
    pub kind: String,
}

/// Reads the first directory of a TIFF.
pub fn survey(source: &mut (impl Read + Seek)) -> TiffSurvey {
    let Ok(directory) = Directory::read(source) else {
        let kind = "a TIFF file of a kind that its decoder lacks".to_owned();
        return TiffSurvey {
            orientation: Orientation::NoTransforms,
            alpha: Alpha::Straight,
            is_rgb: false,
            is_whole_numbers: true,
            is_planar: false,
            has_extra_samples: false,
            has_unread_bands: false,
            colours_at: None,
            kind,
        };
    };
    let extra = directory.number(source, tag::EXTRA_SAMPLES);
    let alpha = match extra {
        Some(0.0) => Alpha::Unused,
        Some(1.0) => Alpha::Associated,
        _ => Alpha::Straight,
    };
    let upright = directory.number(source, tag::ORIENTATION);
    let xmp = directory.bytes(source, tag::XMP, LONGEST);
    let orientation = orientation::of_number(upright, xmp.as_deref());
    let photometric = directory.number(source, tag::PHOTOMETRIC).unwrap_or(-1.0) as i32;
    let count = directory.number(source, tag::SAMPLES_PER_PIXEL).unwrap_or(1.0);
    let is_rgb = photometric == 2;
    let is_opacity = matches!(extra, Some(1.0 | 2.0) | None);
    let colours = match photometric {
        0 | 1 => "grey",
        2 => "RGB",
        3 => "a palette",
        5 => "CMYK",
        6 => "YCbCr",
        8..=10 => "CIELAB",
        32803 | 34892 => "raw values of a camera",
        _ => "unknown colours",
    };
    let bits = directory.numbers(source, tag::BITS_PER_SAMPLE, 8);
    let format = directory.number(source, tag::SAMPLE_FORMAT).unwrap_or(1.0) as i32;
    let samples = match format {
        2 => "signed integers",
        3 => "floats",
        5 | 6 => "complex numbers",
        _ => "integers",
    };
    let bits = bits.iter().map(|bits| format!("{bits}")).collect::<Vec<_>>().join(", ");
    let compression = directory.number(source, tag::COMPRESSION).unwrap_or(1.0);
    let kind = format!(
        "a TIFF file of a kind that its decoder lacks ({colours}, {samples} of {bits} bits, compression {compression})"
    );
    TiffSurvey {
        orientation,
        alpha,
        is_rgb,
        is_whole_numbers: matches!(format, 1 | 4),
        is_planar: directory.number(source, tag::PLANAR_CONFIGURATION) == Some(2.0),
        has_extra_samples: extra.is_some(),
        has_unread_bands: is_rgb && (count > 4.0 || (count == 4.0 && !is_opacity)),
        colours_at: directory.place_of_small(tag::PHOTOMETRIC),
        kind,
    }
}
