//! One chart: curves over epochs with direct legends, and a strip that shows when the targets changed.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::labels::{shorten, spread};
use super::palette::{GRID, Look, MUTED, TEXT};
use crate::read::Event;

/// Drawing units per CSS pixel: the SVG backend rounds to whole units, and curves should not show it.
pub const UNITS: i32 = 4;
/// Plotters writes a font size as size / 1.24.
pub const FONT: f64 = 12.0 * UNITS as f64 * 1.24;

/// How far from the right edge a curve may end that is tied to its name, in CSS pixels.
const REACH: i32 = 40;

/// What a chart shows.
#[derive(Debug, Clone)]
pub struct Chart {
    /// What x counts.
    pub x_label: &'static str,
    /// What y measures, with its unit.
    pub y_label: &'static str,
    /// The curves, in the order of the tables.
    pub curves: Vec<Curve>,
    /// Rows of the strip above the plot; empty for no strip.
    pub strip: Vec<StripRow>,
    /// Whether y starts at 0.
    pub from_zero: bool,
    /// How many decimals its values are shown with; `None` where that depends on their size.
    pub decimals: Option<usize>,
}

/// The curve of one line of the comparison.
#[derive(Debug, Clone)]
pub struct Curve {
    /// The line's place among the groups.
    pub group: usize,
    /// Its name in this figure.
    pub label: String,
    /// Its colour and dash.
    pub look: Look,
    /// The mean over seeds, or the only seed.
    pub mean: Vec<(f64, f64)>,
    /// Each seed by itself, if there are several.
    pub seeds: Vec<(u64, Vec<(f64, f64)>)>,
}

/// The target changes of one line.
#[derive(Debug, Clone)]
pub struct StripRow {
    /// Its colour.
    pub look: Look,
    /// Position and kind of each change.
    pub events: Vec<(f64, Event)>,
}

/// The size and the legend of a drawing.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// Width in CSS pixels.
    pub width: i32,
    /// Height in CSS pixels, without the strip.
    pub height: i32,
    /// Whether the names stand at the curves' ends; otherwise the page has a key.
    pub direct: bool,
}

/// For a figure that takes the page's whole width.
pub const FULL: Format = Format { width: 1060, height: 360, direct: true };
/// For one of two figures side by side.
pub const HALF: Format = Format { width: 520, height: 310, direct: true };
/// For phones.
pub const NARROW: Format = Format { width: 350, height: 260, direct: false };

/// Where figures are drawn.
pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// The drawing library's own errors have no common type.
pub type Failure = Box<dyn std::error::Error>;

/// Draws a chart in inks. The SVG's units are [`UNITS`] per CSS pixel.
pub fn draw(chart: &Chart, format: Format) -> Result<String, Failure> {
    let mut svg = String::new();
    let strip = if chart.strip.is_empty() { 0 } else { 9 * chart.strip.len() as i32 + 6 };
    let size = ((format.width * UNITS) as u32, ((format.height + strip) * UNITS) as u32);
    {
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        draw_on(&root, chart, format, strip)?;
        root.present()?;
    }
    Ok(svg)
}

fn draw_on(root: &Area, chart: &Chart, format: Format, strip: i32) -> Result<(), Failure> {
    let names: Vec<String> = chart.curves.iter().map(|curve| shorten(&curve.label, 24)).collect();
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0) as i32;
    let right = if format.direct { 26 + sample(chart) + longest * 15 / 2 } else { 12 };
    let (x_range, y_range) = (x_range(chart), y_range(chart));

    let muted = ("sans-serif", FONT).into_font().color(&MUTED);
    let y_title = ("sans-serif", FONT).into_font().color(&TEXT);
    root.draw(&Text::new(chart.y_label, (0, (2 + strip) * UNITS), y_title))?;
    if strip > 0 {
        let middle = muted.clone().pos(Pos::new(HPos::Left, VPos::Center));
        root.draw(&Text::new("targets", (0, strip * UNITS / 2), middle))?;
    }

    let mut context = ChartBuilder::on(root)
        .margin_top((24 + strip) * UNITS)
        .margin_right(right * UNITS)
        .margin_bottom(4 * UNITS)
        .set_label_area_size(LabelAreaPosition::Left, 46 * UNITS)
        .set_label_area_size(LabelAreaPosition::Bottom, 40 * UNITS)
        .build_cartesian_2d(x_range.clone(), y_range.clone())?;
    context
        .configure_mesh()
        .disable_x_mesh()
        .bold_line_style(GRID.stroke_width(UNITS as u32))
        .light_line_style(TRANSPARENT)
        .axis_style(GRID.stroke_width(UNITS as u32))
        .set_all_tick_mark_size(4 * UNITS)
        .x_labels(most_x_labels(format, &x_range))
        .y_labels(6)
        .x_label_formatter(&|x| number(*x))
        .y_label_formatter(&|y| number(*y))
        .label_style(muted.clone())
        .axis_desc_style(muted)
        .x_desc(chart.x_label)
        .draw()?;

    for curve in &chart.curves {
        for (_, seed) in &curve.seeds {
            let style = curve.look.line().mix(0.35).stroke_width(UNITS as u32);
            context.draw_series(LineSeries::new(thin(seed), style))?;
        }
        let style = curve.look.line().stroke_width(2 * UNITS as u32);
        match curve.mean.as_slice() {
            [only] => {
                let dot = Circle::new(*only, 3 * UNITS, curve.look.solid().filled());
                context.draw_series(std::iter::once(dot))?;
            }
            points => {
                context.draw_series(LineSeries::new(thin(points), style))?;
            }
        }
    }

    let plot = context.plotting_area();
    let place = |point: (f64, f64)| plot.map_coordinate(&point);
    draw_strip(root, chart, |x| place((x, y_range.end)))?;
    if format.direct {
        draw_names(root, chart, &names, place, (x_range.end, y_range))?;
    }
    Ok(())
}

