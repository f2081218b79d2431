//! Means of few values: Student's t.

use std::f64::consts::FRAC_PI_2;

/// The mean; `None` of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The sample variance (n - 1); `None` of fewer than two.
pub fn sample_variance(values: &[f64]) -> Option<f64> {
    let n = values.len();
    let mean = mean(values).filter(|_| n > 1)?;
    Some(values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1) as f64)
}

/// Half the width of the 95 % interval of the mean of independent values: t(n - 1) s / sqrt(n); `None` of fewer than
/// two.
pub fn half_width(values: &[f64]) -> Option<f64> {
    let n = values.len();
    let variance = sample_variance(values)?;
    Some(two_sided_95(n - 1) * (variance / n as f64).sqrt())
}

/// The t that |T| stays below with probability 0.95; `degrees` of freedom of at least 1.
pub fn two_sided_95(degrees: usize) -> f64 {
    let (mut low, mut high) = (0.0, FRAC_PI_2);
    // The probability rises with the angle; 60 halvings leave no digit of it.
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if probability_within(middle, degrees) < 0.95 { low = middle } else { high = middle }
    }
    (degrees as f64).sqrt() * low.tan()
}

/// The probability that |T| < sqrt(degrees) tan(angle): the finite series of Abramowitz and Stegun, *Handbook of
/// Mathematical Functions*, 26.7.3 and 26.7.4.
fn probability_within(angle: f64, degrees: usize) -> f64 {
    let (sine, cosine) = angle.sin_cos();
    let is_odd = degrees % 2 == 1;
    let mut term = if is_odd { cosine } else { 1.0 };
    let mut sum = if degrees > 1 { term } else { 0.0 };
    for factor in (2 + usize::from(is_odd)..=degrees.saturating_sub(2)).step_by(2) {
        term *= cosine * cosine * (factor - 1) as f64 / factor as f64;
        sum += term;
    }
    if is_odd { (angle + sine * sum) / FRAC_PI_2 } else { sine * sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_printed_tables() {
        for (degrees, printed) in
            [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (9, 2.262), (30, 2.042), (120, 1.980)]
        {
            assert!((two_sided_95(degrees) - printed).abs() < 5e-4, "{degrees}: {}", two_sided_95(degrees));
        }
    }

    #[test]
    fn the_interval_of_three_values_is_the_one_worked_by_hand() {
        // Mean 3, squares 4 + 0 + 4 = 8, s² = 4, s / sqrt(3) = 1.1547, times 4.3027 is 4.9683.
        let values = [1.0, 3.0, 5.0];
        assert_eq!(mean(&values), Some(3.0));
        assert!((half_width(&values).expect("three values") - 4.9683).abs() < 1e-3);
        assert_eq!((half_width(&[1.0]), mean(&[])), (None, None));
    }
}
