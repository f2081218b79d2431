//! How it was run: what is missing, where it ran, every run directory, the differences from the published setting, the
//! recipes.

use bmae_output::plain::plain_lines;
use maud::html;

use super::contents::{Contents, Section};
use super::curves::needs;
use crate::comparison::{RUN_COLUMNS, facts, recipes, run_rows, sentences};

/// What is not there, or not finished.
pub fn missing(contents: &Contents) -> Option<Section> {
    let lines = sentences::missing(contents.summary);
    let figures = contents.figures.missed();
    let html = html! {
        ul class="missing" {
            @for (run, parts) in &lines { li { (run) ": " (parts.join("; ")) } }
            @for (title, family) in &figures { li { (title) ": not run; " (needs(contents, *family)) "." } }
        }
    };
    let any = !lines.is_empty() || !figures.is_empty();
    any.then_some(Section { id: "missing", title: "Not run or not finished", html })
}

/// Every run directory, the differences from the published setting, and the recipes.
pub fn how(contents: &Contents) -> Option<Section> {
    /// A longer list of run directories starts folded.
    const OPEN: usize = 20;
    let class = |numeric: bool| numeric.then_some("n");
    let rows = run_rows(contents.groups);
    let facts = facts(contents.groups);
    let html = html! {
        @if !facts.is_empty() {
            dl class="experiment" {
                @for (question, answers) in facts { div { dt { (question) } dd { (answers.join("; ")) } } }
            }
        }
        div class="folded" {
            details open[rows.len() <= OPEN] {
                summary { "Every run directory (" (rows.len()) ")" }
                div class="scroll" role="region" aria-label="Run directories" tabindex="0" {
                    table class="dense" {
                        caption { "Images/s over the whole run, time over all its sessions." }
                        thead {
                            tr {
                                @for (text, numeric) in RUN_COLUMNS {
                                    th scope="col" class=[class(numeric)] { (text) }
                                }
                            }
                        }
                        tbody {
                            @for row in &rows {
                                tr {
                                    th scope="row" { (row[0]) }
                                    @for (text, (_, numeric)) in row.iter().zip(RUN_COLUMNS).skip(1) {
                                        td class=[class(numeric)] { (text) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
            @if !contents.summary.differences.is_empty() {
                details {
                    summary { "Differences from the published setting" }
                    ul { @for each in &contents.summary.differences { li { (sentences::difference(each)) } } }
                }
            }
            @for recipe in recipes(contents.groups) {
                details {
                    summary { "Recipe of " (recipe.title) }
                    pre tabindex="0" { (plain_lines(recipe.text)) }
                }
            }
        }
    };
    Some(Section { id: "how", title: "How it was run", html })
}
