//! The accuracies: the best of each evaluation, and the table beside the published figures.

use maud::{Markup, html};

use super::contents::{Contents, Section, swatch};
use crate::comparison::{EvaluationSummary, GroupSummary, Highest, Summary, best as best_line, highest, sentences};
use crate::figures::palette::LineStyle;
use crate::run_directory::Stage;
use crate::text::{count, duration, listed, percent};

/// The highest of each evaluation, what the noise does not tell from it, and how far it lies above scratch.
pub fn best(contents: &Contents) -> Markup {
    let mean = |line: &GroupSummary, stage| Some(line.evaluation(stage)?.score.as_ref()?.mean);
    let shows_data = sentences::shows_data(contents.summary);
    let all = Stage::EVALUATIONS
        .into_iter()
        .flat_map(|stage| highest(contents.summary, stage).into_iter().map(move |highest| (stage, highest)));
    let mut items = Vec::new();
    for (stage, Highest { line, rivals, above_chance, above_scratch }) in all {
        let Some(top) = mean(line, stage) else { continue };
        let rival_names: Vec<&str> = rivals.iter().map(|line| line.run.as_str()).collect();
        let data = line.data.as_ref().filter(|_| shows_data);
        items.push(html! {
            li {
                span {
                    @if rivals.is_empty() && above_chance { "Best " } @else { "Highest " } (stage.in_sentence())
                    @if let Some(data) = data { " on " (data) }
                }
                strong { (percent(top)) " " small { "%" } }
                span {
                    (line.run)
                    @if !above_chance { ", not above guessing" }
                    @else if let Some(points) = above_scratch { ", " (format!("{points:.1}")) " points above scratch" }
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
    let shows_data = sentences::shows_data(summary);
    let html = html! {
        div class="sheet" role="region" aria-label="Results" tabindex="0" {
            table class={ "results" @if errors { " spaced" } } data-sortable {
                caption { span { (sentences::legend(summary)) } }
                thead {
                    tr {
                        th scope="col" { "Run" }
                        @if shows_data { th scope="col" { "Data" } }
                        @for stage in Stage::EVALUATIONS { th class="n" scope="col" { (stage.title()) } }
                        @for cost in ["Time", "Images/s"] { th class="n cost" scope="col" { (cost) } }
                    }
                }
                tbody {
                    @for (line, style) in summary.runs.iter().zip(&contents.styles) {
                        tr {
                            (run_heading(line, *style))
                            @if shows_data { td { (line.data.as_deref().unwrap_or_default()) } }
                            @for (stage, best) in Stage::EVALUATIONS.into_iter().zip(&best) {
                                @if let Some(cell) = line.evaluation(stage) {
                                    @let is_best = best.iter().any(|best| best.run == line.run);
                                    @let published = (published && stage != Stage::Knn).then(|| sentences::published_of(line, stage));
                                    (score_cell(cell, is_best, published, errors, sentences::any_at_chance(summary, stage)))
                                }
                            }
                            @for (value, text) in costs(line) {
                                td class="n cost" data-value=[value] { (text.unwrap_or_else(|| "–".to_owned())) }
                            }
                        }
                    }
                }
                (chance_rows(summary, errors))
            }
        }
        p class="note" { (sentences::comparability(summary)) }
        @for note in notes(summary) { p class="note" { (note) } }
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

/// What is to be known of the numbers besides.
fn notes(summary: &Summary) -> impl Iterator<Item = String> {
    [sentences::at_chance(summary), sentences::own_keys(summary), sentences::varied(summary)].into_iter().flatten()
}

/// What guessing one class for every image gives on each data set, below the rows that can be sorted.
fn chance_rows(summary: &Summary, errors: bool) -> Markup {
    let chances = sentences::chances(summary);
    let shows_data = sentences::shows_data(summary);
    html! {
        @if !chances.is_empty() {
            tfoot {
                @for (data, chance) in chances {
                    tr {
                        th scope="row" { "Chance" }
                        @if shows_data { td { (data.unwrap_or_default()) } }
                        @for stage in Stage::EVALUATIONS {
                            td class="n" {
                                (percent(chance)) (room_for_mark(sentences::any_at_chance(summary, stage)))
                                @if errors { " " span class="spread" {} }
                            }
                        }
                        @for _ in 0..2 { td class="n cost" {} }
                    }
                }
            }
        }
    }
}

/// The width of the mark of an accuracy at chance, where some accuracy has it.
fn room_for_mark(any_mark: bool) -> Markup {
    html! { @if any_mark { span style="visibility:hidden" aria-hidden="true" { (sentences::AT_CHANCE) } } }
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

/// The accuracy, and beneath it the `published` one, where the table has any. With `errors`, room is kept for what stands
/// behind the accuracies of other rows, so that they stand below each other; with `any_mark`, for the mark of those at
/// chance.
fn score_cell(cell: &EvaluationSummary, top: bool, published: Option<String>, errors: bool, any_mark: bool) -> Markup {
    html! {
        td class="n" data-value=[cell.score.as_ref().map(|score| score.mean.to_string())] {
            @match &cell.score {
                None => span class="none" { (sentences::score(cell)) },
                Some(score) => {
                    @if top { strong { (percent(score.mean)) } } @else { (percent(score.mean)) }
                    @if cell.above_chance == Some(false) { (sentences::AT_CHANCE) } @else { (room_for_mark(any_mark)) }
                    @if errors { " " span class="spread" { @if let Some(error) = sentences::error(score) { (error) } } }
                }
            }
            @if let Some(published) = published {
                span class="published" {
                    @if cell.published.is_some() { span class="word" { "published" } " " }
                    (published)
                }
            }
        }
    }
}
