//! The curves: a panel for each family of figures, with its views. Without the script all panels stand below each other
//! with drawn figures; the script makes tabs of them and puts live charts in the drawings' place.

use maud::{Markup, html};

use super::contents::{Contents, Section, swatch};
use crate::comparison::{Score, sentences};
use crate::figures::cost::{CostFigure, CostPoint};
use crate::figures::family::FigureFamily;
use crate::figures::measure::Measure;
use crate::figures::overview::{self, Overview};
use crate::figures::plans::{FigureKind, FigurePlan};
use crate::figures::swept::{SweptCurve, SweptKey};
use crate::figures::{Content, Figure};
use crate::run_directory::Stage;
use crate::text::percent;

/// The section of all curves.
pub fn curves(contents: &Contents) -> Option<Section> {
    let families = tabs(&contents.figures.drawn);
    let html = html! { div id="explorer" { @for &family in &families { (panel(contents, family)) } } };
    (!families.is_empty()).then_some(Section { id: "curves", title: "Curves", html })
}

/// The families that have a tab, in their order: those with something to show, and of those that show the same, one.
fn tabs(drawn: &[Figure]) -> Vec<FigureFamily> {
    let shown = |family: FigureFamily| -> Vec<TabContent> {
        drawn.iter().filter(|figure| figure.plan.family == family).map(TabContent::of).collect()
    };
    let with_figures: Vec<(FigureFamily, Vec<TabContent>)> = FigureFamily::ALL
        .into_iter()
        .map(|family| (family, shown(family)))
        .filter(|(_, shown)| !shown.is_empty())
        .collect();
    let mut tabs: Vec<FigureFamily> = Vec::new();
    for (_, own) in &with_figures {
        // Of those that show all of this one, itself among them, the one with the most figures, or the last of equals. It
        // stands where the first of them would.
        let holds = |(_, other): &&(FigureFamily, Vec<TabContent>)| own.iter().all(|figure| other.contains(figure));
        let whole = with_figures.iter().filter(holds).max_by_key(|(_, other)| other.len());
        tabs.extend(whole.map(|(family, _)| *family).filter(|family| !tabs.contains(family)));
    }
    tabs
}

/// What a figure shows, apart from its title.
#[derive(PartialEq)]
enum TabContent {
    /// These lines of the comparison, each in a measure.
    Curves(Stage, Vec<(usize, Measure)>),
    /// What no other figure shows.
    Own(String),
}

impl TabContent {
    fn of(figure: &Figure) -> Self {
        match &figure.content {
            Content::Chart(chart) => {
                let curves = chart.curves.iter().map(|curve| (curve.group, curve.measure));
                Self::Curves(figure.plan.stage, curves.collect())
            }
            Content::Overview(_) | Content::Sweep(_) | Content::Cost(_) => Self::Own(figure.plan.name.clone()),
        }
    }
}

fn panel(contents: &Contents, family: FigureFamily) -> Markup {
    let drawn = contents.figures.drawn.iter().map(|figure| (&figure.plan, figure_html(figure)));
    let not_run = contents.figures.not_run.iter().map(|plan| (plan, absent(contents, plan)));
    let mut figures: Vec<(&FigurePlan, Markup)> =
        drawn.chain(not_run).filter(|(plan, _)| plan.family == family).collect();
    // The order of the plans, whether drawn or not: fine-tuning stands before the probe.
    figures.sort_by_key(|(plan, _)| match plan.stage {
        Stage::Finetune => 0,
        Stage::Linprobe => 1,
        Stage::Pretrain | Stage::Knn => 2,
    });
    let mut views: Vec<(&str, Vec<Markup>)> = Vec::new();
    for (plan, html) in figures {
        match views.iter_mut().find(|(view, _)| *view == plan.view) {
            Some((_, all)) => all.push(html),
            None => views.push((plan.view, vec![html])),
        }
    }
    let name = family.name();
    html! {
        div class="panel" id={ "panel-" (name) } data-tab=(family.tab()) {
            h3 { (family.title()) }
            @if family == FigureFamily::Monitors && !contents.summary.collapses.is_empty() { (collapses(contents)) }
            @for (index, (view, figures)) in views.iter().enumerate() {
                div class="figures" id={ (name) "-" (index) } data-view=(view) {
                    @for figure in figures { (figure) }
                }
            }
        }
    }
}

