//! The families of figures, and which runs belong into each: the best of each method, the ablations, everything.

use crate::compare::Group;
use crate::read::{Setting, Stage};

/// Figures that answer one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
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
    /// Every run.
    All,
    /// The loss of every pre-training.
    Loss,
    /// What shows a collapse.
    Monitors,
}

/// One line of the comparison as it stands in a figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its place among the groups.
    pub group: usize,
    /// What the figure calls it.
    pub label: String,
}

/// A parameter that an ablation varies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameter {
    /// Epochs between copies.
    K,
    /// Warm-up epochs with pixels.
    Wse,
    /// Weight of the student in each average.
    Tau,
}

impl Parameter {
    /// Its sign.
    pub fn sign(self) -> &'static str {
        match self {
            Self::K => "K",
            Self::Wse => "WSE",
            Self::Tau => "τ",
        }
    }

    /// The method whose parameter it is.
    pub fn method(self) -> &'static str {
        if self == Self::K { "mae-k" } else { "ema-mae" }
    }

    /// Its value in a setting.
    pub fn of(self, setting: &Setting) -> Option<f64> {
        match self {
            Self::K => setting.k.map(|k| k as f64),
            Self::Wse => setting.wse.map(|wse| wse as f64),
            Self::Tau => setting.tau,
        }
    }

    /// What is held while it varies.
    fn held(self, setting: &Setting) -> Option<f64> {
        match self {
            Self::K => None,
            Self::Wse => setting.tau,
            Self::Tau => setting.wse.map(|wse| wse as f64),
        }
    }

    /// The lines that differ in nothing but this parameter: of those that share the rest of their pre-training's recipe, the ones
    /// with the most values of this, with the smallest other parameter among equals.
    pub fn ablation(self, groups: &[Group], shown: &dyn Fn(&Group) -> bool) -> Vec<usize> {
        let lines = groups.iter().enumerate().filter(|(_, group)| {
            group.setting.method == self.method() && self.of(&group.setting).is_some() && shown(group)
        });
        let mut sets: Vec<(Held, Vec<usize>)> = Vec::new();
        for (index, group) in lines {
            let held = (self.held(&group.setting), rest_of_recipe(group));
            match sets.iter_mut().find(|(other, _)| *other == held) {
                Some((_, set)) => set.push(index),
                None => sets.push((held, vec![index])),
            }
        }
        sets.sort_by(|(a, _), (b, _)| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
        let values = |set: &[usize]| self.values(groups, set).len();
        // `max_by_key` would take the last of equals.
        let most = sets.iter().map(|(_, set)| values(set)).max().unwrap_or(0);
        sets.into_iter().find(|(_, set)| values(set) == most).map(|(_, set)| set).unwrap_or_default()
    }

    /// The different values among some lines, rising.
    pub fn values(self, groups: &[Group], lines: &[usize]) -> Vec<f64> {
        let mut values: Vec<f64> = lines.iter().filter_map(|&line| self.of(&groups[line].setting)).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        values
    }
}

/// What lines of an ablation share: the other parameter, and the rest of the recipe.
type Held = (Option<f64>, String);

/// What a line's pre-training was besides the parameters of its method's short form, as text to be compared; empty where its
/// recipe is not there.
fn rest_of_recipe(group: &Group) -> String {
    let Some(run) = group.stage(Stage::Pretrain).next().or(group.runs.first().copied()) else { return String::new() };
    let mut rest = run.recipe.clone();
    rest.retain(|section, _| matches!(section, "data" | "model" | "method" | "pretrain"));
    if let Some(method) = rest.get_mut("method").and_then(toml::Value::as_table_mut) {
        method.retain(|key, _| !matches!(key, "k" | "wse" | "tau" | "slow_weight"));
    }
    rest.to_string()
}

