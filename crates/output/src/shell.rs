//! Words as a shell takes them, to be shown and pasted.

use std::ffi::OsStr;

use crate::plain::is_plain;

/// A word as a shell takes it. One with characters that are not [`is_plain`] is written as `$'a\x1b'`, which bash, zsh
/// and ksh read.
pub fn quoted(word: impl AsRef<OsStr>) -> String {
    let bytes = word.as_ref().as_encoded_bytes();
    match std::str::from_utf8(bytes) {
        // Only a NUL cannot be quoted, and no argument or path holds one.
        Ok(text) if text.chars().all(is_plain) => {
            shlex::try_quote(text).map_or_else(|_| text.to_owned(), std::borrow::Cow::into_owned)
        }
        _ => in_dollar_quotes(bytes),
    }
}

fn in_dollar_quotes(bytes: &[u8]) -> String {
    let mut word = String::from("$'");
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\'' | '\\' => word.extend(['\\', c]),
                c if is_plain(c) => word.push(c),
                c => hexadecimal(c.encode_utf8(&mut [0; 4]).as_bytes(), &mut word),
            }
        }
        hexadecimal(chunk.invalid(), &mut word);
    }
    word + "'"
}

fn hexadecimal(bytes: &[u8], word: &mut String) {
    word.extend(bytes.iter().map(|byte| format!("\\x{byte:02x}")));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_with_blanks_and_quotes_are_one_word_of_a_shell() {
        assert_eq!(quoted("runs/k"), "runs/k");
        assert_eq!(quoted("my runs"), "'my runs'");
        assert_eq!(quoted("it's"), "\"it's\"");
        assert_eq!(quoted("t=[{a=1}]"), "'t=[{a=1}]'");
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_reads_back_what_cannot_be_shown() {
        use std::os::unix::ffi::OsStrExt;
        for bytes in [&b"caf\xe9 'a\\b"[..], b"a\nb\x1b[2J", "\u{202e}x".as_bytes()] {
            let word = quoted(OsStr::from_bytes(bytes));
            assert!(word.chars().all(is_plain), "{word}");
            let Ok(read) = std::process::Command::new("bash").args(["-c", &format!("printf %s {word}")]).output()
            else {
                eprintln!("skipped: there is no bash");
                return;
            };
            assert_eq!(read.stdout, bytes, "{word}");
        }
    }
}
