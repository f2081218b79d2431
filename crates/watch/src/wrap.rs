//! Sentences over several lines.

use crate::row::columns;

/// The words of a text on lines of at most `width` terminal columns (0 counts as 1); a word that is longer than a line
/// is broken. Nothing gives no line.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if columns(line) + 1 + columns(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.extend(broken(word, width)),
        }
    }
    lines
}

/// The word in parts of at most `width` columns; a letter that is wider than that has a part of its own.
fn broken(word: &str, width: usize) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut used = 0;
    for letter in word.chars() {
        let takes = columns(letter.encode_utf8(&mut [0; 4]));
        if used > 0 && used + takes > width {
            parts.push(String::new());
            used = 0;
        }
        used += takes;
        if let Some(part) = parts.last_mut() {
            part.push(letter);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_lost_and_no_line_is_too_long() {
        let text =
            "the features' effective rank fell from 31.2 to 1.4: a/long/path/without/any/space/in/it and 日本語の文";
        let whole = |text: &str| text.split_whitespace().collect::<String>();
        for width in 2..120 {
            let lines = wrap(text, width);
            assert!(lines.iter().all(|line| columns(line) <= width), "{width}: {lines:?}");
            assert_eq!(whole(&lines.concat()), whole(text));
        }
    }

    #[test]
    fn lines_end_between_words_where_they_can() {
        assert_eq!(wrap("stop the run now", 8), ["stop the", "run now"]);
        assert_eq!(wrap("unreadable", 4), ["unre", "adab", "le"]);
        assert_eq!(wrap("日本", 1), ["日", "本"]);
        assert_eq!(wrap(" ", 8), Vec::<String>::new());
    }
}
