//! Patterns that name many shards: `train-{000000..000009}.tar`, `{train,val}.tar`.

use std::path::{Path, PathBuf};

use crate::DataError;
use crate::error::ArchiveError;

/// How many files a pattern names at the most.
const MOST: usize = 100_000;

/// Whether a path is a pattern.
pub fn is_pattern(path: &Path) -> bool {
    let Some(text) = path.to_str() else { return false };
    text.find('{').is_some_and(|open| text[open..].contains('}'))
}

/// The files that `pattern` names, in order. Braces do not lie in braces.
///
/// # Errors
/// When a brace is not closed, a range is none, or there are more than 100,000 files.
pub fn expand(pattern: &Path) -> Result<Vec<PathBuf>, DataError> {
    let wrong = |why: &str| ArchiveError::Pattern { pattern: pattern.to_owned(), why: why.to_owned() };
    let mut made = vec![String::new()];
    let mut rest = pattern.to_str().ok_or_else(|| wrong("it is no UTF-8"))?;
    while let Some((before, behind)) = rest.split_once('{') {
        let (inner, behind) = behind.split_once('}').ok_or_else(|| wrong("a { without its }"))?;
        let choices =
            choices(inner).ok_or_else(|| wrong("braces hold a range like 000..009, or words like train,val"))?;
        if made.len().saturating_mul(choices.len()) > MOST {
            return Err(wrong("these are more than 100,000 files").into());
        }
        made =
            made.iter().flat_map(|made| choices.iter().map(move |choice| format!("{made}{before}{choice}"))).collect();
        rest = behind;
    }
    Ok(made.into_iter().map(|made| PathBuf::from(made + rest)).collect())
}

/// What may stand for a pair of braces.
fn choices(inner: &str) -> Option<Vec<String>> {
    if let Some((first, last)) = inner.split_once("..") {
        let number = |text: &str| text.parse::<u64>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
        let (from, to) = (number(first)?, number(last)?);
        // As in a shell, zeros in front of the one or the other are those of all.
        let has_zeros = |text: &str| text.len() > 1 && text.starts_with('0');
        let width = if has_zeros(first) || has_zeros(last) { first.len().max(last.len()) } else { 0 };
        let count = from.abs_diff(to);
        if count >= MOST as u64 {
            // Too many, which is what their number then says.
            return Some(vec![String::new(); MOST + 1]);
        }
        let numbers = (0..=count).map(|step| if from <= to { from + step } else { from - step });
        return Some(numbers.map(|number| format!("{number:0width$}")).collect());
    }
    inner.contains(',').then(|| inner.split(',').map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(pattern: &str) -> Vec<String> {
        expand(Path::new(pattern)).expect("a pattern").iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn a_range_keeps_its_zeros_and_words_are_taken_as_they_are() {
        assert_eq!(names("a-{008..010}.tar"), ["a-008.tar", "a-009.tar", "a-010.tar"]);
        assert_eq!(names("{9..11}"), ["9", "10", "11"]);
        assert_eq!(names("{2..0}"), ["2", "1", "0"]);
        assert_eq!(names("{train,val}-{0..1}.tar"), ["train-0.tar", "train-1.tar", "val-0.tar", "val-1.tar"]);
    }

    #[test]
    fn what_is_no_pattern_or_names_too_much_is_refused() {
        for pattern in ["a{b}", "{1..x}", "{..}", "{0..1000000}", "{0..999}{0..999}", "{0..99999999999999999999}", "{1"]
        {
            assert!(expand(Path::new(pattern)).is_err(), "{pattern}");
        }
        assert!(!is_pattern(Path::new("a}b{c")) && is_pattern(Path::new("a{1..2}")));
    }
}
