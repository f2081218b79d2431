//! One chart: curves over epochs with direct legends, and a strip that shows when the targets changed.

use std::ops::Range;

use plotters::prelude::*;

use super::frame::{Area, Axes, Failure, Format, Points, UNITS, beside, draw_name, svg};
use super::labels::{LINE, Names, spread};
use super::measure::Measure;
use super::palette::{LineStyle, MUTED};
use crate::downsample::downsample;
use crate::run_directory::TargetChange;

/// How far from the right edge a curve may end that is tied to its name, in CSS pixels.
const REACH: i32 = 40;

/// The height of what is above and below the plot, in CSS pixels.
const FRAME: i32 = 76;
/// The height of the key of thin and bold lines, and what it says.
const SEED_KEY: i32 = 20;
const THIN: &str = "single seeds";
const BOLD: &str = "their mean";

/// How many stretches a long curve is drawn in on the page, each by four of its points.
const STRETCHES: usize = 240;

/// What a chart shows.
#[derive(Debug, Clone)]
pub struct Chart {
    /// What its axis measures.
    pub measure: Measure,
    /// The curves, in the order of the tables.
    pub curves: Vec<Curve>,
    /// Rows of the strip above the plot; empty for no strip.
    pub strip: Vec<StripRow>,
}

/// A curve of one line of the comparison.
#[derive(Debug, Clone)]
pub struct Curve {
    /// The line's place among the groups.
    pub group: usize,
    /// What it measures.
    pub measure: Measure,
    /// Its name in this figure.
    pub label: String,
    /// Its colour, and its dash in this figure.
    pub style: LineStyle,
    /// The mean over seeds, or the only seed.
    pub mean: Vec<(f64, f64)>,
    /// Each seed by itself, if there are several.
    pub seeds: Vec<(u64, Vec<(f64, f64)>)>,
}

/// The target changes of one line.
#[derive(Debug, Clone)]
pub struct StripRow {
    /// Its colour.
    pub style: LineStyle,
    /// Position and kind of each change.
    pub events: Vec<(f64, TargetChange)>,
}

/// Draws a chart in inks.
pub fn draw(chart: &Chart, format: Format) -> Result<String, Failure> {
    let strip = if chart.strip.is_empty() { 0 } else { 9 * chart.strip.len() as i32 + 6 };
    let key = if has_seeds(chart) { SEED_KEY } else { 0 };
    let names = Names::of(chart.curves.iter().map(|curve| curve.label.as_str()), format.most_of_names());
    // The more names, the higher.
    let named = if format.direct { FRAME + names.height() } else { 0 };
    let height = format.height.max(named) + strip + key;
    svg(format.width, height, |root| draw_on(root, chart, &names, format, (strip, height)))
}

fn has_seeds(chart: &Chart) -> bool {
    chart.curves.iter().any(|curve| !curve.seeds.is_empty())
}

fn draw_on(
    root: &Area,
    chart: &Chart,
    names: &Names,
    format: Format,
    (strip, height): (i32, i32),
) -> Result<(), Failure> {
    let right = if format.direct { 26 + sample(chart) + names.width } else { 12 };
    let (x, y) = (x_range(chart), y_range(chart));
    if strip > 0 {
        root.draw(&Text::new("targets", (0, strip * UNITS / 2), beside(MUTED)))?;
    }
    let axes = Axes {
        x_label: Measure::X_LABEL,
        y_label: chart.measure.y_label(),
        labels: (most_x_labels(format, &x), 6),
        x: x.clone(),
        y: y.clone(),
        title: 2 + strip,
        top: 24 + strip,
        right,
        bottom: if has_seeds(chart) { SEED_KEY } else { 0 },
    };
    let mut context = axes.draw(root)?;

    for curve in &chart.curves {
        for (_, seed) in &curve.seeds {
            let style = curve.style.line().mix(0.35).stroke_width(UNITS as u32);
            context.draw_series(LineSeries::new(drawn(seed, format), style))?;
        }
        let style = curve.style.line().stroke_width(width(curve.mean.len()));
        if curve.mean.len() > 1 {
            context.draw_series(LineSeries::new(drawn(&curve.mean, format), style))?;
        }
        if curve.mean.len() == 1 || curve.measure.is_of_moments() {
            let dot = |point: &(f64, f64)| Circle::new(*point, 5 * UNITS / 2, curve.style.solid().filled());
            context.draw_series(curve.mean.iter().map(dot))?;
        }
    }

    let plot = context.plotting_area();
    let place = |point: (f64, f64)| plot.map_coordinate(&point);
    draw_strip(root, chart, |x| place((x, y.end)))?;
    if format.direct {
        draw_names(root, chart, names, place, (x.end, y))?;
    }
    if has_seeds(chart) {
        draw_seed_key(root, height - SEED_KEY / 2 - 2)?;
    }
    Ok(())
}

/// What thin and bold lines are, `y` CSS pixels from the top.
fn draw_seed_key(root: &Area, y: i32) -> Result<(), Failure> {
    let line = |start: i32| [(start * UNITS, y * UNITS), ((start + 22) * UNITS, y * UNITS)];
    let said = |text: &'static str, x: i32| Text::new(text, (x * UNITS, y * UNITS), beside(MUTED));
    root.draw(&PathElement::new(line(46), MUTED.mix(0.6).stroke_width(UNITS as u32)))?;
    root.draw(&said(THIN, 74))?;
    root.draw(&PathElement::new(line(164), MUTED.stroke_width(2 * UNITS as u32)))?;
    root.draw(&said(BOLD, 192))?;
    Ok(())
}

