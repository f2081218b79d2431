//! How much a sequence still moves.

use super::student::{mean, two_sided_95};

/// The change of a sequence over its length along its least-squares line, in percent of its mean, and half the width of
/// its 95 % interval, from the line's residuals (t with n - 2 degrees of freedom). `None` of fewer than three values,
/// and where their mean is 0.
pub fn relative_trend(values: &[f64]) -> Option<(f64, f64)> {
    let n = values.len() as f64;
    let level = mean(values).filter(|level| values.len() > 2 && *level != 0.0)?;
    let centre = 0.5 * (n - 1.0);
    let offsets = || values.iter().enumerate().map(|(at, value)| (at as f64 - centre, value - level));
    let spread: f64 = offsets().map(|(x, _)| x * x).sum();
    let slope = offsets().map(|(x, y)| x * y).sum::<f64>() / spread;
    let residuals: f64 = offsets().map(|(x, y)| (y - slope * x).powi(2)).sum();
    let error = (residuals / (n - 2.0) / spread).sqrt();
    let percent = 100.0 * n / level;
    Some((percent * slope, (percent * two_sided_95(values.len() - 2) * error).abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trend_is_the_one_worked_by_hand() {
        // 2 3 2 3: mean 2.5, x -1.5 .. 1.5, sum of x y 1, of x² 5, slope 0.2, over four steps 0.8 = 32 % of 2.5.
        // Residuals 1 - 0.2² * 5 = 0.8; sqrt(0.8 / 2 / 5) = 0.282843; times 4.302653 * 160 = 194.72.
        let (trend, half) = relative_trend(&[2.0, 3.0, 2.0, 3.0]).expect("four values");
        assert!((trend - 32.0).abs() < 1e-9 && (half - 194.716).abs() < 1e-2, "{trend} {half}");
        assert_eq!(relative_trend(&[1.0, 2.0]), None);
    }
}
