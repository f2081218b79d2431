//! A number with its 95 % interval, and what the interval was made of.

use serde::Serialize;

/// A measured number.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// Where it lies with 95 % confidence; `None` where nothing tells how far it is off.
    pub interval: Option<Interval>,
}

/// A 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// What it was made of.
    pub basis: Basis,
}

/// What an interval was made of, and how many of them there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Seeds that both sides share: Student's t on the differences of pairs, or on one value a seed.
    Seeds(usize),
    /// Test images: the binomial errors of two accuracies, taken as independent.
    TestImages(u64),
    /// Stretches of epochs of one seed: Student's t on one difference a stretch.
    Stretches(usize),
    /// Epochs of one seed: the standard error of a least-squares line.
    Epochs(usize),
    /// Settings: Fisher's z of a rank correlation.
    Settings(usize),
}

impl Basis {
    /// Its name in files, and how many there were.
    pub fn named(self) -> (&'static str, u64) {
        match self {
            Self::Seeds(count) => ("seeds", count as u64),
            Self::TestImages(count) => ("test-images", count),
            Self::Stretches(count) => ("stretches", count as u64),
            Self::Epochs(count) => ("epochs", count as u64),
            Self::Settings(count) => ("settings", count as u64),
        }
    }
}

impl Estimate {
    /// `value` ± `half_width`; without a half-width it has no interval.
    pub fn around(value: f64, half_width: Option<f64>, basis: Basis) -> Self {
        let interval = half_width.map(|half| Interval { low: value - half, high: value + half, basis });
        Self { value, interval }
    }
}
