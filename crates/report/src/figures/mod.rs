//! The figures of a report: which there are, what is in them, and what they say in words.

pub mod chart;
mod labels;
pub mod palette;

use std::collections::BTreeMap;

use chart::{Chart, Curve, FULL, HALF, NARROW, StripRow, UNITS};
use palette::{Dress, Look, dress, looks};

use crate::compare::Group;
use crate::error::ReportError;
use crate::read::{Epoch, Event, Run, Stage};

/// A drawn figure.
#[derive(Debug, Clone)]
pub struct Figure {
    /// File name without ending.
    pub name: &'static str,
    /// Heading.
    pub title: &'static str,
    /// How to read it.
    pub caption: &'static str,
    /// What it shows, in words: the text alternative.
    pub description: String,
    /// Whether it watches the pre-training rather than measuring its outcome.
    pub monitor: bool,
    /// The lines of the comparison that have a curve in it.
    pub labels: Vec<String>,
    /// Whether it takes the page's whole width.
    pub whole: bool,
    /// A file of its own, on white.
    pub paper: String,
    /// For the page, where there is room.
    pub wide: String,
    /// For the page on a phone: without direct legends.
    pub narrow: String,
}

impl Figure {
    /// The file's path relative to the report.
    pub fn path(&self) -> String {
        format!("figures/{}.svg", self.name)
    }
}

/// What a figure is before it is drawn.
struct Plan {
    name: &'static str,
    title: &'static str,
    caption: &'static str,
    stage: Stage,
    x_label: &'static str,
    y_label: &'static str,
    monitor: bool,
    whole: bool,
    from_zero: bool,
    values: fn(&Run) -> Vec<(f64, f64)>,
}

const EPOCH: &str = "epoch";

const PLANS: [Plan; 7] = [
    Plan {
        name: "pretrain-loss",
        title: "Pre-training loss",
        caption: "The loss over 1000 × epoch. Pixels and features have different scales, and a feature loss that rises is \
                  normal: its target's scale grows. The strip above the plot marks the targets: a dot where pixels give way \
                  to features, a tick at each copy of the student, a line while the target is averaged.",
        stage: Stage::Pretrain,
        x_label: "1000 × epoch",
        y_label: "loss",
        monitor: false,
        whole: true,
        from_zero: true,
        values: |run| run.metrics.steps.iter().filter_map(|step| Some((step.epoch_1000x, step.loss?))).collect(),
    },
    Plan {
        name: "finetune-top1",
        title: "Fine-tuning",
        caption: "Top-1 accuracy on the test set after each epoch of fine-tuning.",
        stage: Stage::Finetune,
        x_label: EPOCH,
        y_label: "top-1, %",
        monitor: false,
        whole: false,
        from_zero: false,
        values: accuracy,
    },
    Plan {
        name: "linprobe-top1",
        title: "Linear probe",
        caption: "Top-1 accuracy on the test set after each epoch of linear probing; the encoder is frozen.",
        stage: Stage::Linprobe,
        x_label: EPOCH,
        y_label: "top-1, %",
        monitor: false,
        whole: false,
        from_zero: false,
        values: accuracy,
    },
    Plan {
        name: "monitor-knn",
        title: "Nearest neighbours during pre-training",
        caption: "A quick k-nearest-neighbour accuracy of the encoder as it trains. It is measured on fewer images than the \
                  table's kNN, so compare its course, not its height.",
        stage: Stage::Pretrain,
        x_label: EPOCH,
        y_label: "kNN top-1, %",
        monitor: true,
        whole: false,
        from_zero: false,
        values: |run| monitor(run, |line| line.knn_top1),
    },
    Plan {
        name: "monitor-rank",
        title: "Effective rank of the features",
        caption: "RankMe (Garrido et al. 2023) of the encoder's features: how many dimensions they really use. A fall towards 1 \
                  is collapse.",
        stage: Stage::Pretrain,
        x_label: EPOCH,
        y_label: "RankMe",
        monitor: true,
        whole: false,
        from_zero: true,
        values: |run| monitor(run, |line| line.rank_me),
    },
    Plan {
        name: "monitor-target-spread",
        title: "Spread of the target",
        caption: "Standard deviation of the target over samples. A fall towards 0 means that the target is the same for every \
                  image: collapse.",
        stage: Stage::Pretrain,
        x_label: EPOCH,
        y_label: "target standard deviation",
        monitor: true,
        whole: false,
        from_zero: true,
        values: |run| monitor(run, |line| line.target_std),
    },
    Plan {
        name: "monitor-prediction-spread",
        title: "Spread of the prediction",
        caption: "Standard deviation of the decoder's prediction over samples. A fall towards 0 means that the decoder says the \
                  same of every image.",
        stage: Stage::Pretrain,
        x_label: EPOCH,
        y_label: "prediction standard deviation",
        monitor: true,
        whole: false,
        from_zero: true,
        values: |run| monitor(run, |line| line.prediction_std),
    },
];

/// The file names of all figures a report can have.
pub fn names() -> impl Iterator<Item = &'static str> {
    PLANS.iter().map(|plan| plan.name)
}

/// One look per line of the comparison, the same in every figure and table.
pub fn group_looks(groups: &[Group]) -> Vec<Look> {
    looks(groups.iter().map(|group| group.setting.method.as_str()))
}

/// Draws every figure for which there is something to show.
///
/// # Errors
/// [`ReportError::Figure`] if the drawing library refuses.
pub fn draw_figures(groups: &[Group]) -> Result<Vec<Figure>, ReportError> {
    PLANS.iter().filter_map(|plan| draw_figure(plan, groups).transpose()).collect()
}

