//! An accuracy over seeds: mean, spread and n.

use serde::Serialize;

use crate::statistics::{
    Basis, Estimate, binomial_difference, binomial_error, binomial_half_width, half_width, mean, sample_variance,
};

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

    /// Whether this accuracy is above `chance` percent by more than counting on so few test images may give to a model
    /// that guesses: half the 95 % interval of `chance` itself. `None` where the number of test images is not known.
    pub fn is_above_chance(&self, chance: f64) -> Option<bool> {
        Some(self.mean > chance + binomial_half_width(chance, self.test_images?))
    }

    /// Whether this accuracy is above another beyond the noise: the 95 % interval of their [`Score::difference`] is above
    /// 0, and so is, where seeds made that, the one that the test images leave, which every seed shares.
    pub fn is_above(&self, other: &Score) -> bool {
        let Some(difference) = self.difference(other).filter(Difference::is_above) else { return false };
        let [first, second] = difference.sides;
        let test_images = self.test_images.zip(other.test_images).map(|(a, b)| a.min(b));
        test_images.is_none_or(|images| first - second > binomial_difference(first, second, images))
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

    #[test]
    fn seeds_that_happen_to_agree_do_not_hide_how_few_test_images_there_are() {
        let of = |first, second, images| Score::of(vec![(0, first), (1, second)], Some(images)).expect("two seeds");
        // Each pair differs by 0.25, so that the seeds alone have no error at all; 400 images leave ± 4.4 points.
        let (one, other) = (of(11.0, 12.0, 400), of(10.75, 11.75, 400));
        assert!(one.difference(&other).expect("common seeds").is_above() && !one.is_above(&other));
        assert!(of(31.0, 32.0, 400).is_above(&of(10.75, 11.75, 400)));
    }

    #[test]
    fn an_accuracy_near_that_of_guessing_is_not_above_it() {
        let of = |top1, images| Score::of(vec![(0, top1)], images).expect("a seed");
        // 1.96 sqrt(0.1 * 0.9 / 400) = 2.94 points.
        assert_eq!(of(12.9, Some(400)).is_above_chance(10.0), Some(false));
        assert_eq!(of(13.0, Some(400)).is_above_chance(10.0), Some(true));
        assert_eq!(of(2.0, Some(400)).is_above_chance(10.0), Some(false));
        assert_eq!(of(99.0, None).is_above_chance(10.0), None);
    }
}
