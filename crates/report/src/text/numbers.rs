//! Numbers, counts and lists as readers see them.

/// The first `most` names, and how many more.
pub fn listed(names: &[&str], most: usize) -> String {
    let more = names.len().saturating_sub(most);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", names[..names.len() - more].join(", "))
}

/// `1 epoch`, `12 epochs`, `2 run directories`.
pub fn count(count: u64, thing: &str) -> String {
    match (count, thing.strip_suffix('y')) {
        (1, _) => format!("1 {thing}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        _ => format!("{count} {thing}s"),
    }
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

/// Seconds as `48 s`, `12 min`, `3 h 05 min`.
pub fn duration(seconds: f64) -> String {
    let minutes = (seconds / 60.0).round();
    if seconds < 90.0 {
        format!("{seconds:.0} s")
    } else if minutes < 90.0 {
        format!("{minutes:.0} min")
    } else {
        format!("{:.0} h {:02.0} min", (minutes / 60.0).floor(), minutes % 60.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_given_in_the_unit_one_would_say() {
        assert_eq!(duration(48.4), "48 s");
        assert_eq!(duration(60.0 * 12.4), "12 min");
        assert_eq!(duration(3600.0 * 3.0 + 300.0), "3 h 05 min");
    }

    #[test]
    fn small_values_keep_their_digits() {
        assert_eq!([25.03, 0.5, 0.0, 2e-4].map(value), ["25.0", "0.500", "0.000", "2.00e-4"]);
    }

    #[test]
    fn counts_read_as_english() {
        assert_eq!(count(1, "run directory"), "1 run directory");
        assert_eq!(count(15, "run directory"), "15 run directories");
        assert_eq!(count(2, "seed"), "2 seeds");
    }
}
