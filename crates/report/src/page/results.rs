//! The accuracies: the best of each evaluation, and the table beside the published figures.

use maud::{Markup, html};

use super::contents::{Contents, Section, swatch};
use crate::comparison::{EvaluationSummary, GroupSummary, Highest, best as best_line, highest, sentences};
use crate::figures::palette::LineStyle;
use crate::run_directory::Stage;
use crate::text::{count, duration, listed, percent};

/// The highest of each evaluation, what the noise does not tell from it, and how far it lies above scratch.
pub fn best(contents: &Contents) -> Markup {
    let mean = |line: &GroupSummary, stage| Some(line.evaluation(stage)?.score.as_ref()?.mean);
    let is_scratch = |line: &GroupSummary| line.setting.method == "scratch";
    let mut items = Vec::new();
    for stage in Stage::EVALUATIONS {
        let Some(Highest { line, rivals }) = highest(contents.summary, stage) else { continue };
        let Some(top) = mean(line, stage) else { continue };
        let rival_names: Vec<&str> = rivals.iter().map(|line| line.run.as_str()).collect();
        let scratch = contents.summary.runs.iter().find(|line| is_scratch(line));
        let scratch = scratch.filter(|_| !is_scratch(line) && !rivals.iter().any(|line| is_scratch(line)));
        items.push(html! {
            li {
                span { @if rivals.is_empty() { "Best " } @else { "Highest " } (stage.in_sentence()) }
                strong { (percent(top)) " " small { "%" } }
                span {
                    (line.run)
                    @if let Some(scratch) = scratch.and_then(|line| mean(line, stage)) {
                        ", " (format!("{:.1}", top - scratch)) " points above scratch"
                    }
                    @if !rivals.is_empty() { "; within the noise of " (listed(&rival_names, 2)) }
                }
            }
        });
    }
    html! { @if !items.is_empty() { ul class="best" { @for item in items { (item) } } } }
}

/// The table of accuracies beside the published ones.
pub fn results(contents: &Contents) -> Option<Section> {
    let summary = contents.summary;
    let (errors, published) = (sentences::any_error(summary), summary.any_published());
    let best = Stage::EVALUATIONS.map(|stage| best_line(summary, stage));
    let html = html! {
        div class="sheet" role="region" aria-label="Results" tabindex="0" {
            table class={ "results" @if errors { " spaced" } } data-sortable {
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
                                    (score_cell(cell, best.is_some_and(|best| best.run == line.run), published && stage != Stage::Knn, errors))
                                }
                            }
                            @for (value, text) in costs(line) {
                                td class="n cost" data-value=[value] { (text.unwrap_or_else(|| "–".to_owned())) }
                            }
                        }
                    }
                }
                @if let Some(chance) = summary.chance { (chance_row(chance, errors)) }
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

/// What guessing one class for every image gives, below the rows that can be sorted.
fn chance_row(chance: f64, errors: bool) -> Markup {
    html! {
        tfoot {
            tr {
                th scope="row" { "Chance" }
                @for _ in Stage::EVALUATIONS {
                    td class="n" { (percent(chance)) @if errors { " " span class="spread" {} } }
                }
                @for _ in 0..2 { td class="n cost" {} }
            }
        }
    }
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

/// The accuracy, and beneath it the `published` one, except of kNN, which never was. With `errors`, room is
/// kept for what stands behind the accuracies of other rows, so that they stand below each other.
fn score_cell(cell: &EvaluationSummary, top: bool, published: bool, errors: bool) -> Markup {
    html! {
        td class="n" data-value=[cell.score.as_ref().map(|score| score.mean.to_string())] {
            @match &cell.score {
                None => span class="none" { (sentences::score(cell)) },
                Some(score) => {
                    @if top { strong { (percent(score.mean)) } } @else { (percent(score.mean)) }
                    @if errors { " " span class="spread" { @if let Some(error) = sentences::error(score) { (error) } } }
                }
            }
            @if published {
                span class="published" {
                    @if cell.published.is_some() { span class="word" { "published" } " " }
                    (sentences::published(cell.published))
                }
            }
        }
    }
}
