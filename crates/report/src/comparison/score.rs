//! An accuracy over seeds: mean, spread and n.

use serde::Serialize;

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
}

impl Score {
    /// Mean and sample standard deviation of the seeds' accuracies; `None` without any.
    pub fn of(seeds: Vec<(u64, f64)>) -> Option<Score> {
        let n = seeds.len();
        if n == 0 {
            return None;
        }
        let mean = seeds.iter().map(|(_, top1)| top1).sum::<f64>() / n as f64;
        let squares = seeds.iter().map(|(_, top1)| (top1 - mean).powi(2)).sum::<f64>();
        let sd = (n > 1).then(|| (squares / (n - 1) as f64).sqrt());
        Some(Score { mean, sd, n, seeds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_sample_deviation_are_those_worked_by_hand() {
        // mean (50 + 52 + 57) / 3 = 53; squares 9 + 1 + 16 = 26; 26 / 2 = 13.
        let score = Score::of(vec![(0, 50.0), (1, 52.0), (2, 57.0)]).expect("three seeds");
        assert_eq!((score.mean, score.n), (53.0, 3));
        assert!((score.sd.expect("three seeds") - 13f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn one_seed_has_no_deviation_and_no_seed_no_score() {
        assert_eq!(Score::of(vec![(4, 61.5)]).map(|score| (score.mean, score.sd, score.n)), Some((61.5, None, 1)));
        assert_eq!(Score::of(vec![]), None);
    }
}
