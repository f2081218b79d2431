//! When a run began, whichever way its file says so.

/// A moment as ISO 8601, from text, from TOML's own kind of date, or from whole seconds since 1970.
pub fn moment(value: toml::Value) -> String {
    match value {
        toml::Value::Integer(seconds) => iso(seconds),
        toml::Value::String(text) => text,
        other => other.to_string(),
    }
}

/// Seconds since 1970 in UTC. The date comes from the count of days by the Gregorian calendar's 400-year cycle, whose years are
/// taken to begin in March, so that the leap day is the last of its year.
fn iso(seconds: i64) -> String {
    const DAYS_BEFORE_1970: i64 = 719_468; // since 1 March of the year 0
    let (days, second) = (seconds.div_euclid(86_400) + DAYS_BEFORE_1970, seconds.rem_euclid(86_400));
    let (cycle, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z", year + 400 * cycle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_every_kind_become_iso_8601() {
        let moments = [(0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z")];
        for (seconds, text) in moments
            .into_iter()
            .chain([(1_795_569_119, "2026-11-25T01:11:59Z"), (4_107_542_400, "2100-03-01T00:00:00Z")])
        {
            assert_eq!(iso(seconds), text);
        }
        let date: toml::Table = "at = 2026-11-25T01:12:00Z".parse().expect("a date");
        assert_eq!(moment(date["at"].clone()), "2026-11-25T01:12:00Z");
        assert_eq!(moment("2026-11-25T01:12:00Z".into()), "2026-11-25T01:12:00Z");
    }
}
