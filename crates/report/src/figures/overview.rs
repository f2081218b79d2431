//! Final accuracy against a parameter: one mark per value, these runs filled, the published ones hollow.

use plotters::prelude::*;

use super::family::FigureFamily;
use super::frame::{Area, Axes, Failure, Format, UNITS, below, beside, svg};
use super::palette::{LineStyle, MUTED};
use crate::comparison::{PublishedAccuracy, RunGroup, Score, published_beside};
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
    /// The published accuracy of this setting, where the data is the same.
    pub published: Option<PublishedAccuracy>,
}

/// The overview of a family, if at least two values have finished runs.
pub fn overview(
    groups: &[RunGroup],
    family: FigureFamily,
    stage: Stage,
    styles: &[LineStyle],
    shown: &dyn Fn(&RunGroup) -> bool,
) -> Option<Overview> {
    let parameter = family.parameter()?;
    let lines = parameter.ablation(groups, shown);
    let point = |value: &f64| {
        // Two lines of one value are two experiments; the first stands for both.
        let line = lines.iter().find(|&&line| parameter.of(&groups[line].setting) == Some(*value))?;
        let group = &groups[*line];
        let published = published_beside(group, stage);
        Some(Point { group: *line, value: value.to_string(), score: group.score(stage)?, published })
    };
    let points: Vec<Point> = parameter.values(groups, &lines).iter().filter_map(point).collect();
    let style = *styles.get(*lines.first()?)?;
    (points.len() >= 2).then_some(Overview { parameter: parameter.sign(), points, style })
}

impl Overview {
    /// What its hollow marks are; `None` where there are none.
    pub fn published_marks(&self) -> Option<&'static str> {
        match self.panels() {
            Panels::Ours => None,
            Panels::Shared => Some("Hollow marks are the published values of the full setting."),
            Panels::Apart => Some(
                "Hollow marks are the published values of the full setting; they have an axis of their own, since on one \
                 axis the distance between the two would flatten them: compare the shapes.",
            ),
        }
    }

    /// Whether some value was published.
    pub fn has_published(&self) -> bool {
        self.published().next().is_some()
    }

    fn panels(&self) -> Panels {
        let (ours, published) = (ends(self.points.iter().flat_map(Point::ours)), ends(self.published()));
        let span = |ends: (f64, f64)| (ends.1 - ends.0).max(LEAST_SPAN);
        let together = span((ours.0.min(published.0), ours.1.max(published.1)));
        match self.has_published() {
            false => Panels::Ours,
            true if span(ours).min(span(published)) < LEAST_SHARE * together => Panels::Apart,
            true => Panels::Shared,
        }
    }

    fn published(&self) -> impl Iterator<Item = f64> {
        self.points.iter().filter_map(|point| Some(point.published?.top1))
    }
}

impl Point {
    /// Both ends of its deviation.
    fn ours(&self) -> [f64; 2] {
        let sd = self.score.sd.unwrap_or(0.0);
        [self.score.mean - sd, self.score.mean + sd]
    }
}

/// How these runs and the published ones share the figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Panels {
    /// There are no published values.
    Ours,
    /// One axis for both.
    Shared,
    /// One above the other, each with an axis of its own: on a shared one, the distance between the two would leave
    /// neither any room for its shape.
    Apart,
}

/// What one panel shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Panel {
    Ours,
    Published,
    Both,
}

/// Of a shared axis both these runs and the published values take so much at least: less would be a flat line.
const LEAST_SHARE: f64 = 0.25;
/// Points that lie closer than this are not far from each other, however flat their curves are; in percent.
const LEAST_SPAN: f64 = 2.0;

/// Draws an overview in inks.
pub fn draw(overview: &Overview, format: Format) -> Result<String, Failure> {
    let (panels, height) = match overview.panels() {
        Panels::Ours => (vec![Panel::Ours], format.height),
        Panels::Shared => (vec![Panel::Both], format.height),
        Panels::Apart => (vec![Panel::Ours, Panel::Published], format.height * 8 / 5),
    };
    svg(format.width, height, |root| {
        let (key, plots) = root.split_vertically(KEY * UNITS);
        draw_key(&key, overview)?;
        let areas = plots.split_evenly((panels.len(), 1));
        areas.iter().zip(panels).try_for_each(|(area, panel)| draw_panel(area, overview, panel))
    })
}

/// The height of the key in CSS pixels.
const KEY: i32 = 22;

