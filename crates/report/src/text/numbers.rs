//! Numbers, counts and lists as readers see them.

/// The first `most` names, and how many more.
pub fn listed(names: &[&str], most: usize) -> String {
    let more = names.len().saturating_sub(most);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", names[..names.len() - more].join(", "))
}

/// `1 epoch`, `12 epochs`, `2 run directories`, for a number that stood in a file.
pub fn count(count: u64, thing: &str) -> String {
    bmae_output::count::count(usize::try_from(count).unwrap_or(usize::MAX), thing)
}

/// A measured value in a sentence: three digits or more, so that one near a collapse does not read as 0.
pub fn value(value: f64) -> String {
    match value.abs() {
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 || size == 0.0 => format!("{value:.3}"),
        _ => format!("{value:.2e}"),
    }
}

/// Two decimals, as the published table has them.
pub fn percent(value: f64) -> String {
    format!("{value:.2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_values_keep_their_digits() {
        assert_eq!([25.03, 0.5, 0.0, 2e-4].map(value), ["25.0", "0.500", "0.000", "2.00e-4"]);
    }
}
