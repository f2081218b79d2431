//! An accuracy over seeds: mean, spread and n.

use serde::Serialize;

use crate::statistics::{Basis, Estimate, binomial_difference, binomial_error, half_width, mean, sample_variance};

/// An accuracy over seeds, in percent at the last epoch.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// The mean.
    pub mean: f64,
    /// The sample standard deviation (n - 1); `None` for a single seed.
    pub sd: Option<f64>,
    /// How many seeds.
    pub n: usize,
    /// Each seed with its accuracy.
    pub seeds: Vec<(u64, f64)>,
    /// On how many test images each was counted, where that is known: the least of the seeds' numbers.
    pub test_images: Option<u64>,
}

impl Score {
    /// Mean and sample standard deviation of the seeds' accuracies, each counted on `test_images`; `None` without any.
    pub fn of(seeds: Vec<(u64, f64)>, test_images: Option<u64>) -> Option<Score> {
        let accuracies: Vec<f64> = seeds.iter().map(|(_, top1)| *top1).collect();
        let sd = sample_variance(&accuracies).map(f64::sqrt);
        Some(Score { mean: mean(&accuracies)?, sd, n: seeds.len(), seeds, test_images })
    }

    /// The binomial standard error, in points, of the accuracy of a single seed.
    pub fn binomial_error(&self) -> Option<f64> {
        Some(binomial_error(self.mean, self.test_images.filter(|_| self.n == 1)?))
    }

    /// This accuracy and another over the seeds that both have, and their difference: paired over those seeds where
    /// there are several, with the binomial error of the test images where there is one. `None` where there is none.
    pub fn difference(&self, other: &Score) -> Option<Difference> {
        let partner = |(seed, top1): &(u64, f64)| {
            let (_, partner) = other.seeds.iter().find(|(other, _)| other == seed)?;
            Some((*top1, *partner))
        };
        let (first, second): (Vec<f64>, Vec<f64>) = self.seeds.iter().filter_map(partner).unzip();
        let sides = [mean(&first)?, mean(&second)?];
        let differences: Vec<f64> = first.iter().zip(&second).map(|(first, second)| first - second).collect();
        let estimate = match differences.as_slice() {
            [only] => {
                let test_images = self.test_images.zip(other.test_images).map(|(a, b)| a.min(b));
                let half = test_images.map(|images| binomial_difference(sides[0], sides[1], images));
                Estimate::around(*only, half, Basis::TestImages(test_images.unwrap_or_default()))
            }
            _ => Estimate::around(sides[0] - sides[1], half_width(&differences), Basis::Seeds(differences.len())),
        };
        Some(Difference { sides, estimate })
    }
}

/// How far two accuracies are apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Both, as means over the seeds that they share.
    pub sides: [f64; 2],
    /// The first less the second, in points.
    pub estimate: Estimate,
}

impl Difference {
    /// Whether the first is above the second beyond the noise.
    pub fn is_above(&self) -> bool {
        self.estimate.interval.is_some_and(|interval| interval.low > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_sample_deviation_are_those_worked_by_hand() {
        // mean (50 + 52 + 57) / 3 = 53; squares 9 + 1 + 16 = 26; 26 / 2 = 13.
        let score = Score::of(vec![(0, 50.0), (1, 52.0), (2, 57.0)], None).expect("three seeds");
        assert_eq!((score.mean, score.n), (53.0, 3));
        assert!((score.sd.expect("three seeds") - 13f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn one_seed_has_no_deviation_and_no_seed_no_score() {
        let one = Score::of(vec![(4, 61.5)], None).expect("a seed");
        assert_eq!((one.mean, one.sd, one.n), (61.5, None, 1));
        assert_eq!(Score::of(vec![], None), None);
    }

    #[test]
    fn several_common_seeds_are_paired_and_others_left_out() {
        let first = Score::of(vec![(0, 51.0), (1, 55.0), (2, 60.0), (9, 90.0)], Some(100)).expect("four seeds");
        let second = Score::of(vec![(2, 55.0), (1, 52.0), (0, 50.0), (8, 10.0)], Some(100)).expect("four seeds");
        // Differences 1, 3, 5: mean 3 ± 4.9683 (t(2) = 4.3027, s = 2, n = 3).
        let difference = first.difference(&second).expect("three common seeds");
        assert_eq!(difference.estimate.value, 3.0);
        let interval = difference.estimate.interval.expect("an interval");
        assert!((interval.low + 1.9683).abs() < 1e-3 && (interval.high - 7.9683).abs() < 1e-3, "{interval:?}");
        assert_eq!(interval.basis, Basis::Seeds(3));
        assert!(!difference.is_above());
    }

    #[test]
    fn one_common_seed_has_the_binomial_error_of_the_test_images() {
        let of = |seed, top1, images| Score::of(vec![(seed, top1)], images).expect("a seed");
        let difference = of(0, 80.0, Some(10_000)).difference(&of(0, 50.0, Some(10_000))).expect("a common seed");
        // 1.96 sqrt(0.4² + 0.5²) = 1.2550.
        let interval = difference.estimate.interval.expect("an interval");
        assert!((interval.low - 28.745).abs() < 1e-3 && (interval.high - 31.255).abs() < 1e-3, "{interval:?}");
        assert_eq!(interval.basis, Basis::TestImages(10_000));
        assert!(difference.is_above());
        let unknown = of(0, 80.0, None).difference(&of(0, 50.0, Some(10_000))).expect("a common seed");
        assert_eq!((unknown.estimate.interval, unknown.is_above()), (None, false));
        assert_eq!(of(0, 80.0, Some(10)).difference(&of(1, 50.0, Some(10))), None);
    }
}
