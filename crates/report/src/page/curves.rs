//! The curves: a panel for each family of figures, with its views. Without the script all panels stand below each other
//! with drawn figures; the script makes tabs of them and puts live charts in the drawings' place.

use maud::{Markup, html};

use super::contents::{Contents, Section, swatch};
use crate::comparison::sentences;
use crate::figures::family::FigureFamily;
use crate::figures::overview::Overview;
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
    let drawn = contents.figures.drawn.iter().map(|figure| (&figure.plan, figure_html(contents, figure)));
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

fn figure_html(contents: &Contents, figure: &Figure) -> Markup {
    let Figure { plan, wide, narrow, caption, content, .. } = figure;
    let class = match plan.kind {
        FigureKind::Overview => Some("overview"),
        FigureKind::Curves(_) => plan.whole.then_some("whole"),
    };
    html! {
        figure class=[class] id=(plan.name) {
            h4 { (plan.title) }
            // The names of the curves, for the narrow drawing that has none.
            @if let Content::Chart(chart) = content {
                ul class="key" aria-hidden="true" {
                    @for curve in &chart.curves { li { (swatch(contents.styles[curve.group])) (curve.label) } }
                }
            }
            (wide)
            (narrow)
            figcaption {
                p { (caption) }
                @if let Content::Overview(overview) = content { (overview_table(overview)) }
            }
        }
    }
}

fn overview_table(overview: &Overview) -> Markup {
    html! {
        details class="numbers" open {
            summary { "Show as table" }
            div class="scroll" tabindex="0" role="region" aria-label="Values" {
                table class="dense" {
                    thead {
                        tr {
                            @for heading in [overview.parameter, "these runs", "published"] {
                                th scope="col" class="n" { (heading) }
                            }
                        }
                    }
                    tbody {
                        @for point in &overview.points {
                            tr {
                                th scope="row" class="n" { (point.value) }
                                td class="n" {
                                    (percent(point.score.mean))
                                    @if let Some(sd) = point.score.sd { " ± " (percent(sd)) }
                                }
                                td class="n" { (sentences::published(point.published)) }
                            }
                        }
                    }
                }
            }
        }
    }
}
