//! A list of paths on stdin.

use std::io::{self, Read};
use std::path::PathBuf;

/// The paths that stdin lists: one a line, in any bytes; where there is a zero byte, one before each of those, so that
/// paths may hold line breaks.
///
/// # Errors
/// When stdin cannot be read.
pub fn of_stdin() -> io::Result<Vec<PathBuf>> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(of(&bytes))
}

fn of(bytes: &[u8]) -> Vec<PathBuf> {
    let (separator, by_line) = if bytes.contains(&0) { (0, false) } else { (b'\n', true) };
    let without_return = |line: &'_ [u8]| -> Vec<u8> {
        let shorter = line.strip_suffix(b"\r").filter(|_| by_line).unwrap_or(line);
        shorter.to_vec()
    };
    let paths = bytes.split(|byte| *byte == separator).map(without_return);
    paths.filter(|path| !path.is_empty()).map(of_bytes).collect()
}

#[cfg(unix)]
fn of_bytes(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec(bytes).into()
}

/// Elsewhere paths are no bytes.
#[cfg(not(unix))]
fn of_bytes(bytes: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_a_path_a_line_or_a_zero_byte_behind_each() {
        let paths = |paths: &[&str]| paths.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(of(b"a.png\nb c.png\r\n\n d.png"), paths(&["a.png", "b c.png", " d.png"]));
        assert_eq!(of(b"a\nb.png\0c.png\r\0"), paths(&["a\nb.png", "c.png\r"]));
        assert_eq!(of(b""), paths(&[]));
    }
}
