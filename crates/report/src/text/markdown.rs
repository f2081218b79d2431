//! Foreign text in Markdown.

use bmae_output::plain::plain;

/// Text from a file as Markdown shows it literally, on one line and inside a table cell: no markup, no link, no formula,
/// no list or heading at its beginning, and [`plain`].
pub fn escape_markdown(text: &str) -> String {
    let text = plain(text);
    let mut escaped = String::with_capacity(text.len());
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    for (at, c) in text.char_indices() {
        let (before, behind) = (&text[..at], &text[at + c.len_utf8()..]);
        // What would begin a list, a rule or the line below a heading.
        let begins_a_block = match c {
            '-' | '+' | '=' => at == 0 && !behind.starts_with(|next: char| next.is_ascii_digit()),
            '.' | ')' => at == digits && digits > 0 && (behind.is_empty() || behind.starts_with(' ')),
            _ => false,
        };
        // An address becomes a link by itself.
        let begins_a_link = match c {
            '/' => before.ends_with(':'),
            '.' => ["www", "WWW"].iter().any(|www| before.ends_with(www)),
            '@' => true,
            _ => false,
        };
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '!' | '#' | '~' | '$' => escaped.extend(['\\', c]),
            c if begins_a_block || begins_a_link => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A text of several lines inside a code fence that it cannot close; `language` stands behind the opening one.
pub fn fenced(text: &str, language: &str) -> String {
    let (mut longest, mut current) = (0, 0);
    for c in text.chars() {
        current = if c == '`' { current + 1 } else { 0 };
        longest = longest.max(current);
    }
    let fence = "`".repeat((longest + 1).max(3));
    format!("{fence}{language}\n{text}\n{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_files_cannot_leave_their_cell() {
        assert_eq!(escape_markdown("a|b\n<b>*x*_[l](u)"), "a\\|b\\\\n&lt;b&gt;\\*x\\*\\_\\[l\\](u)");
        assert_eq!(escape_markdown("a\u{202e}b\x1b"), "a\\\\u{202e}b\\\\u{1b}");
    }

    #[test]
    fn names_from_files_begin_no_block_and_are_no_link() {
        for (name, escaped) in [
            ("# a", "\\# a"),
            ("- a", "\\- a"),
            ("+ a", "\\+ a"),
            ("12. a", "12\\. a"),
            ("1) a", "1\\) a"),
            ("===", "\\==="),
            ("http://a.b", "http:\\//a.b"),
            ("www.a.b", "www\\.a.b"),
            ("me@a.b", "me\\@a.b"),
            ("$x$", "\\$x\\$"),
            ("mae-k, 0.5 (seed 1)", "mae-k, 0.5 (seed 1)"),
            ("62.10", "62.10"),
            ("-0.25", "-0.25"),
        ] {
            assert_eq!(escape_markdown(name), escaped);
        }
    }

    #[test]
    fn a_text_cannot_close_its_fence() {
        assert_eq!(fenced("a\n```\nb", "toml"), "````toml\na\n```\nb\n````");
    }
}
