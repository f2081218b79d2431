//! Final accuracy against the cost of the pre-training: one mark per line of the comparison.

use plotters::prelude::*;

use super::frame::{Area, Axes, Failure, Format, UNITS, draw_name, svg};
use super::labels::{LINE, Names, spread};
use super::members::Member;
use super::palette::{LineStyle, apart};
use crate::comparison::{RunGroup, Score};
use crate::run_directory::{Run, Stage, harmonic_mean};

/// What x measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// Hours of work on the pre-training.
    Hours,
    /// Its images a second.
    Rate,
}

/// What the figure shows.
#[derive(Debug, Clone, PartialEq)]
pub struct CostFigure {
    /// What x measures.
    pub cost: Cost,
    /// One mark each.
    pub points: Vec<CostPoint>,
}

/// One line of the comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct CostPoint {
    /// Its place among the groups.
    pub group: usize,
    /// Its name in this figure.
    pub label: String,
    /// Its colour; what a curve has as a dash is the shape of the mark here.
    pub style: LineStyle,
    /// The cost, the mean over seeds.
    pub x: f64,
    /// The accuracy over the finished seeds.
    pub score: Score,
}

impl Cost {
    /// What x measures, with its unit.
    pub fn label(self) -> &'static str {
        match self {
            Self::Hours => "hours of pre-training",
            Self::Rate => "images/s of pre-training",
        }
    }

    /// A value as a reader sees it.
    pub fn text(self, value: f64) -> String {
        match self {
            Self::Hours if value < 0.1 && value > 0.0 => format!("{value:.4}"),
            Self::Hours => format!("{value:.2}"),
            Self::Rate => format!("{value:.0}"),
        }
    }

    /// What the pre-trainings of a line cost; `None` where they are not there.
    pub fn of(self, group: &RunGroup) -> Option<f64> {
        let runs = || group.stage(Stage::Pretrain).filter(|run| run.finished());
        match self {
            Self::Hours if group.setting.method == "scratch" => Some(0.0),
            Self::Hours => {
                let seconds: Vec<f64> = runs().filter_map(|run| run.metrics.wall_s).collect();
                let hours = seconds.iter().sum::<f64>() / 3600.0 / seconds.len() as f64;
                (!seconds.is_empty()).then_some(hours)
            }
            Self::Rate => harmonic_mean(runs().filter_map(Run::images_per_s)),
        }
    }
}

/// The figure of some lines, if at least two of them have both an accuracy and a cost.
pub fn cost_figure(
    cost: Cost,
    groups: &[RunGroup],
    members: &[Member],
    stage: Stage,
    styles: &[LineStyle],
) -> Option<CostFigure> {
    let point = |member: &Member| {
        let group = &groups[member.group];
        let (x, score) = (cost.of(group)?, group.score(stage)?);
        Some(CostPoint { group: member.group, label: member.label.clone(), style: styles[member.group], x, score })
    };
    let mut points: Vec<CostPoint> = members.iter().filter_map(point).collect();
    let apart = apart(points.iter().map(|point| point.style));
    points.iter_mut().zip(apart).for_each(|(point, style)| point.style = style);
    (points.len() >= 2).then_some(CostFigure { cost, points })
}

/// Draws the figure in inks. The names stand in a column of their own, since many marks lie close together.
pub fn draw(figure: &CostFigure, format: Format) -> Result<String, Failure> {
    let names = Names::of(figure.points.iter().map(|point| point.label.as_str()), format.most_of_names());
    let height = format.height.max(FRAME + names.height());
    svg(format.width, height, |root| draw_on(root, figure, &names, format))
}

/// The height of what is above and below the plot, in CSS pixels.
const FRAME: i32 = 76;

fn draw_on(root: &Area, figure: &CostFigure, names: &Names, format: Format) -> Result<(), Failure> {
    let points = &figure.points;
    let (x, y) = (range(points.iter().map(|point| (point.x, 0.0))), range(points.iter().map(height)));
    let axes = Axes {
        x_label: figure.cost.label(),
        y_label: "top-1, %",
        // Nothing costs less than nothing.
        x: x.0.max(0.0)..x.1,
        y: y.0..y.1,
        labels: (if format.direct { 5 } else { 3 }, 6),
        title: 2,
        top: 24,
        right: 36 + names.width,
        bottom: 0,
    };
    let context = axes.draw(root)?;
    let plot = context.plotting_area();
    let place = |x: f64, y: f64| plot.map_coordinate(&(x, y));

    for point in points {
        let (mean, sd) = height(point);
        if sd > 0.0 {
            let bar = [place(point.x, mean - sd), place(point.x, mean + sd)];
            root.draw(&PathElement::new(bar, point.style.solid().stroke_width(2 * UNITS as u32)))?;
        }
        draw_mark(root, place(point.x, mean), point.style)?;
    }
    // The names stand in the order of the marks' heights.
    let (edge, top) = place(axes.x.end, axes.y.end);
    let bottom = place(axes.x.end, axes.y.start).1;
    let wanted: Vec<i32> = points.iter().map(|point| place(point.x, point.score.mean).1).collect();
    let heights: Vec<i32> = names.lines.iter().map(|name| LINE * UNITS * name.len() as i32).collect();
    for ((point, name), y) in points.iter().zip(&names.lines).zip(spread(&wanted, &heights, top, bottom)) {
        draw_mark(root, (edge + 14 * UNITS, y), point.style)?;
        draw_name(root, name, (edge + 24 * UNITS, y), point.style.solid())?;
    }
    Ok(())
}

/// A disc, a ring or a square.
fn draw_mark(root: &Area, (x, y): (i32, i32), style: LineStyle) -> Result<(), Failure> {
    let (ink, radius) = (style.solid(), 4 * UNITS);
    match style.dash() {
        0 => root.draw(&Circle::new((x, y), radius, ink.filled()))?,
        1 => root.draw(&Circle::new((x, y), radius, ink.stroke_width(2 * UNITS as u32)))?,
        _ => root.draw(&Rectangle::new([(x - radius, y - radius), (x + radius, y + radius)], ink.filled()))?,
    }
    Ok(())
}

fn height(point: &CostPoint) -> (f64, f64) {
    (point.score.mean, point.score.sd.unwrap_or(0.0))
}

/// From the lowest to the highest of some values with their deviations, with some room.
fn range(values: impl Iterator<Item = (f64, f64)>) -> (f64, f64) {
    let ends = values.flat_map(|(mean, sd)| [mean - sd, mean + sd]);
    let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)));
    let room = if high > low { 0.08 * (high - low) } else { 0.05 * high.abs().max(1.0) };
    (low - room, high + room)
}
