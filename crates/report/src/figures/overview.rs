//! Final accuracy against a parameter: one mark per value, these runs filled, the published ones hollow.

use plotters::prelude::*;

use super::family::FigureFamily;
use super::frame::{Area, Axes, Failure, Format, UNITS, below, beside, svg};
use super::palette::{LineStyle, MUTED};
use crate::comparison::{PublishedAccuracy, RunGroup, Score, published_accuracy};
use crate::run_directory::Stage;

/// The line of a hollow mark, in drawing units.
const HOLLOW: u32 = 6;

/// What an overview shows. The values stand at equal distances: those of K, WSE and τ grow by factors.
#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    /// The parameter's sign.
    pub parameter: &'static str,
    /// One entry per value, rising.
    pub points: Vec<Point>,
    /// The colour of these runs.
    pub style: LineStyle,
}

/// One value of the parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The line's place among the groups.
    pub group: usize,
    /// The value as text.
    pub value: String,
    /// Over the finished seeds of these runs.
    pub score: Score,
    /// The published accuracy of this setting.
    pub published: Option<PublishedAccuracy>,
}

/// The overview of a family, if at least two values have finished runs.
pub fn overview(groups: &[RunGroup], family: FigureFamily, stage: Stage, styles: &[LineStyle]) -> Option<Overview> {
    let parameter = family.parameter()?;
    let lines = parameter.ablation(groups, &|group| group.score(stage).is_some());
    let point = |value: &f64| {
        // Two lines of one value are two experiments; the first stands for both.
        let line = lines.iter().find(|&&line| parameter.of(&groups[line].setting) == Some(*value))?;
        let group = &groups[*line];
        let published = published_accuracy(&group.setting, stage);
        Some(Point { group: *line, value: value.to_string(), score: group.score(stage)?, published })
    };
    let points: Vec<Point> = parameter.values(groups, &lines).iter().filter_map(point).collect();
    let style = *styles.get(*lines.first()?)?;
    (points.len() >= 2).then_some(Overview { parameter: parameter.sign(), points, style })
}

/// Draws an overview in inks.
pub fn draw(overview: &Overview, format: Format) -> Result<String, Failure> {
    svg(format.width, format.height, |root| draw_on(root, overview))
}

fn draw_on(root: &Area, overview: &Overview) -> Result<(), Failure> {
    let points = &overview.points;
    let (low, high) = range(points);
    let axes = Axes {
        x_label: overview.parameter,
        y_label: "top-1, %",
        x: -0.5..points.len() as f64 - 0.5,
        y: low..high,
        labels: (0, 5),
        title: 2,
        top: 40,
        right: 12,
    };
    let mut context = axes.draw(root)?;

    let at = |index: usize, y: f64| (index as f64, y);
    let means = points.iter().enumerate().map(|(index, point)| at(index, point.score.mean));
    let ink = overview.style.solid();
    context.draw_series(LineSeries::new(means.clone(), ink.mix(0.35).stroke_width(UNITS as u32)))?;
    for (index, point) in points.iter().enumerate() {
        let mean = point.score.mean;
        if let Some(sd) = point.score.sd {
            let bar = vec![at(index, mean - sd), at(index, mean + sd)];
            context.draw_series(std::iter::once(PathElement::new(bar, ink.stroke_width(2 * UNITS as u32))))?;
        }
        let dot = Circle::new(at(index, mean), 4 * UNITS, ink.filled());
        context.draw_series(std::iter::once(dot))?;
        if let Some(published) = point.published {
            // Hollow, so that it hides no mark beneath it.
            let ring = Circle::new(at(index, published.top1), 5 * UNITS, MUTED.stroke_width(HOLLOW));
            context.draw_series(std::iter::once(ring))?;
        }
    }

    let plot = context.plotting_area();
    for (index, point) in points.iter().enumerate() {
        let (x, y) = plot.map_coordinate(&at(index, low));
        root.draw(&Text::new(point.value.as_str(), (x, y + 6 * UNITS), below(MUTED)))?;
    }
    draw_key(root, overview)
}

/// What filled and hollow marks are.
fn draw_key(root: &Area, overview: &Overview) -> Result<(), Failure> {
    let (y, first, second) = (24 * UNITS, 6 * UNITS, 104 * UNITS);
    root.draw(&Circle::new((first, y), 4 * UNITS, overview.style.solid().filled()))?;
    root.draw(&Text::new("these runs", (first + 12 * UNITS, y), beside(MUTED)))?;
    if overview.points.iter().any(|point| point.published.is_some()) {
        root.draw(&Circle::new((second, y), 5 * UNITS, MUTED.stroke_width(HOLLOW)))?;
        root.draw(&Text::new("published", (second + 12 * UNITS, y), beside(MUTED)))?;
    }
    Ok(())
}

fn range(points: &[Point]) -> (f64, f64) {
    let ends = points.iter().flat_map(|point| {
        let sd = point.score.sd.unwrap_or(0.0);
        [point.score.mean - sd, point.score.mean + sd]
            .into_iter()
            .chain(point.published.map(|published| published.top1))
    });
    let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)));
    let room = (0.1 * (high - low)).max(0.5);
    (low - room, high + room)
}
