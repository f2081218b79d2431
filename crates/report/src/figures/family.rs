//! The families of figures: each answers one question.

use super::parameter::Parameter;

/// Figures that answer one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FigureFamily {
    /// The best run of each method.
    Best,
    /// MAE against no pre-training.
    Baselines,
    /// The copies' interval K.
    K,
    /// The warm-up with pixels before the average starts.
    Wse,
    /// The weight of the student in the average.
    Tau,
    /// MAE-new against the two methods that it joins.
    MaeNew,
    /// The weight of the copy in the loss of MAE-new.
    Lambda,
    /// The accuracy against keys of the recipe, whichever were swept.
    Sweep,
    /// Every run.
    All,
    /// What the accuracy cost.
    Cost,
    /// The loss of every pre-training.
    Loss,
    /// How far students and targets move, and how rough the loss is.
    Stability,
    /// What shows a collapse.
    Monitors,
}

/// The lines whose losses a figure shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LossesOf {
    /// MAE-new and its parents.
    MaeNew,
    /// The parents alone.
    Parents,
}

impl FigureFamily {
    /// Every family, in the order of the page.
    pub const ALL: [FigureFamily; 13] = [
        Self::Best,
        Self::Baselines,
        Self::K,
        Self::Wse,
        Self::Tau,
        Self::MaeNew,
        Self::Lambda,
        Self::Sweep,
        Self::All,
        Self::Cost,
        Self::Loss,
        Self::Stability,
        Self::Monitors,
    ];

    /// Its name in file names and anchors.
    pub fn name(self) -> &'static str {
        self.names()[0]
    }

    /// Its name on a tab.
    pub fn tab(self) -> &'static str {
        self.names()[1]
    }

    /// Its heading.
    pub fn title(self) -> &'static str {
        self.names()[2]
    }

    fn names(self) -> [&'static str; 3] {
        match self {
            Self::Best => ["best", "Best", "Best of each method"],
            Self::Baselines => ["baselines", "Baselines", "Baselines"],
            Self::K => ["k", "K", "K ablation"],
            Self::Wse => ["wse", "WSE", "WSE ablation"],
            Self::Tau => ["tau", "τ", "τ ablation"],
            Self::MaeNew => ["mae-new", "MAE-new", "MAE-new and its parents"],
            Self::Lambda => ["lambda", "λ", "λ ablation"],
            Self::Sweep => ["sweep", "Sweep", "Accuracy over settings"],
            Self::Cost => ["cost", "Cost", "Accuracy over cost"],
            Self::All => ["all", "Every run", "Every run"],
            Self::Loss => ["loss", "Loss", "Pre-training loss"],
            Self::Stability => ["stability", "Stability", "Stability"],
            Self::Monitors => ["monitors", "Monitors", "Watching for collapse"],
        }
    }

    /// Whether it holds the accuracies of lines against each other, so that all of them must be on the same data, and none
    /// the repetition of another.
    pub fn compares(self) -> bool {
        !matches!(self, Self::Sweep | Self::All | Self::Loss | Self::Stability | Self::Monitors)
    }

    /// The parameter that it varies.
    pub fn parameter(self) -> Option<Parameter> {
        match self {
            Self::K => Some(Parameter::K),
            Self::Wse => Some(Parameter::Wse),
            Self::Tau => Some(Parameter::Tau),
            Self::Lambda => Some(Parameter::Lambda),
            _ => None,
        }
    }

    /// What must have been run for its figures; `None` for those that nobody misses: they come with whatever was run.
    pub fn needs(self) -> Option<&'static str> {
        match self {
            Self::Best => Some("this evaluation of at least two methods"),
            Self::Baselines => Some("this evaluation of mae and of scratch"),
            Self::K => Some("at least two runs of mae-k with different K"),
            Self::Wse => Some("at least two runs of ema-mae with the same τ and different WSE"),
            Self::Tau => Some("at least two runs of ema-mae with the same WSE and different τ"),
            Self::MaeNew => Some(
                "a run of mae-new and one of its parents: mae-k with the same K, or ema-mae with the same τ and WSE = K",
            ),
            Self::Lambda => Some("at least two runs of mae-new with the same K and τ and different λ"),
            Self::Loss => Some("pre-training runs"),
            Self::Sweep | Self::Cost | Self::All | Self::Stability | Self::Monitors => None,
        }
    }
}
