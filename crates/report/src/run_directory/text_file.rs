//! The text files of a run directory: what is missing is no error, and what cannot be understood is named with its
//! line.

use std::io::ErrorKind;
use std::path::Path;

use crate::error::ReportError;

/// The bytes of a file; `None` if there is none.
pub fn read_bytes(path: &Path) -> Result<Option<Vec<u8>>, ReportError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(source) => Err(ReportError::Read { path: path.to_owned(), source }),
    }
}

/// The text of a file; `None` if there is none.
pub fn read_text(path: &Path) -> Result<Option<String>, ReportError> {
    let Some(bytes) = read_bytes(path)? else { return Ok(None) };
    String::from_utf8(bytes).map(Some).map_err(|error| ReportError::Malformed {
        file: path.to_owned(),
        line: line_at(error.as_bytes(), error.utf8_error().valid_up_to()),
        expected: "text in UTF-8".to_owned(),
        found: "other bytes".to_owned(),
        remedy: "restore the file, or leave this run out of the report",
    })
}

/// The text of `file` as TOML; `expected` is what it should hold, in words.
pub fn parse_toml<T: serde::de::DeserializeOwned>(text: &str, file: &Path, expected: &str) -> Result<T, ReportError> {
    toml::from_str(text).map_err(|error| ReportError::Malformed {
        file: file.to_owned(),
        line: line_at(text.as_bytes(), error.span().map_or(0, |span| span.start)),
        expected: expected.to_owned(),
        found: one_line(error.message().trim_start_matches("found ")),
        remedy: "restore the file, or leave this run out of the report",
    })
}

/// A message of a parser on one line.
pub fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The line, from 1, of the byte at `offset`.
fn line_at(bytes: &[u8], offset: usize) -> usize {
    1 + bytes[..offset.min(bytes.len())].iter().filter(|&&byte| byte == b'\n').count()
}
