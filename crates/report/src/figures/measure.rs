//! What a curve measures over a run.

use serde::Serialize;

use crate::run_directory::{MethodSetting, Renewal, Run, Stage};

/// A quantity that runs log again and again. Those of a target encoder say which, in the recipe's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// The training loss of the logged steps.
    Loss,
    /// The loss against one target, without its weight.
    TargetLoss(usize),
    /// Top-1 accuracy on the test set.
    Top1,
    /// Top-1 accuracy on images that are held out.
    Validation,
    /// Quick nearest-neighbour accuracy.
    Knn,
    /// Effective rank of the features.
    Rank,
    /// Spread of the target over samples.
    TargetSpread,
    /// Spread of the prediction over samples.
    PredictionSpread,
    /// Norm of the gradient before clipping.
    GradientNorm,
    /// How far the student's features turned in an epoch: 1 - cosine.
    StudentTurn,
    /// How much the student's features were rearranged in an epoch: 1 - CKA.
    StudentRearranged,
    /// How far a target's features turned in an epoch.
    TargetTurn(usize),
    /// How much a target's features were rearranged in an epoch.
    TargetRearranged(usize),
    /// By how much the loss jumped at a copy.
    LossJump(usize),
    /// How far a target's features turned at a copy.
    CopyTurn(usize),
    /// Roughness of the loss within an epoch.
    Roughness,
}

/// Where an axis begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Baseline {
    /// At 0, against which the values are read: a collapse is a fall to it.
    Zero,
    /// At 0 where that leaves the values half of the axis or more, else at the least value: a loss that goes from 1.0 to
    /// 0.9 would be a flat line.
    NearZero,
    /// At the least value.
    Least,
}

impl Baseline {
    /// The beginning of an axis of values from `low` to `high`, with this `room` below where it is not 0.
    pub fn start(self, low: f64, high: f64, room: f64) -> f64 {
        match self {
            Self::Zero => low.min(0.0),
            Self::NearZero if low <= high / 2.0 => low.min(0.0),
            Self::NearZero | Self::Least => low - room,
        }
    }
}

/// Less than this is no movement but rounding.
const STANDS_STILL: f64 = 1e-9;

impl Measure {
    /// What x counts.
    pub const X_LABEL: &'static str = "epoch";

