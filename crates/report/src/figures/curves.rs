//! From the runs of a line to its curve: each seed, and their mean.

use std::collections::BTreeMap;

use super::chart::{Curve, StripRow};
use super::measure::Measure;
use super::members::Member;
use super::palette::LineStyle;
use crate::comparison::RunGroup;
use crate::run_directory::{Epoch, Run, Stage, TargetChange};

/// Whether some run of a line has logged the measure at a stage.
pub fn has_curve(group: &RunGroup, stage: Stage, measure: Measure) -> bool {
    group.stage(stage).any(|run| !measure.values(run).is_empty())
}

/// The curve of one line of the comparison; `None` where there is nothing to draw.
pub fn curve(groups: &[RunGroup], member: &Member, style: LineStyle, stage: Stage, measure: Measure) -> Option<Curve> {
    let runs: Vec<(&Run, Vec<(f64, f64)>)> =
        groups[member.group].stage(stage).map(|run| (run, measure.values(run))).collect();
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
    shown.then(|| Curve { group: member.group, label: member.label.clone(), style, mean, seeds })
}

/// The mean of the curves wherever all of them have a value.
fn mean(curves: &[&[(f64, f64)]]) -> Vec<(f64, f64)> {
    let mut sums: BTreeMap<i64, (f64, f64, usize)> = BTreeMap::new();
    for &(x, y) in curves.iter().copied().flatten() {
        let sum = sums.entry((x * 1000.0).round() as i64).or_insert((x, 0.0, 0));
        (sum.1, sum.2) = (sum.1 + y, sum.2 + 1);
    }
    sums.into_values().filter(|(_, _, n)| *n == curves.len()).map(|(x, sum, n)| (x, sum / n as f64)).collect()
}

/// The target changes of each line that has any, from its first seed: they do not depend on the seed.
pub fn strip(groups: &[RunGroup], curves: &[Curve]) -> Vec<StripRow> {
    let row = |curve: &Curve| {
        let run = groups[curve.group].stage(Stage::Pretrain).next()?;
        let changes = run.metrics.epochs.iter().flat_map(Epoch::changes);
        let events: Vec<(f64, TargetChange)> = changes.map(|(epoch, event)| (1000.0 * epoch, event)).collect();
        (!events.is_empty()).then_some(StripRow { style: curve.style, events })
    };
    curves.iter().filter_map(row).collect()
}
