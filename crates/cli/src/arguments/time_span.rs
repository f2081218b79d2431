//! A time span as it is typed: `90s`, `30m`, `1h`, `1h30m`, `2 d 3 h`.

use std::time::Duration;

/// Reads numbers with their units behind each other, largest first or not.
///
/// # Errors
/// With what it must be.
pub fn time_span(text: &str) -> Result<Duration, String> {
    let expected = || "it must be a time such as 90s, 30m, 1h, 1h30m or 2d".to_owned();
    let mut rest = text.trim();
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(expected)?;
        let number: f64 = rest[..digits].parse().map_err(|_| expected())?;
        let behind = rest[digits..].trim_start();
        let letters = behind.find(|c: char| !c.is_alphabetic()).unwrap_or(behind.len());
        seconds += number
            * match &behind[..letters] {
                "s" | "sec" | "second" | "seconds" => 1.0,
                "m" | "min" | "minute" | "minutes" => 60.0,
                "h" | "hour" | "hours" => 3600.0,
                "d" | "day" | "days" => 86_400.0,
                _ => return Err(expected()),
            };
        rest = behind[letters..].trim_start();
    }
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if time >= Duration::from_secs(1) => Ok(time),
        _ => Err(expected()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_with_any_unit_and_as_it_is_printed() {
        for (text, seconds) in [
            ("90s", 90),
            ("30m", 1800),
            ("1h", 3600),
            ("1.5h", 5400),
            ("1h30m", 5400),
            ("1 h 30 min", 5400),
            ("2d", 172_800),
        ] {
            assert_eq!(time_span(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in
            ["", "1", "h", "one hour", "0s", "0.1s", "-1h", "1h30", "1 fortnight", "1e9d", "999999999999999999999d"]
        {
            let refused = time_span(text).expect_err(text);
            assert!(refused.contains("1h30m"), "{refused}");
        }
    }
}
