//! Paths as text that is read back the same: in recipes, in `run.toml`, in JSON.
//!
//! A path that is UTF-8 is its own text. Any other is written as a `file:` URL (RFC 8089), absolute, each byte that is no
//! UTF-8 as `%E9`.

use std::path::{Path, PathBuf};

/// How a text begins that is no path itself.
const SCHEME: &str = "file://";

/// `path` as text, from which [`from_text`] makes the same path.
pub fn to_text(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    match path.to_str() {
        Some(text) if !text.starts_with(SCHEME) => text.to_owned(),
        // It fails without a current folder; then the place is told as it was given.
        _ => escaped(&std::path::absolute(path).unwrap_or_else(|_| path.to_owned())),
    }
}

fn escaped(path: &Path) -> String {
    let mut text = SCHEME.to_owned();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        text.push_str(&chunk.valid().replace('%', "%25"));
        text.extend(chunk.invalid().iter().map(|byte| format!("%{byte:02X}")));
    }
    text
}

/// The path that `text` stands for: itself, or what a `file:` URL names.
pub fn from_text(text: &str) -> PathBuf {
    text.strip_prefix(SCHEME).map_or_else(|| PathBuf::from(text), |escaped| of_bytes(unescaped(escaped)))
}

/// The bytes of a text in which `%E9` stands for one; a `%` without two digits is itself.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let digits = behind.first_chunk::<2>().filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let escaped = digits.filter(|_| first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &behind[2..] } else { behind };
    }
    bytes
}

/// The path of these bytes.
#[cfg(unix)]
pub fn of_bytes(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec(bytes).into()
}

/// The path of these bytes: elsewhere paths are no bytes, so what is no UTF-8 is replaced.
#[cfg(not(unix))]
pub fn of_bytes(bytes: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn a_path_of_any_bytes_is_read_back_the_same() {
        for bytes in [
            &b"runs/mae"[..],
            b"/a/caf\xe9",
            b"/caf\xe9/50%/%41/\xff\xfe",
            "/mél ange/日本".as_bytes(),
            b"file:///a%20b",
            b"",
            b"/a\nb\x1b",
        ] {
            let path = Path::new(OsStr::from_bytes(bytes));
            let absolute = if path.to_str().is_some_and(|text| text.starts_with(SCHEME)) {
                std::path::absolute(path).expect("a current folder")
            } else {
                path.to_owned()
            };
            assert_eq!(from_text(&to_text(path)), absolute, "{}", to_text(path));
        }
    }

    #[test]
    fn a_relative_path_in_other_bytes_means_the_same_from_any_folder() {
        let text = to_text(OsStr::from_bytes(b"caf\xe9"));
        assert!(text.starts_with("file:///") && text.ends_with("/caf%E9"), "{text}");
        assert_eq!(from_text(&text), std::path::absolute(OsStr::from_bytes(b"caf\xe9")).expect("a current folder"));
    }

    #[test]
    fn a_url_that_was_typed_is_the_path_that_it_names() {
        assert_eq!(from_text("file:///my%20photos/100%"), Path::new("/my photos/100%"));
    }
}
