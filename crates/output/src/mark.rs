//! The mark that bmae leaves in a file which it writes on its own, so that the same command may replace it later, and no
//! other file.
//!
//! A PNG file has it in a text chunk, `Software: bmae <what>`; a safetensors file in its metadata, `bmae.written: <what>`; an
//! ONNX file whose producer is bmae in the first line of its `doc_string`; a zip file in its comment, `bmae <what>`. What a
//! file is, in a word or two, its writer says.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// The metadata key of a safetensors file.
pub const SAFETENSORS_KEY: &str = "bmae.written";

/// Who wrote an ONNX file: its `producer_name`.
pub const PRODUCER: &str = "bmae";

/// The keyword of a PNG file's text chunk, which the format defines, and how our text begins.
const SOFTWARE: &[u8] = b"Software\0bmae ";
const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
/// Where the chunks behind the first one begin, which has 13 bytes, its length, name and checksum.
const BEHIND_FIRST: usize = 8 + 25;
/// No header with a mark is longer.
const LONGEST_HEADER: u64 = 100 << 20;
/// Where a zip file begins with a file in it.
const ZIP_SIGNATURE: &[u8] = b"PK\x03\x04";
/// The last record of a zip file, without its comment: 20 bytes and the comment's length.
const ZIP_END: &[u8] = b"PK\x05\x06";
const ZIP_END_LENGTH: usize = 22;
/// No comment that is a mark is longer.
const LONGEST_COMMENT: u64 = 256;

/// The PNG file `png` with the mark that it is `what`; anything else is left as it is.
pub fn png(mut png: Vec<u8>, what: &str) -> Vec<u8> {
    if !png.starts_with(&SIGNATURE) || png.len() < BEHIND_FIRST {
        return png;
    }
    let named = [b"tEXt", SOFTWARE, what.as_bytes()].concat();
    let length = u32::try_from(named.len() - 4).unwrap_or(0).to_be_bytes();
    let checksum = crc32fast::hash(&named).to_be_bytes();
    png.splice(BEHIND_FIRST..BEHIND_FIRST, [&length[..], &named, &checksum].concat());
    png
}

/// The comment of a zip file that is `what`.
pub fn zip_comment(what: &str) -> String {
    format!("{PRODUCER} {what}")
}

/// What the file at `path` is by its mark; `None` where it has none, or is no file of these kinds.
///
/// # Errors
/// When it cannot be read.
pub fn of_file(path: &Path) -> io::Result<Option<String>> {
    let mut file = File::open(path)?;
    let mut head = Vec::new();
    file.by_ref().take(BEHIND_FIRST as u64 + 256).read_to_end(&mut head)?;
    if head.starts_with(&SIGNATURE) {
        return Ok(of_png(&head).map(str::to_owned));
    }
    if head.starts_with(ZIP_SIGNATURE) {
        return of_zip(&mut file);
    }
    if let Some(found) = of_onnx(&head) {
        return Ok(Some(found.to_owned()));
    }
    let Some((length, _)) = head.split_first_chunk() else { return Ok(None) };
    let length = u64::from_le_bytes(*length);
    if length > LONGEST_HEADER {
        return Ok(None);
    }
    let mut header = Vec::new();
    file.seek(SeekFrom::Start(8))?;
    file.take(length).read_to_end(&mut header)?;
    Ok(of_header(&header).map(str::to_owned))
}

fn of_png(head: &[u8]) -> Option<&str> {
    let (length, chunk) = head.get(BEHIND_FIRST..)?.split_first_chunk()?;
    let text = chunk.strip_prefix(b"tEXt")?.get(..u32::from_be_bytes(*length) as usize)?;
    std::str::from_utf8(text.strip_prefix(SOFTWARE)?).ok()
}

/// The comment at the end.
fn of_zip(file: &mut File) -> io::Result<Option<String>> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(ZIP_END_LENGTH as u64 + LONGEST_COMMENT)))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    let is_end = |at: &usize| {
        let comment = tail.get(at + ZIP_END_LENGTH..).unwrap_or_default();
        let length = tail.get(at + ZIP_END_LENGTH - 2..at + ZIP_END_LENGTH).unwrap_or_default();
        tail[*at..].starts_with(ZIP_END) && length == (comment.len() as u16).to_le_bytes()
    };
    let comment = (0..tail.len()).rev().find(is_end).map(|at| &tail[at + ZIP_END_LENGTH..]);
    let comment = comment.and_then(|comment| std::str::from_utf8(comment).ok());
    Ok(comment.and_then(|comment| comment.strip_prefix(PRODUCER)?.strip_prefix(' ')).map(str::to_owned))
}

