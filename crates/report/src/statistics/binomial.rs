//! The error of an accuracy that was counted on a finite number of test images.

/// The standard normal's two-sided 95 % point.
const NORMAL_95: f64 = 1.959_964;

/// The standard error, in points, of an accuracy of `top1` percent on `test_images` independent images:
/// sqrt(p (1 - p) / n).
pub fn binomial_error(top1: f64, test_images: u64) -> f64 {
    let p = (top1 / 100.0).clamp(0.0, 1.0);
    100.0 * (p * (1.0 - p) / test_images.max(1) as f64).sqrt()
}

/// Half the width, in points, of the 95 % interval of an accuracy of `top1` percent on `test_images` independent images.
pub fn binomial_half_width(top1: f64, test_images: u64) -> f64 {
    NORMAL_95 * binomial_error(top1, test_images)
}

/// Half the width, in points, of the 95 % interval of the difference of two accuracies in percent, their errors taken
/// as independent. Two models are usually right on the same images, so that the true interval is narrower.
pub fn binomial_difference(first: f64, second: f64, test_images: u64) -> f64 {
    NORMAL_95 * binomial_error(first, test_images).hypot(binomial_error(second, test_images))
}

/// The 95 % interval of a share of `share` (from 0 to 1) of `n` things, from 0 to 1 (Wilson 1927); unlike that of the
/// normal distribution it holds for few things, and for shares of 0 and 1.
pub fn wilson_interval(share: f64, n: u64) -> [f64; 2] {
    let (n, z2) = (n.max(1) as f64, NORMAL_95 * NORMAL_95);
    let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = NORMAL_95 / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    [(middle - half).max(0.0), (middle + half).min(1.0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_those_worked_by_hand() {
        // sqrt(0.8 * 0.2 / 10000) = 0.004; sqrt(0.5 * 0.5 / 10000) = 0.005; their root of squares 0.0064031.
        assert!((binomial_error(80.0, 10_000) - 0.4).abs() < 1e-12);
        assert!((binomial_difference(80.0, 50.0, 10_000) - 1.959_964 * 0.640_312_4).abs() < 1e-6);
        assert_eq!(binomial_error(100.0, 10), 0.0);
    }

    #[test]
    fn the_interval_of_a_share_of_few_things_stays_between_nothing_and_all() {
        // 8 of 10: (0.8 + 0.192073) / 1.384146 = 0.716741, half 1.959964 / 1.384146 * sqrt(0.016 + 0.0096036) = 0.226576.
        let [low, high] = wilson_interval(0.8, 10);
        assert!((low - 0.490_162).abs() < 1e-4 && (high - 0.943_318).abs() < 1e-4, "{low} to {high}");
        let [none, all] = [wilson_interval(0.0, 10), wilson_interval(1.0, 10)];
        assert!(none[0] < 1e-12 && (none[1] - 0.277_53).abs() < 1e-4, "{none:?}");
        assert!(all[1] > 1.0 - 1e-12 && (all[0] - 0.722_47).abs() < 1e-4, "{all:?}");
    }
}
