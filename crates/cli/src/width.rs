//! What fits into a line of a terminal.

/// `text` in `width` characters at the most; of a longer one the end, which tells seed and stage, and a little of the
/// beginning are left.
pub fn shortened(text: &str, width: usize) -> String {
    let count = text.chars().count();
    if count <= width {
        return text.to_owned();
    }
    let kept = width.saturating_sub(1);
    let front = kept / 3;
    let beginning = text.chars().take(front);
    let end = text.chars().skip(count - (kept - front));
    beginning.chain(['…'].into_iter().take(width)).chain(end).collect()
}

/// As many of `parts` in their order as fit into `width` characters, two spaces between them; the last, which matter
/// most, stay longest.
pub fn that_fit(parts: &[String], width: usize) -> String {
    let parts: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    let joined = (0..parts.len()).map(|first| parts[first..].join("  "));
    let mut fitting = joined.filter(|text| text.chars().count() <= width);
    fitting.next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_keeps_its_beginning_and_its_end() {
        assert_eq!(shortened("mae/pretrain", 12), "mae/pretrain");
        assert_eq!(shortened("mae-new-k5-seed2/pretrain", 13), "mae-…pretrain");
        assert_eq!([shortened("abcdef", 1), shortened("abcdef", 0)], ["…", ""]);
    }

    #[test]
    fn where_room_is_short_the_last_parts_stay() {
        let parts = ["loss 0.1", "99 images/s", "", "4 s left"].map(str::to_owned);
        assert_eq!(that_fit(&parts, 80), "loss 0.1  99 images/s  4 s left");
        assert_eq!(that_fit(&parts, 25), "99 images/s  4 s left");
        assert_eq!([that_fit(&parts, 9), that_fit(&parts, 3)], ["4 s left", ""]);
    }
}
