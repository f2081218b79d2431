//! A text in lines of a certain width.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// After these a name may go on in the next line.
const BREAKS: [char; 5] = [' ', '-', '/', '_', ','];

/// The text in lines of at most `width` columns of a terminal, broken behind a blank, `-`, `/`, `_` or a comma, or
/// anywhere where there is none. Further lines begin as far to the right as the first does.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let indent: String = text.chars().take_while(|c| *c == ' ').collect();
    let room = width.saturating_sub(indent.width()).max(1);
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for part in text[indent.len()..].split_inclusive(BREAKS) {
        if !line.is_empty() && line.width() + part.trim_end().width() > room {
            lines.push(std::mem::take(&mut line));
        }
        for c in part.chars() {
            if line.width() + c.width().unwrap_or(0) > room && c != ' ' {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    lines.push(line);
    lines.into_iter().map(|line| format!("{indent}{}", line.trim_end())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_broken_where_a_reader_would() {
        assert_eq!(wrapped("ema-mae-wse5-tau0.005", 10), ["ema-mae-", "wse5-", "tau0.005"]);
        assert_eq!(wrapped("K 5, τ 0.005, λ 0.2", 12), ["K 5, τ", "0.005, λ 0.2"]);
        assert_eq!(wrapped("  on photos", 8), ["  on", "  photos"]);
        assert_eq!(wrapped("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrapped("", 5), [""]);
    }
}