/// A row per line of the comparison: a dot at the switch to features, a tick at each copy, a thin line while averaging.
fn draw_strip(root: &Area, chart: &Chart, place: impl Fn(f64) -> (i32, i32)) -> Result<(), Failure> {
    for (row, StripRow { look, events }) in chart.strip.iter().rev().enumerate() {
        let lift = (30 + 9 * row as i32) * UNITS;
        let at = |x: f64| (place(x).0, place(x).1 - lift);
        let averages: Vec<f64> = events.iter().filter(|(_, event)| *event == Event::Average).map(|(x, _)| *x).collect();
        if let (Some(first), Some(last)) = (averages.first(), averages.last()) {
            let start = events.first().map_or(*first, |(x, _)| x.min(*first));
            root.draw(&PathElement::new([at(start), at(*last)], look.solid().mix(0.6).stroke_width(UNITS as u32)))?;
        }
        for &(x, event) in events {
            let (x, y) = at(x);
            match event {
                Event::Switch => root.draw(&Circle::new((x, y), 3 * UNITS, look.solid().filled()))?,
                Event::Copy => {
                    let half = 3 * UNITS;
                    let style = look.solid().stroke_width(UNITS as u32 + 1);
                    root.draw(&PathElement::new([(x, y - half), (x, y + half)], style))?;
                }
                Event::Average => {}
            }
        }
    }
    Ok(())
}

/// The room before each name for a sample of its line, in CSS pixels: none is needed where colours alone tell the curves apart.
fn sample(chart: &Chart) -> i32 {
    if chart.curves.iter().any(|curve| curve.look.dash() > 0) { 25 } else { 0 }
}

/// The names to the right of the plot, each tied to the end of its curve where that is near.
fn draw_names(
    root: &Area,
    chart: &Chart,
    names: &[String],
    place: impl Fn((f64, f64)) -> (i32, i32),
    (right, y_range): (f64, std::ops::Range<f64>),
) -> Result<(), Failure> {
    let drawn: Vec<(&Curve, &String, (f64, f64))> = chart
        .curves
        .iter()
        .zip(names)
        .filter_map(|(curve, name)| Some((curve, name, curve.mean.last().copied()?)))
        .collect();
    let wanted: Vec<i32> = drawn.iter().map(|(_, _, end)| place(*end).1).collect();
    let top = place((right, y_range.end)).1;
    let bottom = place((right, y_range.start)).1;
    let edge = place((right, y_range.start)).0;
    let gap = (15 * UNITS).min((bottom - top) / wanted.len().max(1) as i32);
    for ((curve, name, end), y) in drawn.iter().zip(spread(&wanted, gap, top, bottom)) {
        // A line from a curve that ended long before would read as its continuation.
        if edge - place(*end).0 <= REACH * UNITS {
            let tie = [place(*end), (edge + 4 * UNITS, place(*end).1), (edge + 14 * UNITS, y)];
            root.draw(&PathElement::new(tie, curve.look.solid().mix(0.45).stroke_width(UNITS as u32)))?;
        }
        let (start, width) = (edge + 18 * UNITS, sample(chart) * UNITS);
        if width > 0 {
            let line = [(start, y), (start + width - 5 * UNITS, y)];
            root.draw(&PathElement::new(line, curve.look.line().stroke_width(2 * UNITS as u32)))?;
        }
        let style = ("sans-serif", FONT).into_font().color(&curve.look.solid()).pos(Pos::new(HPos::Left, VPos::Center));
        root.draw(&Text::new(name.as_str(), (start + width, y), style))?;
    }
    Ok(())
}