    /// What y measures, with its unit.
    pub fn y_label(self) -> &'static str {
        match self {
            Self::Loss | Self::TargetLoss(_) => "loss",
            Self::Top1 => "top-1, %",
            Self::Validation => "validation top-1, %",
            Self::Knn => "kNN top-1, %",
            Self::Rank => "RankMe",
            Self::TargetSpread => "target standard deviation",
            Self::PredictionSpread => "prediction standard deviation",
            Self::GradientNorm => "gradient norm",
            Self::StudentTurn | Self::TargetTurn(_) => "1 − cosine, from epoch to epoch",
            Self::StudentRearranged | Self::TargetRearranged(_) => "1 − CKA, from epoch to epoch",
            Self::LossJump(_) => "loss after the copy − before",
            Self::CopyTurn(_) => "1 − cosine, old to new target",
            Self::Roughness => "root mean square step / mean loss",
        }
    }

    /// Where its axis begins.
    pub fn baseline(self) -> Baseline {
        match self {
            Self::Top1 | Self::Validation | Self::Knn => Baseline::Least,
            Self::Loss | Self::TargetLoss(_) => Baseline::NearZero,
            _ => Baseline::Zero,
        }
    }

    /// Whether it belongs to single moments, so that each value has a mark.
    pub fn is_of_moments(self) -> bool {
        matches!(self, Self::LossJump(_) | Self::CopyTurn(_))
    }

    /// How many decimals its values are shown with; `None` where that depends on their size.
    pub fn decimals(self) -> Option<usize> {
        matches!(self, Self::Top1 | Self::Validation | Self::Knn).then_some(2)
    }

    /// The same of each of `targets` target encoders, where it is about those; else itself.
    pub fn of_each(self, targets: usize) -> Vec<Measure> {
        let of: fn(usize) -> Measure = match self {
            Self::TargetLoss(_) => Self::TargetLoss,
            Self::TargetTurn(_) => Self::TargetTurn,
            Self::TargetRearranged(_) => Self::TargetRearranged,
            Self::LossJump(_) => Self::LossJump,
            Self::CopyTurn(_) => Self::CopyTurn,
            _ => return vec![self],
        };
        (0..targets).map(of).collect()
    }

    /// What tells its curve from the others of the same run: the loss against the average is the report's L_fast, that
    /// against the copy its L_slow.
    pub fn part(self, setting: &MethodSetting) -> Option<String> {
        let is_new = setting.method == "mae-new";
        Some(match self {
            Self::TargetLoss(0) if is_new => "L_fast".to_owned(),
            Self::TargetLoss(1) if is_new => "L_slow".to_owned(),
            Self::TargetTurn(0) | Self::TargetRearranged(0) if is_new => "average".to_owned(),
            Self::TargetTurn(1) | Self::TargetRearranged(1) if is_new => "copy".to_owned(),
            Self::TargetLoss(target)
            | Self::TargetTurn(target)
            | Self::TargetRearranged(target)
            | Self::LossJump(target)
            | Self::CopyTurn(target) => format!("target {target}"),
            _ => return None,
        })
    }

    /// The curve of one run, against the epochs that were done; values that were not finite or not taken are left out.
    pub fn values(self, run: &Run) -> Vec<(f64, f64)> {
        let metrics = &run.metrics;
        let moved = |kept: Option<f64>| kept.map(|kept| 1.0 - kept);
        // A copy stands still between two copies; zeros would hide how far it goes.
        let of = |values: &[Option<f64>], target: usize| {
            moved(values.get(target).copied().flatten()).filter(|moved| *moved > STANDS_STILL)
        };
        match self {
            Self::Loss | Self::TargetLoss(_) if run.about.stage != Stage::Pretrain => Vec::new(),
            Self::Loss => metrics.by_step(|step| step.loss),
            Self::TargetLoss(target) => metrics.by_step(|step| step.targets.get(target).copied().flatten()),
            Self::Top1 => metrics.top1_by_epoch(),
            Self::Validation => metrics.validation_by_epoch(),
            Self::Knn => metrics.by_epoch(|line| line.knn_top1),
            Self::Rank => metrics.by_epoch(|line| line.rank_me),
            Self::TargetSpread => metrics.by_epoch(|line| line.target_std),
            Self::PredictionSpread => metrics.by_epoch(|line| line.prediction_std),
            Self::GradientNorm => metrics.by_epoch(|line| line.grad_norm),
            Self::StudentTurn => metrics.by_stability(|line| moved(line.student_cosine)),
            Self::StudentRearranged => metrics.by_stability(|line| moved(line.student_cka)),
            Self::TargetTurn(target) => metrics.by_stability(|line| of(&line.target_cosine, target)),
            Self::TargetRearranged(target) => metrics.by_stability(|line| of(&line.target_cka, target)),
            Self::Roughness => metrics.by_stability(|line| line.loss_roughness),
            Self::LossJump(target) => metrics.by_renewal(target, Renewal::jump),
            Self::CopyTurn(target) => metrics.by_renewal(target, |renewal| moved(renewal.cosine)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_of_a_loss_that_hardly_falls_begins_at_its_least_value() {
        let loss = Measure::Loss.baseline();
        assert_eq!((loss.start(0.9, 1.0, 0.01), loss.start(0.2, 1.0, 0.04)), (0.89, 0.0));
        assert_eq!(Measure::Rank.baseline().start(9.0, 10.0, 0.1), 0.0, "a collapse is a fall to 0");
        assert_eq!(Measure::Top1.baseline().start(80.0, 90.0, 0.5), 79.5);
    }
}
