//! The drawing of an accuracy against a key of the recipe.

use plotters::prelude::*;

use super::frame::{Area, Axes, Failure, Format, UNITS, below, draw_name, svg};
use super::labels::{LINE, Names, spread};
use super::palette::MUTED;
use super::swept::{Scale, SweptCurve, SweptKey};
use crate::text::percent;

/// The height of what is above and below the plot, in CSS pixels.
const FRAME: i32 = 76;
/// The width of a letter of a value below the axis, in CSS pixels, and the room between two values.
const LETTER: i32 = 7;
const BETWEEN: i32 = 8;

/// Draws the figure in inks. Where there are several curves, their names stand to the right.
pub fn draw(figure: &SweptKey, format: Format) -> Result<String, Failure> {
    let shown = figure.curves.iter().filter(|_| figure.curves.len() > 1);
    let names = Names::of(shown.map(|curve| curve.label.as_str()), format.most_of_names());
    let height = format.height.max(FRAME + names.height());
    svg(format.width, height, |root| draw_on(root, figure, &names))
}

fn draw_on(root: &Area, figure: &SweptKey, names: &Names) -> Result<(), Failure> {
    let positions = figure.positions();
    let (left, right) = ends(positions.iter().copied());
    let room = if right > left { 0.06 * (right - left) } else { 0.5 };
    let ends_of = |curve: &SweptCurve| {
        curve
            .points
            .iter()
            .flat_map(|point| {
                let sd = point.score.sd.unwrap_or(0.0);
                [point.score.mean - sd, point.score.mean + sd]
            })
            .collect::<Vec<f64>>()
    };
    let (low, high) = ends(figure.curves.iter().flat_map(ends_of));
    let above = (0.1 * (high - low)).max(0.5);
    let x_label = match figure.scale {
        Scale::Logarithmic => format!("{} (logarithmic)", figure.key),
        Scale::Linear | Scale::Categories => figure.key.clone(),
    };
    let axes = Axes {
        x_label: &x_label,
        y_label: "top-1, %",
        x: left - room..right + room,
        y: low - above..high + above,
        labels: (0, 5),
        title: 2,
        top: 26,
        right: if names.lines.is_empty() { 12 } else { 36 + names.width },
        bottom: 0,
    };
    let context = axes.draw(root)?;
    let plot = context.plotting_area();
    let place = |x: f64, y: f64| plot.map_coordinate(&(x, y));

    for curve in &figure.curves {
        let ink = curve.style.solid();
        let at = |point: &super::swept::SweptPoint| place(positions[point.value], point.score.mean);
        let line: Vec<(i32, i32)> = curve.points.iter().map(at).collect();
        root.draw(&PathElement::new(line, ink.mix(0.45).stroke_width(UNITS as u32 + 1)))?;
        for point in &curve.points {
            let (x, y) = at(point);
            if let Some(sd) = point.score.sd.filter(|sd| *sd > 0.0) {
                let bar = [-sd, sd].map(|off| place(positions[point.value], point.score.mean + off));
                root.draw(&PathElement::new(bar, ink.stroke_width(2 * UNITS as u32)))?;
            }
            root.draw(&Circle::new((x, y), 4 * UNITS, ink.filled()))?;
        }
    }
    // The values themselves, where one has room beside the last.
    let (_, bottom) = place(left, low - above);
    let mut edge = i32::MIN;
    for (value, x) in figure.values.iter().zip(&positions) {
        let shown: String = value.chars().take(16).collect();
        let half = LETTER * shown.chars().count() as i32 / 2 * UNITS;
        let (x, _) = place(*x, low);
        if x - half > edge {
            root.draw(&Text::new(shown.as_str(), (x, bottom + 6 * UNITS), below(MUTED)))?;
            edge = x + half + BETWEEN * UNITS;
        }
    }
    // The names stand in the order in which the curves end.
    let named: Vec<&SweptCurve> = figure.curves.iter().take(names.lines.len()).collect();
    let last = |curve: &&SweptCurve| curve.points.last().map_or(low, |point| point.score.mean);
    let wanted: Vec<i32> = named.iter().map(|curve| place(right, last(curve)).1).collect();
    let heights: Vec<i32> = names.lines.iter().map(|name| LINE * UNITS * name.len() as i32).collect();
    let ((edge, top), (_, bottom)) = (place(right + room, high + above), place(right, low - above));
    for ((curve, name), y) in named.iter().zip(&names.lines).zip(spread(&wanted, &heights, top, bottom)) {
        root.draw(&Circle::new((edge + 14 * UNITS, y), 4 * UNITS, curve.style.solid().filled()))?;
        draw_name(root, name, (edge + 24 * UNITS, y), curve.style.solid())?;
    }
    Ok(())
}

/// The figure in words: `pretrain.mask_ratio 0.5: 61.00; ...`, of several curves each behind its name.
pub fn describe(figure: &SweptKey) -> String {
    let of_curve = |curve: &SweptCurve| {
        let points: Vec<String> = curve
            .points
            .iter()
            .map(|point| format!("{}: {}", figure.values[point.value], percent(point.score.mean)))
            .collect();
        let points = points.join("; ");
        if figure.curves.len() > 1 { format!("{} ({points})", curve.label) } else { points }
    };
    format!("{} {}", figure.key, figure.curves.iter().map(of_curve).collect::<Vec<_>>().join(", "))
}

fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)))
}
