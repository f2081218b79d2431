//! Durations as readers see them: one spelling for progress, tables and sentences.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// `4.2 s`, `45 s`, `4 min 31 s`, `1 h 50 min`, `2 d 3 h`: the two largest units, rounded to the smaller of them, which
/// is left out where it is zero (`4 min`, `1 h`). Below 10 seconds a tenth is told, since there it is a good part of
/// the whole; 0 is `0 s`.
pub fn duration(time: Duration) -> String {
    let tenths = (time.as_secs_f64() * 10.0).round();
    if (1.0..100.0).contains(&tenths) {
        return format!("{:.1} s", tenths / 10.0);
    }
    let seconds = rounded(time, 1);
    if seconds < HOUR {
        return two((seconds / MINUTE, "min"), (seconds % MINUTE, "s"));
    }
    let seconds = rounded(time, MINUTE);
    if seconds < DAY {
        return two((seconds / HOUR, "h"), (seconds % HOUR / MINUTE, "min"));
    }
    let seconds = rounded(time, HOUR);
    two((seconds / DAY, "d"), (seconds % DAY / HOUR, "h"))
}

/// The [`duration`] of a number of seconds, as files and pictures have it; `-` for what is negative or not finite.
pub fn seconds(seconds: f64) -> String {
    Duration::try_from_secs_f64(seconds).map_or_else(|_| "-".to_owned(), duration)
}

/// Seconds, rounded to a multiple of `unit` seconds.
fn rounded(time: Duration, unit: u64) -> u64 {
    let units = time.as_secs() / unit;
    let rest = time.as_secs_f64() - (units * unit) as f64;
    (units + u64::from(2.0 * rest >= unit as f64)).saturating_mul(unit)
}

/// The two parts of a duration, without a part that is zero.
fn two((large, large_unit): (u64, &str), (small, small_unit): (u64, &str)) -> String {
    match (large, small) {
        (0, _) => format!("{small} {small_unit}"),
        (_, 0) => format!("{large} {large_unit}"),
        _ => format!("{large} {large_unit} {small} {small_unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_told_by_its_two_largest_units() {
        for (time, told) in [
            (45.2, "45 s"),
            (271.0, "4 min 31 s"),
            (6600.0, "1 h 50 min"),
            (183_600.0, "2 d 3 h"),
            (8_640_000.0, "100 d"),
        ] {
            assert_eq!(seconds(time), told);
        }
    }

    #[test]
    fn a_unit_that_is_zero_is_left_out() {
        assert_eq!([60.0, 3600.0, 86_400.0, 3660.0].map(seconds), ["1 min", "1 h", "1 d", "1 h 1 min"]);
    }

    #[test]
    fn rounding_goes_on_to_the_larger_unit() {
        for (time, told) in [
            (9.96, "10 s"),
            (59.4, "59 s"),
            (59.6, "1 min"),
            (3599.7, "1 h"),
            (86_399.0, "1 d"),
            (172_799.0, "2 d"),
            (3629.0, "1 h"),
            (3631.0, "1 h 1 min"),
        ] {
            assert_eq!(seconds(time), told);
        }
    }

    #[test]
    fn below_ten_seconds_a_tenth_is_told() {
        assert_eq!([0.0, 0.04, 0.05, 1.0, 4.25, 9.94].map(seconds), ["0 s", "0 s", "0.1 s", "1.0 s", "4.3 s", "9.9 s"]);
    }

    #[test]
    fn what_is_no_duration_is_a_dash() {
        assert_eq!([-1.0, f64::NAN, f64::INFINITY].map(seconds), ["-"; 3]);
        assert_eq!(duration(Duration::MAX), format!("{} d {} h", u64::MAX / DAY, u64::MAX % DAY / HOUR));
    }
}
