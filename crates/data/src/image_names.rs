//! Which files are images, as their names tell.

use std::ffi::OsStr;
use std::path::Path;

/// How the names of images end.
pub const EXTENSIONS: [&str; 15] =
    ["png", "jpg", "jpeg", "webp", "bmp", "gif", "tif", "tiff", "ppm", "pgm", "pbm", "pnm", "pam", "qoi", "npy"];

/// How the names of photographs end that are not decoded, and what they are.
const UNDECODED: [(&str, &str); 10] = [
    ("avif", "an AVIF file"),
    ("avifs", "an AVIF file"),
    ("heic", "a HEIC file"),
    ("heif", "a HEIC file"),
    ("hif", "a HEIC file"),
    ("jxl", "a JPEG XL file"),
    ("jp2", "a JPEG 2000 file"),
    ("j2k", "a JPEG 2000 file"),
    ("jpf", "a JPEG 2000 file"),
    ("jpx", "a JPEG 2000 file"),
];

/// How the name of a file ends, behind its last dot.
pub fn extension(file: &Path) -> Option<&str> {
    file.extension().and_then(OsStr::to_str)
}

/// Whether the name ends as that of an image, in any case of letters.
pub fn is_image(file: &Path) -> bool {
    extension(file).is_some_and(|extension| EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension)))
}

/// What a file is whose name ends as those of photographs that are not decoded: "an AVIF file".
pub fn undecoded_kind(file: &Path) -> Option<&'static str> {
    let extension = extension(file)?;
    UNDECODED.iter().find(|(known, _)| known.eq_ignore_ascii_case(extension)).map(|&(_, kind)| kind)
}

/// Whether a name is hidden: it begins with a dot, or is the folder in which macOS keeps what no picture is.
pub fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".") || name == "__MACOSX"
}
