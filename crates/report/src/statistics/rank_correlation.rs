//! Spearman's rank correlation.

use super::estimate::{Basis, Estimate, Interval};
use super::student::mean;

/// With fewer pairs even a perfect order happens by chance more than once in 20 times (2 / 4! = 0.08).
pub const FEWEST_PAIRS: usize = 5;

/// Spearman's rank correlation of `pairs`, equal values sharing their mean rank, with the 95 % interval of Bonett and
/// Wright (2000): Fisher's z with the variance (1 + r² / 2) / (n - 3). `None` of fewer than [`FEWEST_PAIRS`], or where
/// one side has a single value.
pub fn rank_correlation(pairs: &[(f64, f64)]) -> Option<Estimate> {
    let n = pairs.len();
    if n < FEWEST_PAIRS {
        return None;
    }
    let ranks = |side: fn(&(f64, f64)) -> f64| ranks(&pairs.iter().map(side).collect::<Vec<f64>>());
    let r = correlation(&ranks(|pair| pair.0), &ranks(|pair| pair.1))?.clamp(-1.0, 1.0);
    let half = 1.959_964 * ((1.0 + 0.5 * r * r) / (n - 3) as f64).sqrt();
    // A perfect order has an infinite z and no width; that it is no accident is what the least number of pairs is for.
    let [low, high] = [r.atanh() - half, r.atanh() + half].map(f64::tanh);
    Some(Estimate { value: r, interval: Some(Interval { low, high, basis: Basis::Settings(n) }) })
}

/// The rank of each value, from 1; equal values have the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let rank = |value: &f64| {
        let below = values.iter().filter(|other| *other < value).count();
        let equal = values.iter().filter(|other| *other == value).count();
        below as f64 + 0.5 * (equal + 1) as f64
    };
    values.iter().map(rank).collect()
}

/// Pearson's correlation; `None` where one side does not vary.
fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let centred = |values: &[f64]| -> Option<Vec<f64>> {
        let mean = mean(values)?;
        Some(values.iter().map(|value| value - mean).collect())
    };
    let (a, b) = (centred(a)?, centred(b)?);
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let scale = (product(&a, &a) * product(&b, &b)).sqrt();
    (scale > 0.0).then(|| product(&a, &b) / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(second: &[f64]) -> Option<Estimate> {
        rank_correlation(&second.iter().enumerate().map(|(x, y)| (x as f64, *y)).collect::<Vec<_>>())
    }

    #[test]
    fn the_correlation_is_the_one_worked_by_hand() {
        // Ranks 1..6 against 2 1 3 4 6 5: the squared differences add up to 4; 1 - 6 * 4 / (6 * 35) = 0.885714.
        let found = of(&[20.0, 10.0, 30.0, 40.0, 60.0, 50.0]).expect("six pairs");
        assert!((found.value - 0.885_714).abs() < 1e-6);
        // atanh 1.401739; sqrt(1.392245 / 3) = 0.681235, times 1.959964 = 1.335197; tanh(0.066542), tanh(2.736936).
        let interval = found.interval.expect("an interval");
        assert!((interval.low - 0.066_44).abs() < 1e-4, "{interval:?}");
        assert!((interval.high - 0.991_65).abs() < 1e-4, "{interval:?}");
    }

    #[test]
    fn equal_values_share_a_rank_and_a_constant_has_no_correlation() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0]), [2.5, 1.0, 2.5]);
        assert_eq!(of(&[1.0; 6]), None);
    }

    #[test]
    fn a_perfect_order_of_four_proves_nothing() {
        assert_eq!(of(&[1.0, 2.0, 3.0, 4.0]), None);
        assert_eq!(of(&[5.0, 4.0, 3.0, 2.0, 1.0]).map(|found| found.value), Some(-1.0));
    }
}
