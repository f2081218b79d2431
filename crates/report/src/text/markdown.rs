//! Foreign text in Markdown.

/// Text from a file as Markdown shows it literally, on one line and inside a table cell.
pub fn escape_markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '!' | '#' | '~' => escaped.extend(['\\', c]),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_files_cannot_leave_their_cell() {
        assert_eq!(escape_markdown("a|b\n<b>*x*_[l](u)"), "a\\|b &lt;b&gt;\\*x\\*\\_\\[l\\](u)");
    }
}
