//! From what a run logged to the points of a curve.

use bmae_report::{Run, Stage, TargetChange};

/// What can be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Metric {
    /// Training loss.
    Loss,
    /// Top-1 accuracy on the test set in percent, or in dashes on images that are held out.
    Top1,
    /// Learning rate before layer-wise scaling.
    LearningRate,
    /// Training throughput in images per second.
    Speed,
    /// Quick nearest-neighbour accuracy in percent.
    Neighbours,
    /// Effective rank of the encoder's features.
    RankMe,
    /// Spread of target and prediction over samples.
    Spread,
    /// Mean norm of the gradient before clipping.
    Gradient,
}

impl Metric {
    /// All, in the order of the tabs.
    pub(crate) const ALL: [Metric; 8] = [
        Metric::Loss,
        Metric::Top1,
        Metric::LearningRate,
        Metric::Speed,
        Metric::Neighbours,
        Metric::RankMe,
        Metric::Spread,
        Metric::Gradient,
    ];

    /// The name on its tab.
    pub(crate) fn tab(self) -> &'static str {
        match self {
            Metric::Loss => "loss",
            Metric::Top1 => "top-1",
            Metric::LearningRate => "rate",
            Metric::Speed => "images/s",
            Metric::Neighbours => "neighbours",
            Metric::RankMe => "RankMe",
            Metric::Spread => "spread",
            Metric::Gradient => "gradient",
        }
    }

    /// What it is, in words.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Metric::Loss => "loss",
            Metric::Top1 => "top-1 accuracy",
            Metric::LearningRate => "learning rate",
            Metric::Speed => "throughput",
            Metric::Neighbours => "nearest-neighbour accuracy",
            Metric::RankMe => "RankMe",
            Metric::Spread => "spread of target and prediction",
            Metric::Gradient => "gradient norm",
        }
    }

    /// What stands behind the title over the curves: the unit, or which curve is which.
    pub(crate) fn note(self) -> &'static str {
        match self {
            Metric::Top1 | Metric::Neighbours => " in %",
            Metric::Speed => " in images/s",
            Metric::Spread => " (dashes)",
            Metric::Loss | Metric::LearningRate | Metric::RankMe | Metric::Gradient => "",
        }
    }

    /// What a run of this stage is first looked at for.
    pub(crate) fn of(stage: Stage) -> Metric {
        match stage {
            Stage::Pretrain => Metric::Loss,
            Stage::Finetune | Stage::Linprobe | Stage::Knn => Metric::Top1,
        }
    }

    /// The tab to the right, or to the left; round the ends.
    pub(crate) fn neighbour(self, forward: bool) -> Metric {
        let count = Self::ALL.len();
        let here = Self::ALL.iter().position(|&metric| metric == self).unwrap_or(0);
        Self::ALL[(here + if forward { 1 } else { count - 1 }) % count]
    }
}

/// One curve of a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Curve {
    /// Epochs done and value, in the order they were logged; all finite.
    pub points: Vec<(f64, f64)>,
    /// Whether it is drawn in dashes, to tell it from the run's other curve.
    pub dashed: bool,
}

/// The curves of `metric`; none for what the run did not log. What was measured over an epoch lies at that epoch's end.
/// Loss and throughput are taken from single steps until two epochs are done.
pub(crate) fn curves(run: &Run, metric: Metric) -> Vec<Curve> {
    let metrics = &run.metrics;
    let solid = |points| vec![(points, false)];
    let curves = match metric {
        Metric::Loss if metrics.epochs.len() < 2 => solid(metrics.by_step(|line| line.loss)),
        Metric::Loss => solid(metrics.by_epoch(|line| line.loss)),
        Metric::Top1 => vec![(metrics.top1_by_epoch(), false), (metrics.validation_by_epoch(), true)],
        Metric::LearningRate => solid(metrics.by_step(|line| line.lr)),
        Metric::Speed if metrics.epochs.len() < 2 => solid(metrics.by_step(|line| line.images_per_s)),
        Metric::Speed => solid(metrics.by_epoch(|line| line.images_per_s)),
        Metric::Neighbours => solid(metrics.by_epoch(|line| line.knn_top1)),
        Metric::RankMe => solid(metrics.by_epoch(|line| line.rank_me)),
        Metric::Spread => {
            vec![
                (metrics.by_epoch(|line| line.target_std), false),
                (metrics.by_epoch(|line| line.prediction_std), true),
            ]
        }
        Metric::Gradient => solid(metrics.by_epoch(|line| line.grad_norm)),
    };
    let finite = |(x, y): &(f64, f64)| x.is_finite() && y.is_finite();
    curves
        .into_iter()
        .map(|(points, dashed): (Vec<(f64, f64)>, bool)| Curve {
            points: points.into_iter().filter(finite).collect(),
            dashed,
        })
        .filter(|curve| !curve.points.is_empty())
        .collect()
}

/// The last point of a metric's first curve: what is said of the run wherever its latest value is.
pub(crate) fn latest(run: &Run, metric: Metric) -> Option<f64> {
    Some(curves(run, metric).first()?.points.last()?.1)
}

/// What a change of the targets is marked with, and the epochs done when it came. Averages come
/// with every epoch or step and are left out.
pub(crate) fn marks(run: &Run) -> Vec<(f64, char)> {
    let sign = |event| match event {
        TargetChange::Switch => Some('s'),
        TargetChange::Copy => Some('c'),
        TargetChange::Average => None,
    };
    let mark = |(epoch, event)| Some((epoch, sign(event)?));
    run.metrics.epochs.iter().flat_map(|line| line.changes()).filter_map(mark).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tabs_go_round() {
        assert_eq!(Metric::Loss.neighbour(false), Metric::Gradient);
        assert_eq!(Metric::Gradient.neighbour(true), Metric::Loss);
    }
}
