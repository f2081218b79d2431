//! From the runs of a line to its curves: each seed, and their mean.

use std::collections::BTreeMap;

use super::chart::{Curve, StripRow};
use super::measure::Measure;
use super::members::Member;
use super::palette::{LineStyle, apart};
use super::plans::FigureKind;
use crate::comparison::RunGroup;
use crate::run_directory::{Epoch, MethodSetting, Run, Stage, TargetChange};

/// Whether some run of a line has logged the measure at a stage.
pub fn has_curve(group: &RunGroup, stage: Stage, measure: Measure) -> bool {
    let measures = measure.of_each(targets(group, stage));
    group.stage(stage).any(|run| measures.iter().any(|measure| !measure.values(run).is_empty()))
}

/// The curves of a figure of some lines: one for each, or one for each of its target encoders where the figure is about
/// those.
pub fn curves(
    groups: &[RunGroup],
    members: &[Member],
    styles: &[LineStyle],
    stage: Stage,
    kind: FigureKind,
) -> Vec<Curve> {
    let of = |member: &Member| {
        let group = &groups[member.group];
        let curve = |measure: Measure| curve(group, member, styles[member.group], stage, measure);
        let mut curves: Vec<Curve> = measures(group, stage, kind).into_iter().filter_map(curve).collect();
        if curves.len() > 1 {
            curves.iter_mut().for_each(|curve| add_part(curve, &group.setting));
        }
        curves
    };
    let mut curves: Vec<Curve> = members.iter().flat_map(of).collect();
    let styles = apart(curves.iter().map(|curve| curve.style));
    curves.iter_mut().zip(styles).for_each(|(curve, style)| curve.style = style);
    curves
}

/// What a figure shows of a line. Beside the loss stand its parts where there are several.
fn measures(group: &RunGroup, stage: Stage, kind: FigureKind) -> Vec<Measure> {
    let targets = targets(group, stage);
    match kind {
        FigureKind::Curves(measure) => measure.of_each(targets),
        FigureKind::Losses(_) if targets < 2 => vec![Measure::Loss],
        FigureKind::Losses(_) => [vec![Measure::Loss], Measure::TargetLoss(0).of_each(targets)].concat(),
        FigureKind::Overview | FigureKind::Sweep | FigureKind::Cost(_) => Vec::new(),
    }
}

fn targets(group: &RunGroup, stage: Stage) -> usize {
    group.stage(stage).map(|run| run.metrics.targets()).max().unwrap_or(0)
}

/// `MAE-new` becomes `MAE-new L_fast`.
fn add_part(curve: &mut Curve, setting: &MethodSetting) {
    if let Some(part) = curve.measure.part(setting) {
        curve.label = format!("{} {part}", curve.label);
    }
}

/// The curve of one measure of a line; `None` where there is nothing to draw.
fn curve(group: &RunGroup, member: &Member, style: LineStyle, stage: Stage, measure: Measure) -> Option<Curve> {
    let runs: Vec<(&Run, Vec<(f64, f64)>)> = group.stage(stage).map(|run| (run, measure.values(run))).collect();
    let any_finished = runs.iter().any(|(run, points)| run.finished() && !points.is_empty());
    let counts = |run: &Run| run.finished() || !any_finished;
    // A seed that is still at work must not cut the mean of the others short.
    let whole: Vec<&[(f64, f64)]> =
        runs.iter().filter(|(run, points)| counts(run) && !points.is_empty()).map(|(_, points)| &points[..]).collect();
    let mean = mean(&whole);
    let mut seeds: Vec<(u64, Vec<(f64, f64)>)> =
        runs.into_iter().map(|(run, points)| (run.about.seed, points)).collect();
    seeds.retain(|(_, points)| !points.is_empty());
    if seeds.len() == 1 {
        seeds.clear();
    }
    let shown = !mean.is_empty() || !seeds.is_empty();
    shown.then(|| Curve { group: member.group, measure, label: member.label.clone(), style, mean, seeds })
}

/// The mean of the curves wherever all of them have a value.
fn mean(curves: &[&[(f64, f64)]]) -> Vec<(f64, f64)> {
    let mut sums: BTreeMap<i64, (f64, f64, usize)> = BTreeMap::new();
    for &(x, y) in curves.iter().copied().flatten() {
        // Steps are logged by thousandths of an epoch.
        let sum = sums.entry((x * 1000.0).round() as i64).or_insert((x, 0.0, 0));
        (sum.1, sum.2) = (sum.1 + y, sum.2 + 1);
    }
    sums.into_values().filter(|(_, _, n)| *n == curves.len()).map(|(x, sum, n)| (x, sum / n as f64)).collect()
}

/// The target changes of each line that has any, from its first seed: they do not depend on the seed.
pub fn strip(groups: &[RunGroup], curves: &[Curve]) -> Vec<StripRow> {
    let row = |curve: &Curve| {
        let run = groups[curve.group].stage(Stage::Pretrain).next()?;
        let events: Vec<(f64, TargetChange)> = run.metrics.epochs.iter().flat_map(Epoch::changes).collect();
        (!events.is_empty()).then_some(StripRow { style: curve.style, events })
    };
    curves.iter().filter(|curve| curve.measure == Measure::Loss).filter_map(row).collect()
}
