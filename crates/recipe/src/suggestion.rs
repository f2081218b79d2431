//! The known word that a mistyped one was probably meant to be.

/// Less alike than this, two words are two words.
pub(crate) const LEAST_LIKENESS: f64 = 0.6;

/// The one of the `known` words that is spelt most like `word`; `None` where none is near. Case and `-`, `_`, blanks do
/// not count: `CIFAR-10` is `cifar10`.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let alike = known.into_iter().map(|candidate| (likeness(word, candidate), candidate));
    best(alike).filter(|(likeness, _)| *likeness >= LEAST_LIKENESS).map(|(_, candidate)| candidate)
}

/// How much two words are spelt alike: from 0 to 1, and 1 where only case, `-`, `_` and blanks differ.
pub(crate) fn likeness(one: &str, other: &str) -> f64 {
    strsim::normalized_damerau_levenshtein(&bare(one), &bare(other))
}

/// The first of the candidates with the greatest likeness.
pub(crate) fn best<T>(candidates: impl Iterator<Item = (f64, T)>) -> Option<(f64, T)> {
    candidates.fold(None, |best, next| match best {
        Some(best) if best.0 >= next.0 => Some(best),
        _ => Some(next),
    })
}

/// `CIFAR-10` as `cifar10`.
pub(crate) fn bare(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

/// `: did you mean "mae-k"?`, or nothing: what is put behind a sentence that says what was expected.
pub(crate) fn did_you_mean(word: Option<&str>) -> String {
    word.map_or(String::new(), |word| format!("; did you mean {word}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_that_is_spelt_most_like_it_is_found() {
        let methods = ["scratch", "mae", "mae-k", "ema-mae", "mae-new", "custom"];
        for (typed, meant) in [("maek", "mae-k"), ("MAE_K", "mae-k"), ("emamae", "ema-mae"), ("scrach", "scratch")] {
            assert_eq!(nearest(typed, methods), Some(meant), "{typed}");
        }
        assert_eq!(nearest("CIFAR-10", ["shapes", "cifar10", "cifar100"]), Some("cifar10"));
    }

    #[test]
    fn a_word_that_is_like_none_has_no_suggestion() {
        assert_eq!(nearest("supervised", ["scratch", "mae", "mae-k"]), None);
        assert_eq!(nearest("anything", []), None);
    }
}
