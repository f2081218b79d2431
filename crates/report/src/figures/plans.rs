//! Which figures there are: what each measures, of which runs, and how to read it.

use super::cost::Cost;
use super::family::{FigureFamily, LossesOf};
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
    /// The loss as the report's pictures show it, and the losses against each target.
    Losses(LossesOf),
    /// Final accuracy against the parameter that the family varies.
    Overview,
    /// Final accuracy against a key of the recipe.
    Sweep,
    /// Final accuracy against what the pre-training cost.
    Cost(Cost),
}

const LOSS: &str = "The loss of every logged step, five an epoch. Pixels and features have different scales, and a feature loss \
                    that rises is normal: its target's scale grows. The strip above the plot marks the targets: a dot where \
                    pixels give way to features, a tick at each copy of the student, a line while the target is averaged.";
const PARENTS_LOSS: &str = "The loss of every logged step of the two methods that MAE-new joins.";
const NEW_LOSS: &str = "The loss of every logged step. L_fast is the loss of MAE-new against its average, L_slow that against its \
                        copy; its loss is L_fast + λ L_slow. The strip above the plot marks the targets as in the figure of all \
                        losses.";
const OVERVIEW: &str = "Top-1 accuracy at the last epoch against the parameter: filled marks are these runs, with the standard \
                        deviation over seeds where there are several.";
const SWEEP: &str = "Top-1 accuracy at the last epoch of runs that differ in this key, everything else being equal: marks are \
                     means over seeds, bars the standard deviation where there are several.";
const VALIDATION: &str = "Top-1 accuracy after each epoch on training images that are held out. The weights of the best epoch are \
                          tested, once; their accuracy on the test set is the run's.";
const COST: &str = "Top-1 accuracy at the last epoch against the hours of pre-training, the mean over seeds; without pre-training \
                    they are 0. Bars are the standard deviation over seeds. Epochs that runs share are counted in each of them.";
const RATE: &str = "The same against the rate of pre-training: further to the right is cheaper.";

/// Every figure that a report can have, in its order.
pub fn plans() -> Vec<FigurePlan> {
    let mut plans = Vec::new();
    for family in FigureFamily::ALL {
        let evaluated = [Stage::Finetune, Stage::Linprobe].into_iter();
        match family {
            FigureFamily::Monitors => plans.extend(MONITORS.iter().map(|monitor| watched(family, "Monitors", monitor))),
            FigureFamily::Stability => plans.extend(STABILITY.iter().map(|part| watched(family, "Stability", part))),
            FigureFamily::Loss => {
                plans.push(loss(family, "pretrain-loss", "Pre-training loss", LOSS, FigureKind::Curves(Measure::Loss)));
            }
            // Which keys were swept is known by the runs.
            FigureFamily::Sweep => {}
            FigureFamily::Cost => plans.extend(evaluated.flat_map(cost)),
            _ => plans.extend(evaluated.flat_map(|stage| compared(family, stage))),
        }
        if family == FigureFamily::MaeNew {
            let parents = FigureKind::Losses(LossesOf::Parents);
            let title = "The parents of MAE-new: pre-training loss";
            plans.push(loss(family, "mae-new-parents-loss", title, PARENTS_LOSS, parents));
            let title = "MAE-new and its parents: pre-training loss";
            plans.push(loss(family, "mae-new-loss", title, NEW_LOSS, FigureKind::Losses(LossesOf::MaeNew)));
        }
    }
    plans
}

