//! Which figures there are: what each measures, of which runs, and how to read it.

use super::family::FigureFamily;
use super::measure::Measure;
use crate::run_directory::Stage;

/// A figure before it is known whether there is anything to show.
#[derive(Debug, Clone)]
pub struct FigurePlan {
    /// File name without ending.
    pub name: String,
    /// Heading.
    pub title: String,
    /// How to read it.
    pub caption: &'static str,
    /// The question that it belongs to.
    pub family: FigureFamily,
    /// The choice within the family: an evaluation, or the loss.
    pub view: &'static str,
    /// The runs that it reads.
    pub stage: Stage,
    /// What it draws.
    pub kind: FigureKind,
    /// Whether it takes the page's whole width.
    pub whole: bool,
}

/// The kind of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FigureKind {
    /// Curves over epochs.
    Curves(Measure),
    /// Final accuracy against the parameter that the family varies.
    Overview,
}

const LOSS: &str = "The loss over 1000 × epoch. Pixels and features have different scales, and a feature loss that rises is \
                    normal: its target's scale grows. The strip above the plot marks the targets: a dot where pixels give way \
                    to features, a tick at each copy of the student, a line while the target is averaged.";
const OVERVIEW: &str = "Top-1 accuracy at the last epoch against the parameter: filled marks are these runs, with the standard \
                        deviation over seeds where there are several, hollow ones the published values of the full setting.";

/// Every figure that a report can have, in its order.
pub fn plans() -> Vec<FigurePlan> {
    let mut plans = Vec::new();
    for family in FigureFamily::ALL {
        match family {
            FigureFamily::Monitors => plans.extend(MONITORS.iter().map(monitor)),
            FigureFamily::Loss => plans.push(loss(family, "pretrain-loss", "Pre-training loss")),
            _ => plans.extend([Stage::Finetune, Stage::Linprobe].into_iter().flat_map(|stage| compared(family, stage))),
        }
        if family == FigureFamily::MaeNew {
            plans.push(loss(family, "mae-new-loss", "MAE-new and its parents: pre-training loss"));
        }
    }
    plans
}

/// The figures of one family and evaluation.
fn compared(family: FigureFamily, stage: Stage) -> Vec<FigurePlan> {
    let evaluation = stage.title();
    let (name, title) = match family {
        FigureFamily::All => (format!("{}-top1", stage.name()), evaluation.to_owned()),
        _ => {
            let title = format!("{}: {}", family.title(), evaluation.to_lowercase());
            (format!("{}-{}", family.name(), stage.name()), title)
        }
    };
    let curves = FigurePlan {
        name,
        title,
        caption: caption(family, stage),
        family,
        view: evaluation,
        stage,
        kind: FigureKind::Curves(Measure::Top1),
        whole: true,
    };
    let overview = family.parameter().map(|parameter| FigurePlan {
        name: format!("{}-overview-{}", family.name(), stage.name()),
        title: format!("{evaluation} against {}", parameter.sign()),
        caption: OVERVIEW,
        kind: FigureKind::Overview,
        whole: false,
        ..curves.clone()
    });
    std::iter::once(curves).chain(overview).collect()
}

fn caption(family: FigureFamily, stage: Stage) -> &'static str {
    match (family, stage) {
        (FigureFamily::Best, _) => {
            "The run of each method with the highest mean accuracy at the last epoch of this evaluation."
        }
        (FigureFamily::Baselines, _) => "Pre-training on pixels against no pre-training at all.",
        (FigureFamily::K, _) => "MAE-K by K, the number of epochs from one copy of the student to the next.",
        (FigureFamily::Wse, _) => {
            "EMA-MAE by WSE, the epochs of warm-up with pixels before the average starts. Curves are called WSE_τ."
        }
        (FigureFamily::Tau, _) => "EMA-MAE by τ, the weight of the student in each average. Curves are called WSE_τ.",
        (FigureFamily::MaeNew, _) => "MAE-new learns from the target of MAE-K and from that of EMA-MAE at once.",
        (_, Stage::Linprobe) => {
            "Top-1 accuracy on the test set after each epoch of linear probing; the encoder is frozen."
        }
        _ => "Top-1 accuracy on the test set after each epoch of fine-tuning.",
    }
}

fn loss(family: FigureFamily, name: &str, title: &str) -> FigurePlan {
    FigurePlan {
        name: name.to_owned(),
        title: title.to_owned(),
        caption: LOSS,
        family,
        view: "Pre-training loss",
        stage: Stage::Pretrain,
        kind: FigureKind::Curves(Measure::Loss),
        whole: true,
    }
}

/// Name, heading, measure and caption of each monitor.
const MONITORS: [(&str, &str, Measure, &str); 5] = [
    (
        "monitor-knn",
        "Nearest neighbours during pre-training",
        Measure::Knn,
        "A quick k-nearest-neighbour accuracy of the encoder as it trains. It is measured on fewer images than the table's kNN, \
         so compare its course, not its height.",
    ),
    (
        "monitor-rank",
        "Effective rank of the features",
        Measure::Rank,
        "RankMe (Garrido et al. 2023) of the encoder's features: how many dimensions they really use. A fall towards 1 is \
         collapse.",
    ),
    (
        "monitor-target-spread",
        "Spread of the target",
        Measure::TargetSpread,
        "Standard deviation of the target over samples. A fall towards 0 means that the target is the same for every image: \
         collapse.",
    ),
    (
        "monitor-prediction-spread",
        "Spread of the prediction",
        Measure::PredictionSpread,
        "Standard deviation of the decoder's prediction over samples. A fall towards 0 means that the decoder says the same of \
         every image.",
    ),
    (
        "monitor-gradient-norm",
        "Norm of the gradient",
        Measure::GradientNorm,
        "Mean norm of the whole gradient in each epoch, before any clipping. A sudden rise tells of instability, a fall to 0 of \
         a task that has become trivial.",
    ),
];

fn monitor((name, title, measure, caption): &(&str, &str, Measure, &'static str)) -> FigurePlan {
    FigurePlan {
        name: (*name).to_owned(),
        title: (*title).to_owned(),
        caption,
        family: FigureFamily::Monitors,
        view: "Monitors",
        stage: Stage::Pretrain,
        kind: FigureKind::Curves(*measure),
        whole: false,
    }
}
