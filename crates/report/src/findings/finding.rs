//! What became of a claim: numbers and a verdict.

use serde::Serialize;

use super::claim::Expected;
use crate::comparison::PublishedAccuracy;
use crate::run_directory::Stage;
use crate::statistics::Estimate;

/// What the runs say of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// They say the same.
    Confirmed,
    /// They say the opposite.
    Contradicted,
    /// Their noise leaves it open.
    Undecided,
    /// Something that it is about was not run.
    NotRun,
}

/// A claim held against the runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The claim's name in files.
    pub claim: &'static str,
    /// The claim in a sentence.
    pub sentence: &'static str,
    /// What a reader should know of it besides; empty where there is nothing.
    pub note: &'static str,
    /// Confirmed if all parts are, contradicted if one is, not run if one is not.
    pub verdict: Verdict,
    /// Its comparisons.
    pub parts: Vec<FindingPart>,
}

/// One comparison of a claim.
#[derive(Debug, Clone, PartialEq)]
pub struct FindingPart {
    /// What is compared; the second is absent where one thing is looked at.
    pub subjects: (String, Option<String>),
    /// The evaluation whose accuracies are compared.
    pub evaluation: Option<Stage>,
    /// What the claim expects of the difference.
    pub expected: Expected,
    /// In what the numbers are.
    pub unit: Unit,
    /// The two published accuracies.
    pub published: Option<[PublishedAccuracy; 2]>,
    /// What was measured, or what was not run.
    pub measured: Result<Measured, Vec<NotRun>>,
    /// What that says.
    pub verdict: Verdict,
}

/// What was measured for a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The two numbers that were compared.
    pub sides: Option<[f64; 2]>,
    /// The first less the second, or what was measured instead of a difference.
    pub estimate: Estimate,
    /// Which settings were the best, where that was asked.
    pub chosen: Option<String>,
}

/// Something that a comparison needs and that was not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotRun {
    /// What: an evaluation, or a pre-training.
    pub what: String,
    /// Of which setting, or how much of it.
    pub of: String,
}

/// The unit of a comparison's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Accuracies in percent, and points of them.
    Points,
    /// A root mean square over a mean.
    Roughness,
    /// Percent of the loss's level.
    PercentOfLoss,
    /// A correlation, from -1 to 1.
    Correlation,
}

impl Verdict {
    /// All of them, in the order in which they are counted.
    pub const ALL: [Verdict; 4] = [Self::Confirmed, Self::Contradicted, Self::Undecided, Self::NotRun];

    /// For readers.
    pub fn words(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Contradicted => "contradicted",
            Self::Undecided => "undecided",
            Self::NotRun => "not run",
        }
    }

    /// In files and style sheets.
    pub fn name(self) -> &'static str {
        if self == Self::NotRun { "not-run" } else { self.words() }
    }

    /// What an estimate says of an expectation: it is confirmed where the whole interval lies in the expected range,
    /// contradicted where the whole interval lies outside. Without an interval nothing is decided.
    pub fn of(estimate: &Estimate, expected: Expected) -> Self {
        let (low, high) = expected.range();
        match estimate.interval {
            Some(interval) if low < interval.low && interval.high < high => Self::Confirmed,
            Some(interval) if interval.high < low || high < interval.low => Self::Contradicted,
            _ => Self::Undecided,
        }
    }

    /// That of a claim with several parts.
    pub fn of_all(parts: &[FindingPart]) -> Self {
        let any = |verdict| parts.iter().any(|part| part.verdict == verdict);
        let order = [Self::NotRun, Self::Contradicted, Self::Undecided];
        order.into_iter().find(|&verdict| any(verdict)).unwrap_or(Self::Confirmed)
    }
}

impl Unit {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Points => "points",
            Self::Roughness => "roughness",
            Self::PercentOfLoss => "percent-of-loss",
            Self::Correlation => "correlation",
        }
    }
}

impl Finding {
    /// What was not run of what it is about, each once.
    pub fn not_run(&self) -> Vec<NotRun> {
        let mut not_run: Vec<NotRun> = Vec::new();
        for lack in self.parts.iter().filter_map(|part| part.measured.as_ref().err()).flatten() {
            if !not_run.contains(lack) {
                not_run.push(lack.clone());
            }
        }
        not_run
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Basis;

    #[test]
    fn the_whole_interval_must_lie_inside_or_outside() {
        let verdict = |low, high, expected| {
            let estimate = Estimate::around(0.5 * (low + high), Some(0.5 * (high - low)), Basis::Seeds(3));
            Verdict::of(&estimate, expected)
        };
        let above = Expected::Above(0.0);
        assert_eq!(verdict(0.1, 5.0, above), Verdict::Confirmed);
        assert_eq!(verdict(-5.0, -0.1, above), Verdict::Contradicted);
        assert_eq!(verdict(-0.1, 5.0, above), Verdict::Undecided);
        assert_eq!(verdict(0.0, 0.0, above), Verdict::Undecided);
        assert_eq!(verdict(0.1, 1.5, Expected::Above(2.0)), Verdict::Contradicted);
        let within = Expected::Within(1.0);
        assert_eq!(verdict(-0.9, 0.9, within), Verdict::Confirmed);
        assert_eq!(verdict(1.1, 3.0, within), Verdict::Contradicted);
        assert_eq!(verdict(-3.0, -1.1, within), Verdict::Contradicted);
        assert_eq!(verdict(0.5, 1.5, within), Verdict::Undecided);
        assert_eq!(verdict(-2.0, 2.0, within), Verdict::Undecided);
        assert_eq!(Verdict::of(&Estimate { value: 9.0, interval: None }, above), Verdict::Undecided);
    }
}