impl Family {
    /// Every family, in the order of the page.
    pub const EVERY: [Family; 9] = [
        Self::Best,
        Self::Baselines,
        Self::K,
        Self::Wse,
        Self::Tau,
        Self::MaeNew,
        Self::All,
        Self::Loss,
        Self::Monitors,
    ];

    /// Its name in file names and anchors.
    pub fn name(self) -> &'static str {
        match self {
            Self::Best => "best",
            Self::Baselines => "baselines",
            Self::K => "k",
            Self::Wse => "wse",
            Self::Tau => "tau",
            Self::MaeNew => "mae-new",
            Self::All => "all",
            Self::Loss => "loss",
            Self::Monitors => "monitors",
        }
    }

    /// Its name on a tab.
    pub fn tab(self) -> &'static str {
        match self {
            Self::Best => "Best",
            Self::Baselines => "Baselines",
            Self::K => "K",
            Self::Wse => "WSE",
            Self::Tau => "τ",
            Self::MaeNew => "MAE-new",
            Self::All => "Every run",
            Self::Loss => "Loss",
            Self::Monitors => "Monitors",
        }
    }

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Best => "Best of each method",
            Self::Baselines => "Baselines",
            Self::K => "K ablation",
            Self::Wse => "WSE ablation",
            Self::Tau => "τ ablation",
            Self::MaeNew => "MAE-new and its parents",
            Self::All => "Every run",
            Self::Loss => "Pre-training loss",
            Self::Monitors => "Watching for collapse",
        }
    }

    /// The parameter that it varies.
    pub fn parameter(self) -> Option<Parameter> {
        match self {
            Self::K => Some(Parameter::K),
            Self::Wse => Some(Parameter::Wse),
            Self::Tau => Some(Parameter::Tau),
            _ => None,
        }
    }

    /// What must have been run for its figures, and the command that runs it.
    pub fn needs(self) -> &'static str {
        match self {
            Self::Best => "needs this evaluation of at least two methods; `bmae reproduce` runs all five",
            Self::Baselines => "needs this evaluation of mae and of scratch; `bmae reproduce` runs them",
            Self::K => "needs at least two runs of mae-k with different K; `bmae sweep k` runs them",
            Self::Wse => {
                "needs at least two runs of ema-mae with the same τ and different WSE; \
                 `bmae sweep wse` runs them"
            }
            Self::Tau => {
                "needs at least two runs of ema-mae with the same WSE and different τ; \
                 `bmae sweep tau` runs them"
            }
            Self::MaeNew => {
                "needs a run of mae-new and one of its parents: mae-k with the same K, or ema-mae with the same τ; \
                 `bmae reproduce` runs them"
            }
            Self::All => "needs an evaluation",
            Self::Loss | Self::Monitors => "needs a run of `bmae pretrain`",
        }
    }

    /// The lines that a figure of this family shows, of those that have something to `shown`; empty if they are too few to
    /// compare.
    pub fn members(self, groups: &[Group], stage: Stage, shown: &dyn Fn(&Group) -> bool) -> Vec<Member> {
        let of = |method: &str| {
            let lines = groups.iter().enumerate().filter(|(_, group)| group.setting.method == method && shown(group));
            lines.map(|(index, _)| index).collect::<Vec<usize>>()
        };
        let chosen = match self {
            Self::Best => best(groups, stage, shown),
            Self::Baselines => {
                let (mae, scratch) = (of("mae"), of("scratch"));
                if mae.is_empty() || scratch.is_empty() { Vec::new() } else { [mae, scratch].concat() }
            }
            Self::K | Self::Wse | Self::Tau => {
                let Some(parameter) = self.parameter() else { return Vec::new() };
                let lines = parameter.ablation(groups, shown);
                if parameter.values(groups, &lines).len() < 2 {
                    Vec::new()
                } else {
                    [lines, of("mae"), of("scratch")].concat()
                }
            }
            Self::MaeNew => mae_new(groups, &of("mae-new"), shown),
            Self::All | Self::Loss | Self::Monitors => {
                (0..groups.len()).filter(|&index| shown(&groups[index])).collect()
            }
        };
        self.label(groups, chosen)
    }

    /// The lines of an ablation's method that have something to show in a figure of it, which is of the lines `members` alone.
    pub fn left_out<'a>(
        self,
        groups: &'a [Group<'_>],
        members: &[usize],
        shown: &dyn Fn(&Group) -> bool,
    ) -> Vec<&'a str> {
        let Some(parameter) = self.parameter() else { return Vec::new() };
        let of_method = groups.iter().enumerate().filter(|(index, group)| {
            group.setting.method == parameter.method() && shown(group) && !members.contains(index)
        });
        of_method.map(|(_, group)| group.label.as_str()).collect()
    }

    /// Short names, as the published figures have them, as long as they tell the lines apart.
    fn label(self, groups: &[Group], mut chosen: Vec<usize>) -> Vec<Member> {
        chosen.sort_unstable();
        chosen.dedup();
        let short = |index: &usize| {
            let setting = &groups[*index].setting;
            match (self, setting.method.as_str(), setting.k, setting.wse, setting.tau) {
                (Self::K, "mae-k", Some(k), _, _) => format!("K = {k}"),
                (Self::Wse | Self::Tau, "ema-mae", _, Some(wse), Some(tau)) => format!("{wse}_{tau}"),
                _ => groups[*index].label.clone(),
            }
        };
        let labels: Vec<String> = chosen.iter().map(short).collect();
        let shared = |label: &String| labels.iter().filter(|other| *other == label).count() > 1;
        let label = |(group, label): (usize, &String)| Member {
            group,
            label: if shared(label) { groups[group].label.clone() } else { label.clone() },
        };
        chosen.into_iter().zip(&labels).map(label).collect()
    }
}

