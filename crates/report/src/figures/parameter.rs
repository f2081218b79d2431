//! The parameters that ablations vary, and the runs that differ in nothing else.

use crate::comparison::RunGroup;
use crate::run_directory::{MethodSetting, Stage};

/// A parameter that an ablation varies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameter {
    /// Epochs between copies.
    K,
    /// Warm-up epochs with pixels.
    Wse,
    /// Weight of the student in each average.
    Tau,
    /// Weight of the copy in the loss.
    Lambda,
}

impl Parameter {
    /// Its sign.
    pub fn sign(self) -> &'static str {
        match self {
            Self::K => "K",
            Self::Wse => "WSE",
            Self::Tau => "τ",
            Self::Lambda => "λ",
        }
    }

    /// The key of the recipe that sets it.
    pub fn key(self) -> &'static str {
        match self {
            Self::K => "method.k",
            Self::Wse => "method.wse",
            Self::Tau => "method.tau",
            Self::Lambda => "method.slow_weight",
        }
    }

    /// The method whose parameter it is.
    pub fn method(self) -> &'static str {
        match self {
            Self::K => "mae-k",
            Self::Wse | Self::Tau => "ema-mae",
            Self::Lambda => "mae-new",
        }
    }

    /// Its value in a setting.
    pub fn of(self, setting: &MethodSetting) -> Option<f64> {
        match self {
            Self::K => setting.k.map(|k| k as f64),
            Self::Wse => setting.wse.map(|wse| wse as f64),
            Self::Tau => setting.tau,
            Self::Lambda => setting.slow_weight,
        }
    }

    /// The other parameters, which are held while it varies.
    fn held(self, setting: &MethodSetting) -> [Option<f64>; 2] {
        match self {
            Self::K => [None; 2],
            Self::Wse => [Self::Tau.of(setting), None],
            Self::Tau => [Self::Wse.of(setting), None],
            Self::Lambda => [Self::K.of(setting), Self::Tau.of(setting)],
        }
    }

    /// The lines that differ in nothing but this parameter: of those that share the rest of their pre-training's
    /// recipe, the ones with the most values of this, with the smallest other parameters among equals.
    pub fn ablation(self, groups: &[RunGroup], shown: &dyn Fn(&RunGroup) -> bool) -> Vec<usize> {
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
    pub fn values(self, groups: &[RunGroup], lines: &[usize]) -> Vec<f64> {
        let mut values: Vec<f64> = lines.iter().filter_map(|&line| self.of(&groups[line].setting)).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        values
    }
}

/// What lines of an ablation share: the other parameters, and the rest of the recipe.
type Held = ([Option<f64>; 2], String);

/// What a line's pre-training was besides the parameters of its method's short form, as text to be compared; empty
/// where its recipe is not there.
fn rest_of_recipe(group: &RunGroup) -> String {
    let Some(run) = group.stage(Stage::Pretrain).next().or(group.runs.first().copied()) else { return String::new() };
    let mut rest = run.recipe.clone();
    rest.retain(|section, _| matches!(section, "data" | "model" | "method" | "pretrain"));
    if let Some(method) = rest.get_mut("method").and_then(toml::Value::as_table_mut) {
        method.retain(|key, _| !matches!(key, "k" | "wse" | "tau" | "slow_weight"));
    }
    rest.to_string()
}
