//! Text that others wrote (names of runs, classes and files, values of recipes, messages of libraries) as a reader may
//! have it.
//!
//! Such text must not control a terminal, begin a line of its own, or turn the order of letters around. So every
//! character that does so, or is not seen at all, is written out as Rust would write it: `\n`, `\u{1b}`, `\u{202e}`.
//! Two names that differ still look different. A joiner within a word (U+200C, U+200D) stays: languages and emoji need
//! it.

use std::borrow::Cow;
use std::path::Path;

/// `text` on one line: line breaks and tabs are written out too.
pub fn plain(text: &str) -> Cow<'_, str> {
    written_out(text, is_plain)
}

/// `text` with its line breaks and tabs; a carriage return before a line break is dropped.
pub fn plain_lines(text: &str) -> Cow<'_, str> {
    let stays = |c| is_plain(c) || matches!(c, '\n' | '\t');
    match text.contains("\r\n") {
        true => Cow::Owned(written_out(&text.replace("\r\n", "\n"), stays).into_owned()),
        false => written_out(text, stays),
    }
}

/// A path on one line: bytes that are no UTF-8 are written as `\xe9`, so that two such names look different.
pub fn plain_path(path: impl AsRef<Path>) -> String {
    let mut text = String::new();
    for chunk in path.as_ref().as_os_str().as_encoded_bytes().utf8_chunks() {
        text.push_str(&plain(chunk.valid()));
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    text
}

/// A path as a name that others are told apart by: itself where it is UTF-8, else with its other bytes written out.
pub fn name_of_path(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    path.to_str().map_or_else(|| plain_path(path), str::to_owned)
}

/// JSON in which such characters stand as `\u001b`: the same value to whoever parses it, and harmless in a terminal.
/// JSON has them in its texts alone.
pub fn plain_json(json: &str) -> Cow<'_, str> {
    if json.chars().all(is_plain) {
        return Cow::Borrowed(json);
    }
    let mut written = String::with_capacity(json.len());
    for c in json.chars() {
        if is_plain(c) {
            written.push(c);
        } else {
            written.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    Cow::Owned(written)
}

/// Whether a character is shown as itself and does nothing else.
pub fn is_plain(c: char) -> bool {
    !(c.is_control()
        || matches!(c,
            // Soft hyphen, and the marks of direction.
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            // Separators of lines and paragraphs; embeddings, overrides, invisible operators, isolates.
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            // The byte order mark, annotations, what is no character, and the invisible tags.
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}'))
}

fn written_out(text: &str, stays: impl Fn(char) -> bool) -> Cow<'_, str> {
    if text.chars().all(&stays) {
        return Cow::Borrowed(text);
    }
    let mut written = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if stays(c) {
            written.push(c);
        } else {
            written.extend(c.escape_default());
        }
    }
    Cow::Owned(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_controls_a_terminal_or_turns_text_around_is_written_out() {
        for (text, shown) in [
            ("a\x1b[2Jb", r"a\u{1b}[2Jb"),
            ("a\r\n\tb\0", r"a\r\n\tb\u{0}"),
            ("\u{7f}\u{9b}31m", r"\u{7f}\u{9b}31m"),
            ("\u{202e}gpj.exe\u{2066}\u{2069}", r"\u{202e}gpj.exe\u{2066}\u{2069}"),
            ("\u{200e}\u{200f}\u{61c}\u{feff}", r"\u{200e}\u{200f}\u{61c}\u{feff}"),
            ("a\u{2028}b\u{2029}c\u{85}", r"a\u{2028}b\u{2029}c\u{85}"),
            ("\u{e0041}", r"\u{e0041}"),
        ] {
            assert_eq!(plain(text), shown);
        }
    }

    #[test]
    fn letters_of_every_language_stay() {
        for text in
            ["mae-k, τ 0.005", "Ελλάδα", "日本語", "עברית", "می\u{200c}خواهم", "👩\u{200d}🔬", "e\u{301}", "\\n"]
        {
            assert!(matches!(plain(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn lines_stay_lines_where_a_text_has_several() {
        assert_eq!(plain_lines("a\n\tb\r\nc\rd\x1b"), "a\n\tb\nc\\rd\\u{1b}");
    }

    #[test]
    fn json_keeps_its_value() {
        assert_eq!(plain_json("{\"name\":\"\u{9b}\u{202e}\u{e0041}\"}"), r#"{"name":"\u009b\u202e\udb40\udc41"}"#);
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_no_utf_8_look_different() {
        use std::os::unix::ffi::OsStrExt;
        let shown = |bytes: &[u8]| plain_path(std::ffi::OsStr::from_bytes(bytes));
        assert_eq!([shown(b"caf\xe9"), shown(b"caf\xe8")], [r"caf\xe9", r"caf\xe8"]);
        assert_eq!(shown(b"a\nb\xff\xfec/\xe2\x80\xae"), r"a\nb\xff\xfec/\u{202e}");
    }
}