/// The figures of one family and evaluation.
fn compared(family: FigureFamily, stage: Stage) -> Vec<FigurePlan> {
    let evaluation = stage.title();
    let title = format!("{}: {}", family.title(), evaluation.to_lowercase());
    let name = match family {
        FigureFamily::All => format!("{}-top1", stage.name()),
        _ => format!("{}-{}", family.name(), stage.name()),
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
    let held_out = (family == FigureFamily::All).then(|| FigurePlan {
        name: format!("{}-validation", stage.name()),
        title: format!("{}: {} on held-out images", family.title(), evaluation.to_lowercase()),
        caption: VALIDATION,
        kind: FigureKind::Curves(Measure::Validation),
        ..curves.clone()
    });
    std::iter::once(curves).chain(overview).chain(held_out).collect()
}

/// How the names of figures of swept keys begin.
pub const SWEEP_NAME: &str = "sweep-";

/// The accuracy of one evaluation against a key of the recipe.
pub fn sweep(key: &str, stage: Stage) -> FigurePlan {
    FigurePlan {
        name: format!("{SWEEP_NAME}{key}-{}", stage.name()),
        title: format!("{} against {key}", stage.title()),
        caption: SWEEP,
        family: FigureFamily::Sweep,
        view: stage.title(),
        stage,
        kind: FigureKind::Sweep,
        whole: false,
    }
}

/// The accuracy of one evaluation against the cost of its pre-training.
fn cost(stage: Stage) -> [FigurePlan; 2] {
    let plan = |name, what, caption, cost| FigurePlan {
        name: format!("{name}-{}", stage.name()),
        title: format!("{}: {} over {what}", FigureFamily::Cost.title(), stage.in_sentence()),
        caption,
        family: FigureFamily::Cost,
        view: stage.title(),
        stage,
        kind: FigureKind::Cost(cost),
        whole: false,
    };
    [plan("cost", "hours", COST, Cost::Hours), plan("cost-rate", "images/s", RATE, Cost::Rate)]
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
        (FigureFamily::Lambda, _) => {
            "MAE-new by λ, the weight of its copy in the loss, beside its parents. With λ = 0 it is EMA-MAE with WSE = K."
        }
        (FigureFamily::MaeNew, _) => "MAE-new learns from the target of MAE-K and from that of EMA-MAE at once.",
        (_, Stage::Linprobe) => {
            "Top-1 accuracy on the test set after each epoch of linear probing; the encoder is frozen."
        }
        _ => "Top-1 accuracy on the test set after each epoch of fine-tuning.",
    }
}

fn loss(family: FigureFamily, name: &str, title: &str, caption: &'static str, kind: FigureKind) -> FigurePlan {
    FigurePlan {
        name: name.to_owned(),
        title: title.to_owned(),
        caption,
        family,
        view: "Pre-training loss",
        stage: Stage::Pretrain,
        kind,
        whole: true,
    }
}

/// Name, heading, measure and caption of a figure of what was watched.
type Watched = (&'static str, &'static str, Measure, &'static str);

const MONITORS: [Watched; 5] = [
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

const STABILITY: [Watched; 7] = [
    (
        "stability-student-cosine",
        "How far the student turns",
        Measure::StudentTurn,
        "1 − the cosine between the student's features of a patch before and after each epoch, the mean over the patches of a \
         fixed set of images. 0 is a student that stands still.",
    ),
    (
        "stability-student-cka",
        "How much the student's features are rearranged",
        Measure::StudentRearranged,
        "1 − linear CKA (Kornblith et al. 2019) of the same features. A rotation or a new scale of all features counts as no \
         movement here.",
    ),
    (
        "stability-target-cosine",
        "How far the targets turn",
        Measure::TargetTurn(0),
        "1 − the cosine of each target encoder's features before and after an epoch. An average follows the student by a little \
         each time; of a copy, the epochs are shown in which it moved.",
    ),
    (
        "stability-target-cka",
        "How much the targets' features are rearranged",
        Measure::TargetRearranged(0),
        "1 − linear CKA of the same features.",
    ),
    (
        "stability-loss-jump",
        "Jump of the loss at each copy",
        Measure::LossJump(0),
        "The student's loss against the new target minus that against the old one, on fixed images with fixed masks; one mark \
         for each copy.",
    ),
    (
        "stability-copy-cosine",
        "How far a copy turns the target",
        Measure::CopyTurn(0),
        "1 − the cosine between the old target's features of a patch and the new one's; one mark for each copy.",
    ),
    (
        "stability-loss-roughness",
        "Roughness of the loss",
        Measure::Roughness,
        "The root mean square of the change of the loss from step to step, over the mean loss of the epoch. 0 is a loss without \
         any noise.",
    ),
];

fn watched(family: FigureFamily, view: &'static str, (name, title, measure, caption): &Watched) -> FigurePlan {
    FigurePlan {
        name: (*name).to_owned(),
        title: (*title).to_owned(),
        caption,
        family,
        view,
        stage: Stage::Pretrain,
        kind: FigureKind::Curves(*measure),
        whole: false,
    }
}