/// The line of each method with the highest mean of finished seeds; one that has none yet stands in only where nothing else does.
fn best(groups: &[Group], stage: Stage, shown: &dyn Fn(&Group) -> bool) -> Vec<usize> {
    let mean = |group: &Group| group.score(stage).map(|score| score.mean);
    let mut winners: Vec<(&str, usize, Option<f64>)> = Vec::new();
    for (index, group) in groups.iter().enumerate().filter(|(_, group)| shown(group)) {
        let (method, mean) = (group.setting.method.as_str(), mean(group));
        match winners.iter_mut().find(|(other, ..)| *other == method) {
            Some(winner) if mean > winner.2 => (winner.1, winner.2) = (index, mean),
            Some(_) => {}
            None => winners.push((method, index, mean)),
        }
    }
    if winners.len() < 2 { Vec::new() } else { winners.into_iter().map(|(_, index, _)| index).collect() }
}

/// MAE-new with the mae-k of the same K and the ema-mae of the same τ; among several of those, the one whose WSE is that K, as
/// both then leave pixels at the same epoch.
fn mae_new(groups: &[Group], new: &[usize], shown: &dyn Fn(&Group) -> bool) -> Vec<usize> {
    let mut parents = Vec::new();
    for setting in new.iter().map(|&index| &groups[index].setting) {
        let of = |method: &'static str| {
            groups.iter().enumerate().filter(move |(_, group)| group.setting.method == method && shown(group))
        };
        let copies = of("mae-k").filter(|(_, group)| setting.k.is_some() && group.setting.k == setting.k);
        parents.extend(copies.map(|(index, _)| index));
        let averages: Vec<(usize, &Group)> =
            of("ema-mae").filter(|(_, group)| setting.tau.is_some() && group.setting.tau == setting.tau).collect();
        let start = setting.wse.or(setting.k);
        let same: Vec<usize> =
            averages.iter().filter(|(_, group)| group.setting.wse == start).map(|(index, _)| *index).collect();
        if same.is_empty() {
            parents.extend(averages.first().map(|(index, _)| *index));
        } else {
            parents.extend(same);
        }
    }
    if parents.is_empty() { Vec::new() } else { [new, &parents].concat() }
}
