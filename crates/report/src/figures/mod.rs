//! The figures of a report: which there are, what is in them, and what they say in words.

pub mod chart;
mod confusion;
pub mod cost;
mod curves;
pub mod family;
mod finish;
mod frame;
mod labels;
pub mod measure;
mod members;
pub mod overview;
pub mod palette;
mod parameter;
pub mod plans;
mod reliability;
mod sheet;
mod sweep;
pub mod swept;
pub mod test_figures;
mod test_map;

use chart::Chart;
use cost::{CostFigure, cost_figure};
use curves::{curves, has_curve, strip};
use family::FigureFamily;
use finish::{for_page, for_paper, png};
use frame::{FULL, Format, HALF, NARROW, Points};
use measure::Measure;
use members::{left_out, loss_members, members};
use overview::Overview;
use palette::{LineStyle, line_styles};
use plans::{FigureKind, FigurePlan, SWEEP_NAME, plans};
use swept::{SweptKey, swept_keys};
use test_figures::TEST_FIGURES;

use maud::Markup;

use crate::comparison::{RunGroup, has_published_data, main_data, on_main_data, sentences};
use crate::error::ReportError;
use crate::run_directory::{Stage, TargetChange};
use crate::text::{listed, percent, value};

/// The command line that makes the runs which a family of figures needs, as readers of the report would type it; `None`
/// where there is none to name.
pub type FigureCommand = fn(FigureFamily) -> Option<&'static str>;

/// A drawn figure.
#[derive(Debug, Clone)]
pub struct Figure {
    /// What it was drawn by.
    pub plan: FigurePlan,
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
    pub wide: Markup,
    /// For the page on a phone: without direct legends.
    pub narrow: Markup,
}

/// The data of a figure.
#[derive(Debug, Clone)]
pub enum Content {
    /// Curves over epochs.
    Chart(Chart),
    /// Accuracy against a parameter.
    Overview(Overview),
    /// Accuracy against a key of the recipe.
    Sweep(SweptKey),
    /// Accuracy against a cost.
    Cost(CostFigure),
}

/// The path of a figure's file relative to the report; `ending` is `svg` or `png`.
pub fn figure_path(name: &str, ending: &str) -> String {
    format!("figures/{name}.{ending}")
}

/// What [`draw_figures`] made.
#[derive(Debug, Clone)]
pub struct Figures {
    /// The figures, in their order.
    pub drawn: Vec<Figure>,
    /// The plans of those that were not drawn for want of runs.
    pub not_run: Vec<FigurePlan>,
    /// The command that makes the runs of a family, for readers.
    pub command: FigureCommand,
}

impl Figures {
    /// Those not drawn, one line per family: what it is called with its evaluations, and the family.
    pub fn missed(&self) -> Vec<(String, FigureFamily)> {
        let family = |family: FigureFamily| {
            let plans: Vec<&FigurePlan> = self.not_run.iter().filter(|plan| plan.family == family).collect();
            let mut views: Vec<String> = plans.iter().map(|plan| plan.view.to_lowercase()).collect();
            views.dedup();
            match plans.as_slice() {
                [] => None,
                [only] => Some((only.title.clone(), family)),
                _ => Some((format!("{} ({})", family.title(), views.join(", ")), family)),
            }
        };
        FigureFamily::ALL.into_iter().filter_map(family).collect()
    }
}

/// Whether a report can have a figure with this file name.
pub fn is_name(name: &str) -> bool {
    let of_test_images = |kind: &str| name.strip_prefix(kind).is_some_and(|rest| rest.starts_with('-'));
    TEST_FIGURES.into_iter().any(of_test_images)
        || name.starts_with(SWEEP_NAME)
        || plans().into_iter().any(|plan| plan.name == name)
}

/// One style per line of the comparison, the same in every figure and table.
pub fn group_styles(groups: &[RunGroup]) -> Vec<LineStyle> {
    let methods: Vec<&str> = groups.iter().map(|group| group.setting.method.as_str()).collect();
    line_styles(&methods)
}

