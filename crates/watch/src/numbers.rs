//! Numbers in few columns.

/// Four significant digits, or powers of ten where that is shorter: `0.2462`, `23.15`, `1.5e-6`, `-` for what is not
/// finite.
pub(crate) fn short(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        "-".to_owned()
    } else if size == 0.0 {
        "0".to_owned()
    } else if !(1e-3..1e5).contains(&size) {
        format!("{value:.1e}")
    } else {
        let decimals = match size {
            ..1.0 => 4,
            ..10.0 => 3,
            ..100.0 => 2,
            ..1000.0 => 1,
            _ => 0,
        };
        format!("{value:.decimals$}")
    }
}

/// Throughput: `813`, `2446`, `375k`.
pub(crate) fn rate(per_s: f64) -> String {
    match per_s {
        _ if !per_s.is_finite() => "-".to_owned(),
        _ if per_s < 10.0 => format!("{per_s:.1}"),
        _ if per_s < 1e4 => format!("{per_s:.0}"),
        _ if per_s < 1e6 => format!("{:.0}k", per_s / 1e3),
        _ => format!("{:.0}M", per_s / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_about_four_digits() {
        let shown = [0.246_216, 2.446, 23.154, 813.2, 2446.2, 99_999.0].map(short);
        assert_eq!(shown, ["0.2462", "2.446", "23.15", "813.2", "2446", "99999"]);
        assert_eq!([0.0, 1.5e-6, -0.25, 1e6, f64::NAN].map(short), ["0", "1.5e-6", "-0.2500", "1.0e6", "-"]);
    }

    #[test]
    fn rates_fit_into_four_columns() {
        assert_eq!([4.25, 813.4, 2446.2, 374_724.0, 2.5e6].map(rate), ["4.2", "813", "2446", "375k", "2M"]);
    }
}