fn points(chart: &Chart) -> impl Iterator<Item = (f64, f64)> {
    chart.curves.iter().flat_map(|curve| curve.seeds.iter().flat_map(|(_, seed)| seed).chain(&curve.mean)).copied()
}

/// From 0, except where that would leave a good part of a short training empty: what an epoch gave stands at its end.
fn x_range(chart: &Chart) -> std::ops::Range<f64> {
    let least = points(chart).map(|(x, _)| x).fold(f64::INFINITY, f64::min);
    let most = points(chart).map(|(x, _)| x).fold(0.0, f64::max);
    let start = if least < most && least > 0.1 * most { least } else { 0.0 };
    start..if most > 0.0 { most } else { 1.0 }
}

/// How many places of the x-axis are labelled at most. Half an epoch is no place: a short axis has one label for each whole number.
fn most_x_labels(format: Format, range: &std::ops::Range<f64>) -> usize {
    let room = if format.direct { 6 } else { 4 };
    let whole = (range.end - range.start).floor() as usize + 1;
    room.min(whole)
}

fn y_range(chart: &Chart) -> std::ops::Range<f64> {
    let low = points(chart).map(|(_, y)| y).fold(f64::INFINITY, f64::min);
    let high = points(chart).map(|(_, y)| y).fold(f64::NEG_INFINITY, f64::max);
    let room = match (high > low, high == 0.0) {
        (true, _) => 0.05 * (high - low),
        (false, true) => 0.05,
        (false, false) => 0.05 * high.abs(),
    };
    let start = if chart.from_zero { 0.0_f64.min(low) } else { low - room };
    start..high + room
}

/// At most about a thousand points of a long curve: the lowest and the highest of each short stretch, so that spikes stay.
pub fn thin(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    const STRETCHES: usize = 320;
    if points.len() <= 3 * STRETCHES {
        return points.to_vec();
    }
    let mut kept = Vec::with_capacity(2 * STRETCHES + 2);
    kept.extend(points.first());
    for stretch in points.chunks(points.len().div_ceil(STRETCHES)) {
        let low = (0..stretch.len()).min_by(|&a, &b| stretch[a].1.total_cmp(&stretch[b].1));
        let high = (0..stretch.len()).max_by(|&a, &b| stretch[a].1.total_cmp(&stretch[b].1));
        if let (Some(low), Some(high)) = (low, high) {
            kept.push(stretch[low.min(high)]);
            kept.push(stretch[low.max(high)]);
        }
    }
    kept.extend(points.last());
    kept
}

/// A tick's number: thousands apart, no more decimals than it needs.
pub fn number(value: f64) -> String {
    if value.abs() >= 1000.0 {
        let whole = format!("{:.0}", value.abs());
        let mut text = String::new();
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                text.push('\u{202F}');
            }
            text.push(digit);
        }
        return if value < 0.0 { format!("−{text}") } else { text };
    }
    if value != 0.0 && value.abs() < 0.001 {
        // A collapse is watched down here: two digits of any size.
        return format!("{value:.1e}").replace(".0e", "e").replace('-', "−");
    }
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.replace('-', "−") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tick_numbers_have_no_needless_digits() {
        let shown: Vec<String> = [0.0, 0.25, 15.0, 200_000.0, -0.5].into_iter().map(number).collect();
        assert_eq!(shown, ["0", "0.25", "15", "200\u{202F}000", "−0.5"]);
        assert_eq!([2e-5, 0.00015, -3e-4].map(number), ["2e−5", "1.5e−4", "−3e−4"]);
    }

    #[test]
    fn thinning_a_long_curve_keeps_its_spikes_and_its_ends() {
        let mut points: Vec<(f64, f64)> = (0..20_000).map(|x| (f64::from(x), 0.5)).collect();
        points[7_777].1 = 9.0;
        points[12_345].1 = -3.0;
        let kept = thin(&points);
        assert!(kept.len() < 1000, "{} points", kept.len());
        assert!(kept.contains(&(7_777.0, 9.0)) && kept.contains(&(12_345.0, -3.0)));
        assert_eq!((kept.first(), kept.last()), (points.first(), points.last()));
        assert!(kept.windows(2).all(|pair| pair[0].0 <= pair[1].0));
    }
}