/// The first fields of the message: `ir_version` (1), `producer_name` (2), `producer_version` (3), `doc_string` (6).
fn of_onnx(head: &[u8]) -> Option<&str> {
    let (_version, rest) = head.strip_prefix(&[1 << 3])?.split_first()?;
    let (producer, rest) = field(rest, 2)?;
    let (_, rest) = field(rest, 3)?;
    let (text, _) = field(rest, 6)?;
    (producer == PRODUCER).then(|| text.lines().next().unwrap_or_default())
}

/// The text of the field `number` of a message, which begins with it, and what is behind; a text of less than 128 bytes.
fn field(message: &[u8], number: u8) -> Option<(&str, &[u8])> {
    const TEXT: u8 = 2;
    let (&[kind, length @ ..0x80], rest) = message.split_first_chunk()? else { return None };
    let (text, rest) = rest.split_at_checked(length.into())?;
    (kind == (number << 3 | TEXT)).then_some((std::str::from_utf8(text).ok()?, rest))
}

/// The header is JSON without blanks. Within a string of JSON every quotation mark has a backslash before it, so these
/// bytes are the key and nothing else.
fn of_header(header: &[u8]) -> Option<&str> {
    if !header.starts_with(b"{\"__metadata__\":{") {
        return None;
    }
    let header = std::str::from_utf8(header).ok()?;
    let (_, value) = header.split_once(&format!("\"{SAFETENSORS_KEY}\":\""))?;
    Some(value.split_once('"')?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> Option<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        std::fs::write(&path, bytes).expect("written");
        of_file(&path).expect("it can be read")
    }

    /// The signature, a first chunk, and what ends a PNG file.
    fn bare() -> Vec<u8> {
        [&SIGNATURE[..], b"\0\0\0\rIHDR", &[0; 13], b"CRC!", b"\0\0\0\0IEND\xaeB`\x82"].concat()
    }

    #[test]
    fn a_picture_says_what_it_is_behind_its_first_chunk() {
        let marked = png(bare(), "preview");
        assert_eq!(of(&marked).as_deref(), Some("preview"));
        assert_eq!(marked.len(), bare().len() + 12 + "Software\0bmae preview".len());
        assert_eq!((&marked[..33], &marked[marked.len() - 12..]), (&bare()[..33], &bare()[33..]));
        assert_eq!(of(&bare()), None);
        assert_eq!(png(b"no picture".to_vec(), "preview"), b"no picture");
    }

    #[test]
    fn a_file_of_tensors_says_what_it_is_in_its_metadata_alone() {
        let file = |header: &str| [&(header.len() as u64).to_le_bytes(), header.as_bytes(), b"values"].concat();
        assert_eq!(of(&file(r#"{"__metadata__":{"bmae.written":"features"},"a":{}}"#)).as_deref(), Some("features"));
        for other in [
            r#"{"a":{"dtype":"F32"}}"#,
            r#"{"__metadata__":{"note":"\"bmae.written\":\"features\""},"a":{}}"#,
            r#"{"__metadata__":{"bmae.config":"seed = 1"}}"#,
        ] {
            assert_eq!(of(&file(other)), None, "{other}");
        }
        for damaged in [&b""[..], b"text", &[255; 64], &file("{")[..9]] {
            assert_eq!(of(damaged), None);
        }
    }

    #[test]
    fn an_onnx_file_of_ours_says_what_it_is_in_its_first_line_of_text() {
        let field = |number: u8, text: &str| [&[number << 3 | 2, text.len() as u8], text.as_bytes()].concat();
        let file =
            |producer: &str| [vec![8, 8], field(2, producer), field(3, "0.1.0"), field(6, "a model\nmore")].concat();
        assert_eq!(of(&file(PRODUCER)).as_deref(), Some("a model"));
        assert_eq!(of(&[&file(PRODUCER)[..], &[0; 400]].concat()).as_deref(), Some("a model"));
        for other in
            [file("pytorch"), file(PRODUCER)[..20].to_vec(), vec![8, 8], [&[8, 8][..], &field(2, PRODUCER)].concat()]
        {
            assert_eq!(of(&other), None, "{other:?}");
        }
    }

    #[test]
    fn a_zip_file_says_what_it_is_in_its_comment() {
        let end = |comment: &str| {
            let length = (comment.len() as u16).to_le_bytes();
            [ZIP_SIGNATURE, &[7; 300], ZIP_END, &[0; 16], &length, comment.as_bytes()].concat()
        };
        assert_eq!(of(&end(&zip_comment("features"))).as_deref(), Some("features"));
        for comment in ["", "features", "bmaefeatures", "made by bmae features"] {
            assert_eq!(of(&end(comment)), None, "{comment}");
        }
        assert_eq!(of(ZIP_SIGNATURE), None);
        assert_eq!(of(&end(&zip_comment("features"))[..320]), None);
    }
}
