//! The `stability` lines of `metrics.jsonl`: how far student and targets moved in an epoch, measured on fixed images.

use serde::Deserialize;

/// How far the features moved in one epoch. Values are absent where they do not apply or were not finite.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Stability {
    /// Epoch, from 0.
    pub epoch: u64,
    /// Mean cosine between the student's features before and after the epoch.
    pub student_cosine: Option<f64>,
    /// Linear CKA of the same two.
    pub student_cka: Option<f64>,
    /// The cosine of each target encoder's features.
    #[serde(default)]
    pub target_cosine: Vec<Option<f64>>,
    /// Their linear CKA.
    #[serde(default)]
    pub target_cka: Vec<Option<f64>>,
    /// Root mean square of the loss's steps within the epoch, over its mean.
    pub loss_roughness: Option<f64>,
    /// The copies of the student into a target.
    #[serde(default)]
    pub renewals: Vec<Renewal>,
}

/// One copy of the student into a target.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Renewal {
    /// Which target, in the recipe's order.
    pub target: usize,
    /// `start` or `end` of the epoch.
    #[serde(default)]
    at: String,
    /// The student's loss against the target as it was.
    pub loss_before: Option<f64>,
    /// Its loss against the new target.
    pub loss_after: Option<f64>,
    /// Mean cosine between the features of the old target and of the new one.
    pub cosine: Option<f64>,
}

impl Stability {
    /// How many targets it tells of.
    pub fn targets(&self) -> usize {
        let renewed = self.renewals.iter().map(|renewal| renewal.target.saturating_add(1)).max().unwrap_or(0);
        self.target_cosine.len().max(self.target_cka.len()).max(renewed)
    }

    /// The copies into one target, each with the epochs done when it was made.
    pub fn renewals_of(&self, target: usize) -> impl Iterator<Item = (f64, &Renewal)> {
        let of_target = self.renewals.iter().filter(move |renewal| renewal.target == target);
        of_target.map(|renewal| (self.epoch.saturating_add(u64::from(renewal.at == "end")) as f64, renewal))
    }
}

impl Renewal {
    /// By how much the loss jumped.
    pub fn jump(&self) -> Option<f64> {
        Some(self.loss_after? - self.loss_before?)
    }
}
