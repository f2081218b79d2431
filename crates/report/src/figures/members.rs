//! Which runs belong into the figures of a family: the best of each method, an ablation, everything.

use super::family::{FigureFamily, LossesOf};
use super::labels::LONGEST;
use crate::comparison::RunGroup;
use crate::run_directory::{MethodSetting, Stage};

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
        | FigureFamily::Lambda
        | FigureFamily::Sweep
        | FigureFamily::Cost
        | FigureFamily::All
        | FigureFamily::Loss
        | FigureFamily::Stability
        | FigureFamily::Monitors => {
            match family.parameter().map(|parameter| (parameter, parameter.ablation(groups, shown))) {
                None => (0..groups.len()).filter(|&index| shown(&groups[index])).collect(),
                Some((parameter, lines)) if parameter.values(groups, &lines).len() < 2 => Vec::new(),
                Some((_, lines)) => {
                    let with_parents = match family {
                        FigureFamily::Lambda => mae_new(groups, &lines, shown),
                        _ => Vec::new(),
                    };
                    [lines, with_parents, of("mae"), of("scratch")].concat()
                }
            }
        }
    };
    label(family, groups, chosen)
}

/// The lines of a figure of losses. The report's pictures show a run of ema-mae with WSE 1 under the name of the parent,
/// so one of the same τ stands beside the parents.
pub fn loss_members(of: LossesOf, groups: &[RunGroup], stage: Stage, shown: &dyn Fn(&RunGroup) -> bool) -> Vec<Member> {
    let family = members(FigureFamily::MaeNew, groups, stage, shown);
    let setting = |index: usize| &groups[index].setting;
    let mut chosen: Vec<usize> = family.iter().map(|member| member.group).collect();
    let taus: Vec<Option<f64>> = chosen.iter().map(|&index| setting(index).tau).filter(Option::is_some).collect();
    let is_published =
        |setting: &MethodSetting| setting.method == "ema-mae" && setting.wse == Some(1) && taus.contains(&setting.tau);
    chosen.extend((0..groups.len()).filter(|&index| is_published(setting(index)) && shown(&groups[index])));
    if of == LossesOf::Parents {
        chosen.retain(|&index| setting(index).method != "mae-new");
    }
    label(FigureFamily::MaeNew, groups, chosen)
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
    let names: [Vec<String>; 2] = [NameLength::Short, NameLength::Long]
        .map(|length| chosen.iter().map(|&index| name(family, &groups[index], length)).collect());
    let unique = |names: &[String], at: usize| names.iter().filter(|other| **other == names[at]).count() == 1;
    let label = |(at, group): (usize, usize)| {
        let name = names.iter().find(|names| unique(names, at)).map(|names| names[at].clone());
        Member { group, label: name.unwrap_or_else(|| groups[group].label.clone()) }
    };
    chosen.into_iter().enumerate().map(label).collect()
}

/// Whether a name leaves out what the report varied in no run.
#[derive(Clone, Copy, PartialEq)]
enum NameLength {
    Short,
    Long,
}

/// What a figure calls a line: an ablation by its value; a line beside its kin, or one whose name has no room, by its
/// setting; every other by its name.
fn name(family: FigureFamily, group: &RunGroup, length: NameLength) -> String {
    let setting = &group.setting;
    use FigureFamily::{Cost, Lambda, MaeNew, Stability};
    let by_setting = matches!(family, MaeNew | Lambda | Cost | Stability) || group.label.chars().count() > LONGEST;
    match (family, setting.method.as_str(), setting.k, setting.wse, setting.tau, setting.slow_weight) {
        (FigureFamily::K, "mae-k", Some(k), ..) => format!("K = {k}"),
        (FigureFamily::Wse | FigureFamily::Tau, "ema-mae", _, Some(wse), Some(tau), _) => format!("{wse}_{tau}"),
        (FigureFamily::Lambda, "mae-new", .., Some(weight)) => format!("λ = {weight}"),
        (_, "mae-k", Some(k), ..) if by_setting => format!("MAE-K {k}"),
        (_, "ema-mae", _, Some(wse), Some(tau), _) if by_setting => format!("EMA {wse}_{tau}"),
        (_, "mae-new", .., Some(weight)) if by_setting && length == NameLength::Long => format!("MAE-new λ {weight}"),
        (_, "mae-new", ..) if by_setting => "MAE-new".to_owned(),
        _ => group.label.clone(),
    }
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