fn draw_figure(plan: &Plan, groups: &[Group]) -> Result<Option<Figure>, ReportError> {
    let looks = group_looks(groups);
    let curves: Vec<Curve> = groups.iter().zip(&looks).filter_map(|(group, look)| curve(plan, group, *look)).collect();
    if curves.is_empty() {
        return Ok(None);
    }
    let strip = if plan.name == "pretrain-loss" { strip(groups, &looks) } else { Vec::new() };
    let Plan { x_label, y_label, from_zero, .. } = *plan;
    let chart = Chart { x_label, y_label, curves, strip, from_zero };
    let description = describe(plan, &chart);
    let draw = |format| {
        chart::draw(&chart, format)
            .map_err(|error| ReportError::Figure { name: plan.name.to_owned(), reason: error.to_string() })
    };
    let format = if plan.whole { FULL } else { HALF };
    let (wide, narrow) = (draw(format)?, draw(NARROW)?);
    Ok(Some(Figure {
        name: plan.name,
        title: plan.title,
        caption: plan.caption,
        monitor: plan.monitor,
        labels: chart.curves.iter().map(|curve| curve.label.clone()).collect(),
        whole: plan.whole,
        paper: finish(&wide, &description, Dress::Paper),
        wide: finish(&wide, &description, Dress::Page),
        narrow: finish(&narrow, &description, Dress::Page),
        description,
    }))
}

fn accuracy(run: &Run) -> Vec<(f64, f64)> {
    run.metrics.evals.iter().filter_map(|eval| Some((eval.epoch as f64, eval.top1?))).collect()
}

fn monitor(run: &Run, value: impl Fn(&Epoch) -> Option<f64>) -> Vec<(f64, f64)> {
    run.metrics.epochs.iter().filter_map(|line| Some((line.epoch as f64, value(line)?))).collect()
}

fn curve(plan: &Plan, group: &Group, look: Look) -> Option<Curve> {
    let runs: Vec<(&Run, Vec<(f64, f64)>)> = group.stage(plan.stage).map(|run| (run, (plan.values)(run))).collect();
    let any_finished = runs.iter().any(|(run, points)| run.finished() && !points.is_empty());
    let counts = |run: &Run| run.finished() || !any_finished;
    // A seed that is still at work must not cut the mean of the others short.
    let whole: Vec<&[(f64, f64)]> =
        runs.iter().filter(|(run, points)| counts(run) && !points.is_empty()).map(|(_, points)| &points[..]).collect();
    let mean = mean(&whole);
    let mut seeds: Vec<Vec<(f64, f64)>> = runs.into_iter().map(|(_, points)| points).collect();
    seeds.retain(|points| !points.is_empty());
    if seeds.len() == 1 {
        seeds.clear();
    }
    let shown = !mean.is_empty() || !seeds.is_empty();
    shown.then(|| Curve { label: group.label.clone(), look, mean, seeds })
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
fn strip(groups: &[Group], looks: &[Look]) -> Vec<StripRow> {
    let row = |(group, look): (&Group, &Look)| {
        let run = group.stage(Stage::Pretrain).next()?;
        let event = |line: &Epoch| Some((1000.0 * line.epoch as f64, line.event?));
        let events: Vec<(f64, Event)> = run.metrics.epochs.iter().filter_map(event).collect();
        (!events.is_empty()).then_some(StripRow { look: *look, events })
    };
    groups.iter().zip(looks).filter_map(row).collect()
}

/// The figure in words: what it shows, and each curve's last value.
fn describe(plan: &Plan, chart: &Chart) -> String {
    let ends = chart.curves.iter().filter_map(|curve| {
        let (_, y) = curve.mean.last()?;
        let decimals = if y.abs() >= 10.0 { 1 } else { 3 };
        Some(format!("{} {y:.decimals$}", curve.label))
    });
    let ends = ends.collect::<Vec<_>>().join("; ");
    let switches = chart.strip.iter().filter(|row| row.events.iter().any(|(_, event)| *event == Event::Switch)).count();
    let strip =
        if switches > 0 { format!(" {switches} of them change from pixels to features.") } else { String::new() };
    format!("{}: {} over {}, one curve per run. Last values: {ends}.{strip}", plan.title, plan.y_label, plan.x_label)
}

/// From the library's drawing to a finished SVG: inks replaced, size and text alternative in place of the raw units.
fn finish(drawing: &str, description: &str, clothes: Dress) -> String {
    /// The white margin of a file of its own, in CSS pixels; on the page the card around the figure has one.
    const MARGIN: i32 = 10;
    let body = dress(drawing, clothes);
    let Some((head, body)) = body.split_once('\n') else { return body };
    let side = |name: &str| {
        let value = head.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split_once('"'));
        value.and_then(|(units, _)| units.parse::<i32>().ok()).unwrap_or(0)
    };
    let (width, height) = (side("width"), side("height"));
    let label = crate::page::escape_html(&description.replace(|c: char| c.is_control(), " "));
    let common = format!("role=\"img\" aria-label=\"{label}\" stroke-linejoin=\"round\"");
    match clothes {
        Dress::Page => {
            let body = body.replace(" font-family=\"sans-serif\"", "");
            format!("<svg viewBox=\"0 0 {width} {height}\" {common}>\n{body}")
        }
        Dress::Paper => {
            let (start, wide, high) = (-MARGIN * UNITS, width + 2 * MARGIN * UNITS, height + 2 * MARGIN * UNITS);
            format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" \
                 viewBox=\"{start} {start} {wide} {high}\" {common}>\n\
                 <rect x=\"{start}\" y=\"{start}\" width=\"{wide}\" height=\"{high}\" fill=\"#FFFFFF\"/>\n{body}",
                wide / UNITS,
                high / UNITS
            )
        }
    }
}
