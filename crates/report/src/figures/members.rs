//! Which runs belong into the figures of a family: the best of each method, an ablation, everything.

use super::family::FigureFamily;
use crate::comparison::RunGroup;
use crate::run_directory::Stage;

/// One line of the comparison as it stands in a figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its place among the groups.
    pub group: usize,
    /// What the figure calls it.
    pub label: String,
}

/// The lines that a figure of this family shows, of those that have something to `shown`; empty if they are too few to
/// compare.
pub fn members(
    family: FigureFamily,
    groups: &[RunGroup],
    stage: Stage,
    shown: &dyn Fn(&RunGroup) -> bool,
) -> Vec<Member> {
    let of = |method: &str| {
        let lines = groups.iter().enumerate().filter(|(_, group)| group.setting.method == method && shown(group));
        lines.map(|(index, _)| index).collect::<Vec<usize>>()
    };
    let chosen = match family {
        FigureFamily::Best => best(groups, stage, shown),
        FigureFamily::Baselines => {
            let (mae, scratch) = (of("mae"), of("scratch"));
            if mae.is_empty() || scratch.is_empty() { Vec::new() } else { [mae, scratch].concat() }
        }
        FigureFamily::MaeNew => mae_new(groups, &of("mae-new"), shown),
        FigureFamily::K
        | FigureFamily::Wse
        | FigureFamily::Tau
        | FigureFamily::All
        | FigureFamily::Loss
        | FigureFamily::Monitors => {
            match family.parameter().map(|parameter| (parameter, parameter.ablation(groups, shown))) {
                None => (0..groups.len()).filter(|&index| shown(&groups[index])).collect(),
                Some((parameter, lines)) if parameter.values(groups, &lines).len() < 2 => Vec::new(),
                Some((_, lines)) => [lines, of("mae"), of("scratch")].concat(),
            }
        }
    };
    label(family, groups, chosen)
}

/// The lines of an ablation's method that have something to show in a figure of it, which is of the lines `members`
/// alone.
pub fn left_out<'a>(
    family: FigureFamily,
    groups: &'a [RunGroup<'_>],
    members: &[usize],
    shown: &dyn Fn(&RunGroup) -> bool,
) -> Vec<&'a str> {
    let Some(parameter) = family.parameter() else { return Vec::new() };
    let of_method = groups.iter().enumerate().filter(|(index, group)| {
        group.setting.method == parameter.method() && shown(group) && !members.contains(index)
    });
    of_method.map(|(_, group)| group.label.as_str()).collect()
}

/// Short names, as the published figures have them, as long as they tell the lines apart.
fn label(family: FigureFamily, groups: &[RunGroup], mut chosen: Vec<usize>) -> Vec<Member> {
    chosen.sort_unstable();
    chosen.dedup();
    let short = |index: &usize| {
        let setting = &groups[*index].setting;
        match (family, setting.method.as_str(), setting.k, setting.wse, setting.tau) {
            (FigureFamily::K, "mae-k", Some(k), _, _) => format!("K = {k}"),
            (FigureFamily::Wse | FigureFamily::Tau, "ema-mae", _, Some(wse), Some(tau)) => format!("{wse}_{tau}"),
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

/// The line of each method with the highest mean of finished seeds; one that has none yet stands in only where nothing
/// else does.
fn best(groups: &[RunGroup], stage: Stage, shown: &dyn Fn(&RunGroup) -> bool) -> Vec<usize> {
    let mean = |group: &RunGroup| group.score(stage).map(|score| score.mean);
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

/// MAE-new with its own parents: the mae-k of the same K, and the ema-mae of the same τ whose WSE is its warm-up, so
/// that all leave pixels at the same epoch. A parent of another setting is none.
fn mae_new(groups: &[RunGroup], new: &[usize], shown: &dyn Fn(&RunGroup) -> bool) -> Vec<usize> {
    let mut parents = Vec::new();
    for setting in new.iter().map(|&index| &groups[index].setting) {
        let of = |method: &'static str| {
            groups.iter().enumerate().filter(move |(_, group)| group.setting.method == method && shown(group))
        };
        let copies = of("mae-k").filter(|(_, group)| setting.k.is_some() && group.setting.k == setting.k);
        parents.extend(copies.map(|(index, _)| index));
        let warm_up = setting.wse.or(setting.k);
        let averages = of("ema-mae").filter(|(_, group)| {
            setting.tau.is_some() && (group.setting.tau, group.setting.wse) == (setting.tau, warm_up)
        });
        parents.extend(averages.map(|(index, _)| index));
    }
    if parents.is_empty() { Vec::new() } else { [new, &parents].concat() }
}
