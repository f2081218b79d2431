//! The figures of a report: which there are, what is in them, and what they say in words.

pub mod chart;
mod curves;
pub mod family;
mod finish;
mod labels;
pub mod measure;
pub mod overview;
pub mod palette;
pub mod plans;

use chart::{Chart, Curve, FULL, Format, HALF, NARROW};
use curves::{curve, has_curve, strip};
use family::Family;
use finish::{finish, png};
use overview::Overview;
use palette::{Dress, Look, looks};
use plans::{Drawing, Plan, plans};

use crate::compare::Group;
use crate::error::ReportError;
use crate::read::Event;
use crate::wording;

/// A drawn figure.
#[derive(Debug, Clone)]
pub struct Figure {
    /// What it was drawn by.
    pub plan: Plan,
    /// What it shows, in words: the text alternative.
    pub description: String,
    /// Its caption: the plan's, and what of these runs is not in it.
    pub caption: String,
    /// What is in it.
    pub content: Content,
    /// A file of its own, on white.
    pub paper: String,
    /// The same in pixels.
    pub png: Vec<u8>,
    /// For the page, where there is room.
    pub wide: String,
    /// For the page on a phone: without direct legends.
    pub narrow: String,
}

/// The data of a figure.
#[derive(Debug, Clone)]
pub enum Content {
    /// Curves over epochs.
    Chart(Chart),
    /// Accuracy against a parameter.
    Overview(Overview),
}

impl Figure {
    /// The curves; none in an overview.
    pub fn curves(&self) -> &[Curve] {
        match &self.content {
            Content::Chart(chart) => &chart.curves,
            Content::Overview(_) => &[],
        }
    }
}

/// The path of a figure's file relative to the report; `ending` is `svg` or `png`.
pub fn figure_path(name: &str, ending: &str) -> String {
    format!("figures/{name}.{ending}")
}

/// What [`draw_figures`] made.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// The figures, in their order.
    pub drawn: Vec<Figure>,
    /// The plans of those that were not drawn for want of runs.
    pub not_run: Vec<Plan>,
}

impl Figures {
    /// Those not drawn, one line per family: what it is called with its evaluations, and what it needs.
    pub fn missed(&self) -> Vec<(String, &'static str)> {
        let family = |family: Family| {
            let plans: Vec<&Plan> = self.not_run.iter().filter(|plan| plan.family == family).collect();
            let views: Vec<String> = plans.iter().map(|plan| plan.view.to_lowercase()).collect();
            match plans.as_slice() {
                [] => None,
                [only] => Some((only.title.clone(), family.needs())),
                _ => Some((format!("{} ({})", family.title(), views.join(", ")), family.needs())),
            }
        };
        Family::EVERY.into_iter().filter_map(family).collect()
    }
}

/// The file names of all figures that a report can have.
pub fn names() -> impl Iterator<Item = String> {
    plans().into_iter().map(|plan| plan.name)
}

/// One look per line of the comparison, the same in every figure and table.
pub fn group_looks(groups: &[Group]) -> Vec<Look> {
    looks(groups.iter().map(|group| group.setting.method.as_str()))
}

/// Draws every figure for which there is something to show, and names the others. An overview or a monitor is not missed: the
/// one comes with its ablation, and the other with a pre-training that was watched.
///
/// # Errors
/// [`ReportError::Figure`] if a drawing library refuses.
pub fn draw_figures(groups: &[Group]) -> Result<Figures, ReportError> {
    let looks = group_looks(groups);
    let mut figures = Figures::default();
    for plan in plans() {
        let missed = plan.drawing != Drawing::Overview && !matches!(plan.family, Family::Monitors | Family::All);
        match content(&plan, groups, &looks) {
            Some(content) => {
                let caption = caption(&plan, groups, &content);
                figures.drawn.push(draw_figure(plan, content, caption)?);
            }
            None if missed => figures.not_run.push(plan),
            None => {}
        }
    }
    Ok(figures)
}