/// The sentence in the place of a figure.
fn absent(contents: &Contents, plan: &FigurePlan) -> Markup {
    html! {
        div class="absent" id=(plan.name) {
            h4 { (plan.title) }
            p { "Not run: " (needs(contents, plan.family)) "." }
        }
    }
}

/// What must have been run for the figures of a family, and how.
pub fn needs(contents: &Contents, family: FigureFamily) -> Markup {
    html! {
        "needs " (family.needs().unwrap_or_default())
        @if let Some(command) = (contents.figures.command)(family) { "; " code { (command) } " runs them" }
    }
}

/// The announcements of collapse, above the monitors that show it.
fn collapses(contents: &Contents) -> Markup {
    html! {
        div class="alert" role="note" {
            strong { "Announced collapses" }
            ul { @for collapse in &contents.summary.collapses { li { (sentences::collapse(collapse)) } } }
        }
    }
}

fn figure_html(figure: &Figure) -> Markup {
    let Figure { plan, wide, narrow, caption, content, .. } = figure;
    let class = if plan.kind == FigureKind::Overview { Some("overview") } else { plan.whole.then_some("whole") };
    html! {
        figure class=[class] id=(plan.name) {
            h4 { (plan.title) }
            // The names of the curves, for the narrow drawing that has none.
            @if let Content::Chart(chart) = content {
                ul class="key" aria-hidden="true" {
                    @for curve in &chart.curves { li { (swatch(curve.style)) (curve.label) } }
                }
            }
            (wide)
            (narrow)
            figcaption {
                p { (caption) }
                @match content {
                    Content::Chart(_) => {}
                    Content::Overview(overview) => (overview_table(overview)),
                    Content::Sweep(figure) => (sweep_table(figure)),
                    Content::Cost(figure) => (cost_table(figure)),
                }
            }
        }
    }
}

/// The numbers of a figure that has no live chart.
fn table(headings: &[&str], open: bool, rows: &[Vec<Markup>]) -> Markup {
    html! {
        details class="numbers" open[open] {
            summary { "Show as table" }
            div class="scroll" tabindex="0" role="region" aria-label="Values" {
                table class="dense" {
                    thead { tr { @for heading in headings { th scope="col" class="n" { (heading) } } } }
                    tbody {
                        @for row in rows {
                            tr {
                                @for (place, cell) in row.iter().enumerate() {
                                    @if place == 0 { th scope="row" class="n" { (cell) } } @else { td class="n" { (cell) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn accuracy(score: &Score) -> Markup {
    html! { (percent(score.mean)) @if let Some(sd) = score.sd { " ± " (percent(sd)) } }
}

fn overview_table(overview: &Overview) -> Markup {
    let columns = if overview.has_published() { 3 } else { 2 };
    let row = |point: &overview::Point| {
        let published = sentences::published(point.published);
        let mut row = vec![html! { (point.value) }, accuracy(&point.score), html! { (published) }];
        row.truncate(columns);
        row
    };
    let rows: Vec<Vec<Markup>> = overview.points.iter().map(row).collect();
    table(&[overview.parameter, "these runs", "published"][..columns], true, &rows)
}

fn sweep_table(figure: &SweptKey) -> Markup {
    let mut headings = vec![figure.key.as_str()];
    let several = figure.curves.len() > 1;
    headings.extend(figure.curves.iter().map(|curve| if several { curve.label.as_str() } else { "top-1, %" }));
    let row = |(place, value): (usize, &String)| {
        let cell = |curve: &SweptCurve| {
            let point = curve.points.iter().find(|point| point.value == place);
            html! { @if let Some(point) = point { (accuracy(&point.score)) } }
        };
        std::iter::once(html! { (value) }).chain(figure.curves.iter().map(cell)).collect()
    };
    let rows: Vec<Vec<Markup>> = figure.values.iter().enumerate().map(row).collect();
    table(&headings, false, &rows)
}

fn cost_table(figure: &CostFigure) -> Markup {
    let row = |point: &CostPoint| {
        vec![
            html! { (swatch(point.style)) (point.label) },
            html! { (figure.cost.text(point.x)) },
            accuracy(&point.score),
        ]
    };
    let rows: Vec<Vec<Markup>> = figure.points.iter().map(row).collect();
    table(&["run", figure.cost.label(), "top-1, %"], false, &rows)
}