/// The width of a curve's line in drawing units. The noise of a long one needs a fine line.
fn width(points: usize) -> u32 {
    if points > STRETCHES { UNITS as u32 + 1 } else { 2 * UNITS as u32 }
}

/// The points of a curve that are drawn.
fn drawn(points: &[(f64, f64)], format: Format) -> Vec<(f64, f64)> {
    match format.points {
        Points::All => points.to_vec(),
        Points::Few => downsample(points, STRETCHES),
    }
}

/// A row per line of the comparison: a dot at the switch to features, a tick at each copy, a thin line while averaging.
fn draw_strip(root: &Area, chart: &Chart, place: impl Fn(f64) -> (i32, i32)) -> Result<(), Failure> {
    for (row, StripRow { style, events }) in chart.strip.iter().rev().enumerate() {
        let lift = (30 + 9 * row as i32) * UNITS;
        let at = |x: f64| (place(x).0, place(x).1 - lift);
        let averages: Vec<f64> =
            events.iter().filter(|(_, event)| *event == TargetChange::Average).map(|(x, _)| *x).collect();
        if let (Some(first), Some(last)) = (averages.first(), averages.last()) {
            let start = events.first().map_or(*first, |(x, _)| x.min(*first));
            root.draw(&PathElement::new([at(start), at(*last)], style.solid().mix(0.6).stroke_width(UNITS as u32)))?;
        }
        for &(x, event) in events {
            let (x, y) = at(x);
            match event {
                TargetChange::Switch => root.draw(&Circle::new((x, y), 3 * UNITS, style.solid().filled()))?,
                TargetChange::Copy => {
                    let half = 3 * UNITS;
                    let style = style.solid().stroke_width(UNITS as u32 + 1);
                    root.draw(&PathElement::new([(x, y - half), (x, y + half)], style))?;
                }
                TargetChange::Average => {}
            }
        }
    }
    Ok(())
}

/// The room before each name for a sample of its line, in CSS pixels: none is needed where colours alone tell the
/// curves apart.
fn sample(chart: &Chart) -> i32 {
    if chart.curves.iter().any(|curve| curve.style.dash() > 0) { 25 } else { 0 }
}

/// The names to the right of the plot, each tied to the end of its curve where that is near.
fn draw_names(
    root: &Area,
    chart: &Chart,
    names: &Names,
    place: impl Fn((f64, f64)) -> (i32, i32),
    (right, y_range): (f64, Range<f64>),
) -> Result<(), Failure> {
    let named = chart.curves.iter().zip(&names.lines);
    let drawn: Vec<(&Curve, &Vec<String>, (f64, f64))> =
        named.filter_map(|(curve, name)| Some((curve, name, curve.mean.last().copied()?))).collect();
    let wanted: Vec<i32> = drawn.iter().map(|(_, _, end)| place(*end).1).collect();
    let heights: Vec<i32> = drawn.iter().map(|(_, name, _)| LINE * UNITS * name.len() as i32).collect();
    let top = place((right, y_range.end)).1;
    let bottom = place((right, y_range.start)).1;
    let edge = place((right, y_range.start)).0;
    for ((curve, name, end), y) in drawn.iter().zip(spread(&wanted, &heights, top, bottom)) {
        // A line from a curve that ended long before would read as its continuation.
        if edge - place(*end).0 <= REACH * UNITS {
            let tie = [place(*end), (edge + 4 * UNITS, place(*end).1), (edge + 14 * UNITS, y)];
            root.draw(&PathElement::new(tie, curve.style.solid().mix(0.45).stroke_width(UNITS as u32)))?;
        }
        let (start, width) = (edge + 18 * UNITS, sample(chart) * UNITS);
        if width > 0 {
            let line = [(start, y), (start + width - 5 * UNITS, y)];
            root.draw(&PathElement::new(line, curve.style.line().stroke_width(2 * UNITS as u32)))?;
        }
        draw_name(root, name, (start + width, y), curve.style.solid())?;
    }
    Ok(())
}

fn points(chart: &Chart) -> impl Iterator<Item = (f64, f64)> {
    chart.curves.iter().flat_map(|curve| curve.seeds.iter().flat_map(|(_, seed)| seed).chain(&curve.mean)).copied()
}

/// From 0, except where that would leave a good part of a short training empty: what an epoch gave stands at its end.
fn x_range(chart: &Chart) -> Range<f64> {
    let least = points(chart).map(|(x, _)| x).fold(f64::INFINITY, f64::min);
    let most = points(chart).map(|(x, _)| x).fold(0.0, f64::max);
    let start = if least < most && least > 0.1 * most { least } else { 0.0 };
    // The last logged step of a whole training lies before its end.
    start..if most > 0.0 { most.ceil() } else { 1.0 }
}

/// How many places of the x-axis are labelled at most. Half an epoch is no place: a short axis has one label for each
/// whole number.
fn most_x_labels(format: Format, range: &Range<f64>) -> usize {
    let room = if format.direct { 6 } else { 4 };
    let whole = (range.end - range.start).floor() as usize + 1;
    room.min(whole)
}

fn y_range(chart: &Chart) -> Range<f64> {
    let low = points(chart).map(|(_, y)| y).fold(f64::INFINITY, f64::min);
    let high = points(chart).map(|(_, y)| y).fold(f64::NEG_INFINITY, f64::max);
    let room = match (high > low, high == 0.0) {
        (true, _) => 0.05 * (high - low),
        (false, true) => 0.05,
        (false, false) => 0.05 * high.abs(),
    };
    chart.measure.baseline().start(low, high, room)..high + room
}