fn content(plan: &Plan, groups: &[Group], looks: &[Look]) -> Option<Content> {
    let measure = match plan.drawing {
        Drawing::Overview => return overview::overview(groups, plan.family, plan.stage, looks).map(Content::Overview),
        Drawing::Curves(measure) => measure,
    };
    let members = plan.family.members(groups, plan.stage, &|group| has_curve(group, plan.stage, measure));
    let curves: Vec<Curve> =
        members.iter().filter_map(|member| curve(groups, member, looks[member.group], plan.stage, measure)).collect();
    let strip = if measure == measure::Measure::Loss { strip(groups, &curves) } else { Vec::new() };
    let (x_label, y_label, from_zero) = (measure.x_label(), measure.y_label(), measure.starts_at_zero());
    let decimals = measure.decimals();
    (!curves.is_empty()).then_some(Content::Chart(Chart { x_label, y_label, curves, strip, from_zero, decimals }))
}

/// The plan's caption, and behind it the lines that an ablation leaves out, since more than its parameter differs in them.
fn caption(plan: &Plan, groups: &[Group], content: &Content) -> String {
    let members: Vec<usize> = match content {
        Content::Chart(chart) => chart.curves.iter().map(|curve| curve.group).collect(),
        Content::Overview(overview) => overview.points.iter().map(|point| point.group).collect(),
    };
    let shown = |group: &Group| match plan.drawing {
        Drawing::Curves(measure) => has_curve(group, plan.stage, measure),
        Drawing::Overview => group.score(plan.stage).is_some(),
    };
    let left_out = plan.family.left_out(groups, &members, &shown);
    match left_out.as_slice() {
        [] => plan.caption.to_owned(),
        names => {
            format!("{} Not in it, since more than the parameter differs: {}.", plan.caption, wording::listed(names, 6))
        }
    }
}

fn draw_figure(plan: Plan, content: Content, caption: String) -> Result<Figure, ReportError> {
    let refused = |reason: String| ReportError::Figure { name: plan.name.clone(), reason };
    let draw = |format: Format| {
        let drawing = match &content {
            Content::Chart(chart) => chart::draw(chart, format),
            Content::Overview(overview) => overview::draw(overview, format),
        };
        drawing.map_err(|error| refused(error.to_string()))
    };
    let (wide, narrow) = (draw(if plan.whole { FULL } else { HALF })?, draw(NARROW)?);
    let description = describe(&plan, &content);
    let paper = finish(&wide, &description, Dress::Paper);
    Ok(Figure {
        png: png(&paper).map_err(refused)?,
        paper,
        wide: finish(&wide, &description, Dress::Page),
        narrow: finish(&narrow, &description, Dress::Page),
        plan,
        description,
        caption,
        content,
    })
}

/// The figure in words: what it shows, and each curve's last value.
fn describe(plan: &Plan, content: &Content) -> String {
    let chart = match content {
        Content::Chart(chart) => chart,
        Content::Overview(overview) => return describe_overview(plan, overview),
    };
    let ends = chart.curves.iter().filter_map(|curve| {
        let (_, y) = curve.mean.last()?;
        let end = chart.decimals.map_or_else(|| wording::value(*y), |decimals| format!("{y:.decimals$}"));
        Some(format!("{} {end}", curve.label))
    });
    let ends = ends.collect::<Vec<_>>().join("; ");
    let switches = chart.strip.iter().filter(|row| row.events.iter().any(|(_, event)| *event == Event::Switch)).count();
    let strip =
        if switches > 0 { format!(" {switches} of them change from pixels to features.") } else { String::new() };
    format!("{}: {} over {}, one curve per run. Last values: {ends}.{strip}", plan.title, chart.y_label, chart.x_label)
}

fn describe_overview(plan: &Plan, overview: &Overview) -> String {
    let point = |point: &overview::Point| {
        let (mean, published) = (wording::percent(point.score.mean), wording::published(point.published));
        let published = if point.published.is_some() { format!("published {published}") } else { published };
        format!("{} {}: {mean} ({published})", overview.parameter, point.value)
    };
    let points: Vec<String> = overview.points.iter().map(point).collect();
    format!("{}, top-1 in %. {}.", plan.title, points.join("; "))
}