/// Draws every figure for which there is something to show, and names the others. An overview or a monitor is not
/// missed: the one comes with its ablation, and the other with a pre-training that was watched.
///
/// # Errors
/// [`ReportError::Figure`] if a drawing library refuses.
pub fn draw_figures(groups: &[RunGroup], command: FigureCommand) -> Result<Figures, ReportError> {
    let styles = group_styles(groups);
    let mut figures = Figures { drawn: Vec::new(), not_run: Vec::new(), command };
    let mut sweeps = Some(sweeps(groups, &styles));
    for plan in plans() {
        if plan.family == FigureFamily::All {
            for (plan, figure) in sweeps.take().into_iter().flatten() {
                let caption = plan.caption.to_owned();
                figures.drawn.push(draw_figure(plan, Content::Sweep(figure), caption)?);
            }
        }
        let missed = plan.kind != FigureKind::Overview && plan.family.needs().is_some();
        match content(&plan, groups, &styles) {
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

/// The accuracies against the keys in which lines differ. The overviews of the methods' own parameters show theirs.
fn sweeps(groups: &[RunGroup], styles: &[LineStyle]) -> Vec<(FigurePlan, SweptKey)> {
    let of_stage = |stage: Stage| {
        let is_shown = |method: &str, key: &str| {
            let families = FigureFamily::ALL.into_iter().filter_map(FigureFamily::parameter);
            stage != Stage::Knn && families.into_iter().any(|of| of.method() == method && of.key() == key)
        };
        let keys = swept_keys(groups, stage, styles, &is_shown).into_iter();
        keys.map(move |figure| (plans::sweep(&figure.key, stage), figure)).collect::<Vec<_>>()
    };
    Stage::EVALUATIONS.into_iter().flat_map(of_stage).collect()
}

fn content(plan: &FigurePlan, groups: &[RunGroup], styles: &[LineStyle]) -> Option<Content> {
    let main = main_data(groups);
    let shown = |group: &RunGroup| is_shown(plan, group, main);
    let (family, stage) = (plan.family, plan.stage);
    let (measure, members) = match plan.kind {
        FigureKind::Overview => {
            return overview::overview(groups, family, stage, styles, &shown).map(Content::Overview);
        }
        FigureKind::Cost(cost) => {
            let members = members(family, groups, stage, &shown);
            return cost_figure(cost, groups, &members, stage, styles).map(Content::Cost);
        }
        // Drawn by what is swept, which no plan knows.
        FigureKind::Sweep => return None,
        FigureKind::Curves(measure) => (measure, members(family, groups, stage, &shown)),
        FigureKind::Losses(of) => (Measure::Loss, loss_members(of, groups, stage, &shown)),
    };
    let curves = curves(groups, &members, styles, stage, plan.kind);
    let strip = if measure == Measure::Loss { strip(groups, &curves) } else { Vec::new() };
    (!curves.is_empty()).then_some(Content::Chart(Chart { measure, curves, strip }))
}

/// Whether a line has something to show in a figure.
fn is_shown(plan: &FigurePlan, group: &RunGroup, main: Option<usize>) -> bool {
    if plan.family.compares() && (group.added || !on_main_data(group, main)) {
        return false;
    }
    match plan.kind {
        FigureKind::Curves(measure) => has_curve(group, plan.stage, measure),
        FigureKind::Losses(_) => has_curve(group, plan.stage, Measure::Loss),
        FigureKind::Overview | FigureKind::Sweep => group.score(plan.stage).is_some(),
        FigureKind::Cost(cost) => group.score(plan.stage).is_some() && cost.of(group).is_some(),
    }
}

/// The plan's caption, and what of these runs is not in it: how they stand to the published figures, and the lines
/// that an ablation leaves out, since more than its parameter differs in them.
fn caption(plan: &FigurePlan, groups: &[RunGroup], content: &Content) -> String {
    let members: Vec<usize> = match content {
        Content::Chart(chart) => chart.curves.iter().map(|curve| curve.group).collect(),
        Content::Overview(overview) => overview.points.iter().map(|point| point.group).collect(),
        Content::Sweep(_) => Vec::new(),
        Content::Cost(figure) => figure.points.iter().map(|point| point.group).collect(),
    };
    let main = main_data(groups);
    let names = left_out(plan.family, groups, &members, &|group| is_shown(plan, group, main));
    let mut sentences = vec![plan.caption.to_owned()];
    match content {
        Content::Overview(overview) => sentences.extend(overview.published_marks().map(str::to_owned)),
        Content::Chart(Chart { measure: Measure::Loss, .. })
            if members.iter().any(|&group| has_published_data(&groups[group])) =>
        {
            sentences.push(PUBLISHED_LOSS.to_owned());
        }
        Content::Chart(_) | Content::Sweep(_) | Content::Cost(_) => {}
    }
    if !names.is_empty() {
        sentences.push(format!("Not in it, since more than the parameter differs: {}.", listed(&names, 6)));
    }
    sentences.join(" ")
}

/// How the report's two pictures of the loss are to be read.
const PUBLISHED_LOSS: &str = "In the report's two pictures of the loss, the curve labelled EMA 5_0.005 falls to features within \
                              the second epoch, while MAE-K 5 and MAE-new switch at epoch 5: it is a run with WSE 1. \
                              Compare it with ema-mae, WSE 1, τ 0.005.";

fn draw_figure(plan: FigurePlan, content: Content, caption: String) -> Result<Figure, ReportError> {
    let refused = |reason: String| ReportError::Figure { name: plan.name.clone(), reason };
    let draw = |format: Format| {
        let drawing = match &content {
            Content::Chart(chart) => chart::draw(chart, format),
            Content::Overview(overview) => overview::draw(overview, format),
            Content::Sweep(figure) => sweep::draw(figure, format),
            Content::Cost(figure) => cost::draw(figure, format),
        };
        drawing.map_err(|error| refused(error.to_string()))
    };
    let format = if plan.whole { FULL } else { HALF };
    let (wide, narrow) = (draw(format)?, draw(NARROW)?);
    let description = describe(&plan, &content);
    let paper = for_paper(&draw(Format { points: Points::All, ..format })?, &plan.title, &description);
    Ok(Figure {
        png: png(&paper).map_err(refused)?,
        paper,
        wide: for_page(&wide, &description, "wide"),
        narrow: for_page(&narrow, &description, "narrow"),
        plan,
        description,
        caption,
        content,
    })
}

/// The figure in words: what it shows, and each curve's last value.
fn describe(plan: &FigurePlan, content: &Content) -> String {
    let chart = match content {
        Content::Chart(chart) => chart,
        Content::Overview(overview) => return describe_overview(plan, overview),
        Content::Sweep(figure) => return format!("{}, top-1 in %. {}.", plan.title, sweep::describe(figure)),
        Content::Cost(figure) => return describe_cost(plan, figure),
    };
    let ends = chart.curves.iter().filter_map(|curve| {
        let &(_, y) = curve.mean.last()?;
        let end = chart.measure.decimals().map_or_else(|| value(y), |decimals| format!("{y:.decimals$}"));
        Some(format!("{} {end}", curve.label))
    });
    let ends = ends.collect::<Vec<_>>().join("; ");
    let switches =
        chart.strip.iter().filter(|row| row.events.iter().any(|(_, event)| *event == TargetChange::Switch)).count();
    let strip =
        if switches > 0 { format!(" {switches} of them change from pixels to features.") } else { String::new() };
    format!(
        "{}: {} over {}, one curve per run. Last values: {ends}.{strip}",
        plan.title,
        chart.measure.y_label(),
        Measure::X_LABEL
    )
}

fn describe_cost(plan: &FigurePlan, figure: &CostFigure) -> String {
    let point = |point: &cost::CostPoint| {
        format!("{} {} at {}", point.label, percent(point.score.mean), figure.cost.text(point.x))
    };
    let points: Vec<String> = figure.points.iter().map(point).collect();
    format!("{}, top-1 in % over {}. {}.", plan.title, figure.cost.label(), points.join("; "))
}

fn describe_overview(plan: &FigurePlan, overview: &Overview) -> String {
    let point = |point: &overview::Point| {
        let mean = format!("{} {}: {}", overview.parameter, point.value, percent(point.score.mean));
        let published = sentences::published(point.published);
        match point.published {
            _ if !overview.has_published() => mean,
            Some(_) => format!("{mean} (published {published})"),
            None => format!("{mean} ({published})"),
        }
    };
    let points: Vec<String> = overview.points.iter().map(point).collect();
    format!("{}, top-1 in %. {}.", plan.title, points.join("; "))
}