fn draw_panel(root: &Area, overview: &Overview, panel: Panel) -> Result<(), Failure> {
    let points = &overview.points;
    let (low, high) = range(overview, panel);
    let axes = Axes {
        x_label: overview.parameter,
        y_label: if panel == Panel::Published { "published top-1, %" } else { "top-1, %" },
        x: -0.5..points.len() as f64 - 0.5,
        y: low..high,
        labels: (0, 5),
        title: 2,
        top: 26,
        right: 12,
        bottom: 0,
    };
    let mut context = axes.draw(root)?;

    let at = |index: usize, y: f64| (index as f64, y);
    let ink = overview.style.solid();
    if panel != Panel::Published {
        let means = points.iter().enumerate().map(|(index, point)| at(index, point.score.mean));
        context.draw_series(LineSeries::new(means, ink.mix(0.35).stroke_width(UNITS as u32)))?;
    } else {
        let values = points.iter().enumerate().filter_map(|(index, point)| Some(at(index, point.published?.top1)));
        context.draw_series(LineSeries::new(values, MUTED.mix(0.35).stroke_width(UNITS as u32)))?;
    }
    for (index, point) in points.iter().enumerate() {
        if panel != Panel::Published {
            let [low, high] = point.ours();
            let bar = vec![at(index, low), at(index, high)];
            context.draw_series(std::iter::once(PathElement::new(bar, ink.stroke_width(2 * UNITS as u32))))?;
            let dot = Circle::new(at(index, point.score.mean), 4 * UNITS, ink.filled());
            context.draw_series(std::iter::once(dot))?;
        }
        if let Some(published) = point.published.filter(|_| panel != Panel::Ours) {
            // Hollow, so that it hides no mark beneath it.
            let ring = Circle::new(at(index, published.top1), 5 * UNITS, MUTED.stroke_width(HOLLOW));
            context.draw_series(std::iter::once(ring))?;
        }
    }

    let plot = context.plotting_area();
    let (left, top) = root.get_base_pixel();
    for (index, point) in points.iter().enumerate() {
        let (x, y) = plot.map_coordinate(&at(index, low));
        root.draw(&Text::new(point.value.as_str(), (x - left, y - top + 6 * UNITS), below(MUTED)))?;
    }
    Ok(())
}

/// What filled and hollow marks are.
fn draw_key(root: &Area, overview: &Overview) -> Result<(), Failure> {
    let (y, first, second) = (10 * UNITS, 6 * UNITS, 104 * UNITS);
    root.draw(&Circle::new((first, y), 4 * UNITS, overview.style.solid().filled()))?;
    root.draw(&Text::new("these runs", (first + 12 * UNITS, y), beside(MUTED)))?;
    if overview.has_published() {
        root.draw(&Circle::new((second, y), 5 * UNITS, MUTED.stroke_width(HOLLOW)))?;
        root.draw(&Text::new("published", (second + 12 * UNITS, y), beside(MUTED)))?;
    }
    Ok(())
}

fn range(overview: &Overview, panel: Panel) -> (f64, f64) {
    let ours = overview.points.iter().flat_map(Point::ours).filter(|_| panel != Panel::Published);
    let (low, high) = ends(ours.chain(overview.published().filter(|_| panel != Panel::Ours)));
    let room = (0.1 * (high - low)).max(0.5);
    (low - room, high + room)
}

/// The lowest and the highest.
fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::palette::line_styles;

    /// How an overview of these accuracies and the published ones is drawn.
    fn panels(ours: [f64; 2], published: [f64; 2]) -> Panels {
        let point = |(ours, published): (f64, f64)| Point {
            group: 0,
            value: String::new(),
            score: Score::of(vec![(0, ours)], None).expect("a seed"),
            published: Some(PublishedAccuracy { top1: published, from_figure: false }),
        };
        let points = ours.into_iter().zip(published).map(point).collect();
        Overview { parameter: "K", points, style: line_styles(&["mae-k"])[0] }.panels()
    }

    #[test]
    fn published_values_share_an_axis_only_where_they_flatten_nothing() {
        assert_eq!(panels([47.0, 51.0], [52.0, 57.0]), Panels::Shared);
        assert_eq!(panels([11.0, 40.0], [89.0, 91.0]), Panels::Apart);
        assert_eq!(panels([30.0, 32.5], [34.0, 60.0]), Panels::Apart, "near each other, but one is flat");
        assert_eq!(panels([90.0, 90.1], [90.4, 91.0]), Panels::Shared, "less than two points are noise");
    }
}
