//! The curves: a panel for each family of figures, with its views. Without the script all panels stand below each other
//! with drawn figures; the script makes tabs of them and puts live charts in the drawings' place.

use maud::{Markup, html};

use super::contents::{Contents, Section, swatch};
use crate::comparison::{Score, sentences};
use crate::figures::cost::{CostFigure, CostPoint};
use crate::figures::family::FigureFamily;
use crate::figures::overview::{self, Overview};
use crate::figures::plans::{FigureKind, FigurePlan};
use crate::figures::{Content, Figure};
use crate::run_directory::Stage;
use crate::text::percent;

/// The section of all curves.
pub fn curves(contents: &Contents) -> Option<Section> {
    let panels: Vec<Markup> = FigureFamily::ALL.into_iter().filter_map(|family| panel(contents, family)).collect();
    let html = html! { div id="explorer" { @for panel in &panels { (panel) } } };
    (!panels.is_empty()).then_some(Section { id: "curves", title: "Curves", html })
}

fn panel(contents: &Contents, family: FigureFamily) -> Option<Markup> {
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
    let html = html! {
        div class="panel" id={ "panel-" (name) } data-tab=(family.tab()) {
            h3 { (family.title()) }
            @if family == FigureFamily::Monitors && !contents.summary.collapses.is_empty() { (collapses(contents)) }
            @for (index, (view, figures)) in views.iter().enumerate() {
                div class="figures" id={ (name) "-" (index) } data-view=(view) {
                    @for figure in figures { (figure) }
                }
            }
        }
    };
    (!views.is_empty()).then_some(html)
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
