//! Lines: a text broken so that it fits into a width.

use crate::typeface::width;

/// A line may end behind these, as names of runs and classes are made.
const ENDS: [char; 7] = [' ', '-', '_', '/', ',', ';', '+'];

/// `text` in lines of at most `most` pixels, where an em has `size` of them. A line ends behind a space, a hyphen or the
/// like; a word that is wider than a line is broken anywhere. There is one line at least, and a character that is wider
/// than `most` stands alone.
pub fn lines(text: &str, size: f32, most: f32) -> Vec<String> {
    let fits = |line: &str| width(line.trim_end(), size) <= most;
    let mut lines = vec![String::new()];
    for word in text.split_inclusive(ENDS) {
        let line = lines.last_mut().map(std::mem::take).unwrap_or_default();
        let longer = format!("{line}{word}");
        lines.pop();
        if fits(&longer) {
            lines.push(longer);
            continue;
        }
        if !line.is_empty() {
            lines.push(line);
        }
        let mut part = String::new();
        for character in word.chars() {
            part.push(character);
            if !fits(&part) && part.chars().count() > 1 {
                part.pop();
                lines.push(std::mem::replace(&mut part, character.to_string()));
            }
        }
        lines.push(part);
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// The same in at most `rows` lines (one at least): where there are more, the last one ends in an ellipsis.
pub fn at_most(text: &str, size: f32, most: f32, rows: usize) -> Vec<String> {
    let mut lines = lines(text, size, most);
    if lines.len() > rows.max(1) {
        lines.truncate(rows.max(1));
        if let Some(last) = lines.last_mut() {
            last.push('…');
            while width(last, size) > most && last.chars().count() > 1 {
                last.pop();
                last.pop();
                last.push('…');
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_behind_spaces_and_hyphens_and_fit() {
        assert_eq!(lines("visible patches", 12.0, 60.0), ["visible", "patches"]);
        assert_eq!(lines("visible patches", 12.0, 200.0), ["visible patches"]);
        assert_eq!(lines("ema-mae-wse5-tau0.005", 12.0, 105.0), ["ema-mae-wse5-", "tau0.005"]);
        assert_eq!(lines("", 12.0, 60.0), [""]);
    }

    #[test]
    fn a_word_that_is_wider_than_a_line_is_broken_and_nothing_of_it_is_lost() {
        let word = "Donaudampfschifffahrtsgesellschaft";
        let lines = lines(word, 12.0, 60.0);
        assert!(lines.len() > 2 && lines.iter().all(|line| width(line, 12.0) <= 60.0), "{lines:?}");
        assert_eq!(lines.concat(), word);
    }

    #[test]
    fn what_has_too_many_lines_ends_in_an_ellipsis_that_fits() {
        let lines = at_most("one two three four five six", 12.0, 50.0, 2);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].ends_with('…') && width(&lines[1], 12.0) <= 50.0, "{lines:?}");
        assert_eq!(at_most("one two", 12.0, 500.0, 2), ["one two"]);
        assert_eq!(at_most("WWWW", 12.0, 1.0, 1), ["…"]);
    }
}
