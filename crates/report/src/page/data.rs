//! The curves as data for the page's script: each curve once, and the charts that show it.

use serde::Serialize;

use crate::downsample::downsample;
use crate::figures::chart::{Chart, Curve};
use crate::figures::measure::{Baseline, Measure};
use crate::figures::{Content, Figure};
use crate::run_directory::{Stage, TargetChange};

/// What the script reads.
#[derive(Serialize)]
struct Data<'a> {
    series: Vec<Series>,
    charts: Vec<ChartData<'a>>,
}

/// One line of the comparison in one measure.
#[derive(Serialize)]
struct Series {
    colour: String,
    mean: Points,
    seeds: Vec<Seed>,
}

#[derive(Serialize)]
struct Seed {
    seed: u64,
    #[serde(flatten)]
    points: Points,
}

#[derive(Serialize)]
struct Points {
    x: Vec<f64>,
    y: Vec<f64>,
}

/// One figure.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChartData<'a> {
    name: &'a str,
    title: &'a str,
    description: &'a str,
    x_label: &'a str,
    y_label: &'a str,
    baseline: Baseline,
    #[serde(skip_serializing_if = "Option::is_none")]
    decimals: Option<usize>,
    marks: bool,
    curves: Vec<Shown<'a>>,
    strip: Vec<Row<'a>>,
}

/// A curve in a figure: its place among the series, its dash, and what the figure calls it.
#[derive(Serialize)]
struct Shown<'a> {
    series: usize,
    dash: u8,
    label: &'a str,
}

/// The target changes of one line.
#[derive(Serialize)]
struct Row<'a> {
    colour: String,
    events: &'a [(f64, TargetChange)],
}

/// The data of all figures with curves as JSON that can stand inside a `script` element: no `<` is left in it.
pub fn json(figures: &[Figure]) -> String {
    let mut keys: Vec<(Measure, Stage, usize)> = Vec::new();
    let mut data = Data { series: Vec::new(), charts: Vec::new() };
    for figure in figures {
        let Content::Chart(chart) = &figure.content else { continue };
        let curves = chart.curves.iter().map(|curve| {
            let key = (curve.measure, figure.plan.stage, curve.group);
            let series = keys.iter().position(|other| *other == key).unwrap_or_else(|| {
                keys.push(key);
                data.series.push(series(curve));
                data.series.len() - 1
            });
            Shown { series, dash: curve.style.dash(), label: &curve.label }
        });
        let curves = curves.collect();
        data.charts.push(chart_data(figure, chart, curves));
    }
    // Plain numbers, texts and lists always have a JSON form.
    serde_json::to_string(&data).unwrap_or_default().replace('<', "\\u003c")
}

fn series(curve: &Curve) -> Series {
    let seeds = curve.seeds.iter().map(|(seed, line)| Seed { seed: *seed, points: points(line) });
    Series { colour: curve.style.variable(), mean: points(&curve.mean), seeds: seeds.collect() }
}

fn chart_data<'a>(figure: &'a Figure, chart: &'a Chart, curves: Vec<Shown<'a>>) -> ChartData<'a> {
    let strip = chart.strip.iter().map(|row| Row { colour: row.style.variable(), events: &row.events });
    ChartData {
        name: &figure.plan.name,
        title: &figure.plan.title,
        description: &figure.description,
        x_label: Measure::X_LABEL,
        y_label: chart.measure.y_label(),
        baseline: chart.measure.baseline(),
        decimals: chart.measure.decimals(),
        marks: chart.measure.is_of_moments(),
        curves,
        strip: strip.collect(),
    }
}

/// A curve's points. One that has more than two thousand epochs of logged steps is thinned, so that spikes stay.
fn points(curve: &[(f64, f64)]) -> Points {
    const MOST: usize = 10_000;
    let kept = downsample(curve, MOST / 4);
    Points {
        x: kept.iter().map(|(x, _)| significant(*x, 8)).collect(),
        y: kept.iter().map(|(_, y)| significant(*y, 5)).collect(),
    }
}

/// A number with no more digits than anyone reads off a chart.
fn significant(value: f64, digits: usize) -> f64 {
    let decimals = digits - 1;
    format!("{value:.decimals$e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_leading_digits() {
        assert_eq!(significant(0.012_345_678, 5), 0.012_346);
        assert_eq!(significant(-91.379_999, 5), -91.38);
        assert_eq!(significant(0.0, 5), 0.0);
        assert_eq!(significant(199_800.0, 8), 199_800.0);
    }
}
