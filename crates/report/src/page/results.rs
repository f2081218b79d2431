//! The accuracies: the best of each evaluation, and the table beside the published figures.

use maud::{Markup, html};

use super::contents::{Contents, Section, swatch};
use crate::comparison::{EvaluationSummary, GroupSummary, sentences};
use crate::figures::palette::LineStyle;
use crate::run_directory::Stage;
use crate::text::{count, duration, listed, percent};

/// The best of each evaluation, and how far it lies above scratch.
pub fn best(contents: &Contents) -> Markup {
    let mean = |line: &GroupSummary, stage| Some(line.evaluation(stage)?.score.as_ref()?.mean);
    let mut items = Vec::new();
    for stage in Stage::EVALUATIONS {
        let winners = sentences::best(contents.summary, stage);
        let Some(highest) = winners.first().and_then(|line| mean(line, stage)) else { continue };
        let names: Vec<&str> = winners.iter().map(|line| line.run.as_str()).collect();
        let scratch = contents.summary.runs.iter().find(|line| line.setting.method == "scratch");
        let scratch = scratch.filter(|_| winners.iter().all(|line| line.setting.method != "scratch"));
        items.push(html! {
            li {
                span { "Best " (stage.in_sentence()) }
                strong { (percent(highest)) " " small { "%" } }
                span {
                    (listed(&names, 3))
                    @if let Some(scratch) = scratch.and_then(|line| mean(line, stage)) {
                        ", " (format!("{:.1}", highest - scratch)) " points above scratch"
                    }
                }
            }
        });
    }
    html! { @if !items.is_empty() { ul class="best" { @for item in items { (item) } } } }
}

/// The table of accuracies beside the published ones.
pub fn results(contents: &Contents) -> Option<Section> {
    let summary = contents.summary;
    let spread = sentences::any_spread(summary);
    let best = Stage::EVALUATIONS.map(|stage| sentences::best(summary, stage));
    let html = html! {
        div class="sheet" role="region" aria-label="Results" tabindex="0" {
            table class={ "results" @if spread { " spaced" } } data-sortable {
                caption { span { (sentences::legend(summary)) } }
                thead {
                    tr {
                        th scope="col" { "Run" }
                        @for stage in Stage::EVALUATIONS { th class="n" scope="col" { (stage.title()) } }
                        @for cost in ["Time", "Images/s"] { th class="n cost" scope="col" { (cost) } }
                    }
                }
                tbody {
                    @for (line, style) in summary.runs.iter().zip(&contents.styles) {
                        tr {
                            (run_heading(line, *style))
                            @for (stage, best) in Stage::EVALUATIONS.into_iter().zip(&best) {
                                @if let Some(cell) = line.evaluation(stage) {
                                    (score_cell(cell, best.iter().any(|winner| winner.run == line.run), stage, spread))
                                }
                            }
                            @for (value, text) in costs(line) {
                                td class="n cost" data-value=[value] { (text.unwrap_or_else(|| "–".to_owned())) }
                            }
                        }
                    }
                }
            }
        }
        p class="note" { (sentences::comparability(summary)) }
        @if let Some(varied) = sentences::varied(summary) { p class="note" { (varied) } }
        @for warning in &summary.warnings { p class="alert" { (warning) } }
        @if !summary.collapses.is_empty() {
            p class="alert" {
                (count(summary.collapses.len() as u64, "pre-training")) " announced a collapse: see the "
                a href="#panel-monitors" { "monitors" } "."
            }
        }
    };
    Some(Section { id: "results", title: "Results", html })
}

/// The name of a line with its parameters, and in small lines what it cost, for screens without room for the columns.
fn run_heading(line: &GroupSummary, style: LineStyle) -> Markup {
    let setting = line.setting.parameters();
    let [(_, time), (_, rate)] = costs(line);
    html! {
        th scope="row" {
            (swatch(style)) (line.run)
            @if !setting.is_empty() && !line.run.ends_with(&setting) {
                // A parameter does not leave its value at the end of a line.
                span class="setting" { (setting.replace(' ', "\u{A0}").replace(",\u{A0}", ", ")) }
            }
            @if let Some(time) = time { span class="costs" { (time) } }
            @if let Some(rate) = rate { span class="costs" { (rate) " img/s" } }
        }
    }
}

/// Time and rate of a line: each a number to sort by, and how it is shown.
fn costs(line: &GroupSummary) -> [(Option<String>, Option<String>); 2] {
    let number = |value: Option<f64>| value.map(|value| value.to_string());
    [
        (number(line.wall_s), line.wall_s.map(duration)),
        (number(line.images_per_s), line.images_per_s.map(|rate| format!("{rate:.0}"))),
    ]
}

/// The accuracy, and beneath it the published one, except of kNN, which was never published. With `spread`, room is
/// kept for the deviation of other rows, so that the means stand below each other.
fn score_cell(cell: &EvaluationSummary, top: bool, stage: Stage, spread: bool) -> Markup {
    html! {
        td class="n" data-value=[cell.score.as_ref().map(|score| score.mean.to_string())] {
            @match &cell.score {
                None => span class="none" { (sentences::score(cell)) },
                Some(score) => {
                    @if top { strong { (percent(score.mean)) } } @else { (percent(score.mean)) }
                    @if spread {
                        " " span class="spread" {
                            @if let Some(sd) = score.sd { "± " (percent(sd)) " (" (score.n) ")" }
                        }
                    }
                }
            }
            @if stage != Stage::Knn {
                span class="published" {
                    @if cell.published.is_some() { span class="word" { "published" } " " }
                    (sentences::published(cell.published))
                }
            }
        }
    }
}
