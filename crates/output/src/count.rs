//! Numbers with their nouns, as readers see them.

/// Nouns whose plural the rules of [`plural`] would get wrong: a ch that is spoken as k, and what came from Latin.
const IRREGULAR: [(&str, &str); 3] = [("epoch", "epochs"), ("axis", "axes"), ("matrix", "matrices")];

/// `1 epoch`, `2 epochs`, `0 classes`, `15 run directories`: `n`, and `noun` (its last word where it has several) in
/// the number that `n` asks for.
pub fn count(n: usize, noun: &str) -> String {
    match n {
        1 => format!("1 {noun}"),
        _ => format!("{n} {}", plural(noun)),
    }
}

/// More than one `noun`: `epochs`, `classes`, `batches`, `run directories`.
pub fn plural(noun: &str) -> String {
    let last = noun.rsplit([' ', '-']).next().unwrap_or(noun);
    if let Some((_, several)) = IRREGULAR.iter().find(|(one, _)| *one == last) {
        return format!("{}{several}", &noun[..noun.len() - last.len()]);
    }
    let hisses = ["s", "x", "z", "ch", "sh"].iter().any(|end| last.ends_with(end));
    match last.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'i', 'o', 'u'])) {
        Some(_) => format!("{}ies", &noun[..noun.len() - 1]),
        None if hisses => format!("{noun}es"),
        None => format!("{noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_and_all_else_plural() {
        assert_eq!([0, 1, 2, 15].map(|n| count(n, "epoch")), ["0 epochs", "1 epoch", "2 epochs", "15 epochs"]);
    }

    #[test]
    fn plurals_are_those_of_english() {
        for (one, several) in [
            ("image", "images"),
            ("class", "classes"),
            ("batch", "batches"),
            ("patch", "patches"),
            ("epoch", "epochs"),
            ("shortened epoch", "shortened epochs"),
            ("run directory", "run directories"),
            ("key", "keys"),
            ("day", "days"),
            ("pre-training", "pre-trainings"),
            ("axis", "axes"),
            ("box", "boxes"),
        ] {
            assert_eq!(plural(one), several);
        }
    }
}
