//! The text files of a run directory: what is missing is no error, and what cannot be understood is named with its
//! line.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;

use crate::error::ReportError;

/// More than any `run.toml` or `config.toml` has.
const MOST_TEXT: u64 = 16 << 20;

/// A file to be read; `None` if there is none. A pipe, which could be waited for without end, is not opened.
pub fn open(path: &Path) -> Result<Option<BufReader<File>>, ReportError> {
    let refused = |source| ReportError::Read { path: path.to_owned(), source };
    let found = match path.metadata() {
        Ok(found) => found,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(refused(error)),
    };
    if !found.is_file() {
        let found = if found.is_dir() { "a folder" } else { "a pipe or a device" };
        return Err(ReportError::NoFile { path: path.to_owned(), found });
    }
    Ok(Some(BufReader::new(File::open(path).map_err(refused)?)))
}

/// The text of a file; `None` if there is none.
pub fn read_text(path: &Path) -> Result<Option<String>, ReportError> {
    let Some(file) = open(path)? else { return Ok(None) };
    let malformed = |line, expected: &str, found: &str| ReportError::Malformed {
        file: path.to_owned(),
        line,
        expected: expected.to_owned(),
        found: found.to_owned(),
        remedy: "restore the file, or leave this run out of the report",
    };
    let mut bytes = Vec::new();
    let read = file.take(MOST_TEXT + 1).read_to_end(&mut bytes);
    read.map_err(|source| ReportError::Read { path: path.to_owned(), source })?;
    if bytes.len() as u64 > MOST_TEXT {
        return Err(malformed(1, "at most 16 MiB of text", "more"));
    }
    String::from_utf8(bytes).map(Some).map_err(|error| {
        let line = line_at(error.as_bytes(), error.utf8_error().valid_up_to());
        malformed(line, "text in UTF-8", "other bytes")
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
