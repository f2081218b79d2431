//! What the published report claims: every conclusion with its numbers and the verdict of these runs.

use maud::{Markup, html};

use super::contents::{Contents, Section};
use crate::findings::{Finding, FindingPart, Verdict, words};

/// The section of the findings; `None` where nothing that they are about was run.
pub fn findings(contents: &Contents) -> Option<Section> {
    let counts = words::counts(contents.findings)?;
    let (not_run, judged): (Vec<&Finding>, Vec<&Finding>) =
        contents.findings.iter().partition(|finding| finding.verdict == Verdict::NotRun);
    let published = words::any_published(contents.findings);
    let html = html! {
        p { (counts) "." }
        p class="note" { (words::RULE) }
        div class="sheet" role="region" aria-label="Findings" tabindex="0" {
            table class="findings" {
                thead {
                    tr {
                        th scope="col" { "Conclusion" }
                        @if published { th scope="col" class="n" { "Published" } }
                        @for heading in ["These runs", "Difference, 95 % interval"] {
                            th scope="col" class="n" { (heading) }
                        }
                        th scope="col" { "Verdict" }
                    }
                }
                @for finding in judged { (finding_rows(finding, published)) }
            }
        }
        @if !not_run.is_empty() {
            div class="folded" {
                details {
                    summary { "Not run (" (not_run.len()) ")" }
                    ul { @for finding in not_run { li { (finding.sentence) " " (words::not_run(&finding.not_run())) } } }
                }
            }
        }
    };
    Some(Section { id: "findings", title: "What the published report claims", html })
}

/// A claim, and below it its parts; with a column of `published` numbers.
fn finding_rows(finding: &Finding, published: bool) -> Markup {
    html! {
        tbody {
            tr {
                th scope="rowgroup" colspan=(if published { 4 } else { 3 }) {
                    (finding.sentence)
                    @if !finding.note.is_empty() { span class="published" { (finding.note) } }
                }
                td { (verdict(finding.verdict)) }
            }
            @for part in &finding.parts { (part_row(part, finding.parts.len() > 1, published)) }
        }
    }
}

/// A comparison; its verdict is only told where there are several.
fn part_row(part: &FindingPart, several: bool, published: bool) -> Markup {
    let measured = part.measured.as_ref().ok();
    html! {
        tr class="part" {
            th scope="row" {
                (words::comparison(part))
                @if let Some(chosen) = measured.and_then(|measured| measured.chosen.as_ref()) {
                    span class="published" { (chosen) }
                }
            }
            @if published { td class="n" data-label="Published" { (words::published(part)) } }
            td class="n" data-label="These runs" {
                @if let Some(measured) = measured { (words::sides(measured, part.unit)) }
            }
            td class="n" data-label="Difference" {
                @if let Some(measured) = measured {
                    (words::difference(measured, part.unit)) " "
                    span class="published" { (words::basis(measured)) }
                }
            }
            td { @if several { (part.verdict.words()) } }
        }
    }
}

fn verdict(verdict: Verdict) -> Markup {
    html! { strong class={ "verdict " (verdict.name()) } { (verdict.words()) } }
}
