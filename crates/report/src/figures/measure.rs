//! What a curve measures over a run.

use crate::run_directory::{Run, Stage};

/// A quantity that runs log again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// The training loss of the logged steps.
    Loss,
    /// Top-1 accuracy on the test set.
    Top1,
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
}

impl Measure {
    /// What x counts.
    pub fn x_label(self) -> &'static str {
        if self == Self::Loss { "1000 × epoch" } else { "epoch" }
    }

    /// What y measures, with its unit.
    pub fn y_label(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Top1 => "top-1, %",
            Self::Knn => "kNN top-1, %",
            Self::Rank => "RankMe",
            Self::TargetSpread => "target standard deviation",
            Self::PredictionSpread => "prediction standard deviation",
            Self::GradientNorm => "gradient norm",
        }
    }

    /// Whether its curves are read against 0.
    pub fn starts_at_zero(self) -> bool {
        !matches!(self, Self::Top1 | Self::Knn)
    }

    /// How many decimals its values are shown with; `None` where that depends on their size.
    pub fn decimals(self) -> Option<usize> {
        matches!(self, Self::Top1 | Self::Knn).then_some(2)
    }

    /// The curve of one run, against the epochs that were done; values that were not finite or not taken are left out.
    pub fn values(self, run: &Run) -> Vec<(f64, f64)> {
        let metrics = &run.metrics;
        match self {
            Self::Loss if run.about.stage != Stage::Pretrain => Vec::new(),
            Self::Loss => metrics.by_step(|step| step.loss),
            Self::Top1 => metrics.top1_by_epoch(),
            Self::Knn => metrics.by_epoch(|line| line.knn_top1),
            Self::Rank => metrics.by_epoch(|line| line.rank_me),
            Self::TargetSpread => metrics.by_epoch(|line| line.target_std),
            Self::PredictionSpread => metrics.by_epoch(|line| line.prediction_std),
            Self::GradientNorm => metrics.by_epoch(|line| line.grad_norm),
        }
    }
}
