//! The page as a whole: head, sections, data and scripts.

use bmae_output::own_folder::GENERATOR;
use maud::{DOCTYPE, PreEscaped, html};

use super::contents::Contents;
use super::{curves, data, evaluations, findings, how, pictures, results};
use crate::comparison::{RunGroup, total_seconds};
use crate::figures::palette::variables;
use crate::run_directory::Stage;
use crate::text::{count, duration};

const STYLE: &str = include_str!("style.css");
/// The chart library and its style, as its authors released them; see `vendor/README.md`.
const CHARTS: [&str; 2] =
    [include_str!("../../vendor/uplot/uPlot.min.css"), include_str!("../../vendor/uplot/uPlot.iife.min.js")];
/// Its licence, which goes wherever it goes.
const CHARTS_LICENCE: &str = include_str!("../../vendor/uplot/LICENSE");
/// What runs before the page is drawn.
const KEPT_THEME: &str = include_str!("script/kept_theme.js");
/// Our own scripts, each a function of its own, in the order in which they run.
const SCRIPTS: [&str; 5] = [
    include_str!("script/theme.js"),
    include_str!("script/sorting.js"),
    include_str!("script/pictures.js"),
    include_str!("script/charts.js"),
    include_str!("script/tabs.js"),
];
/// What the page may load: nothing. Styles and scripts stand in it, and pictures are part of it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/// The whole page.
pub fn page(contents: &Contents) -> String {
    let groups = contents.groups;
    let [chart_style, chart_script] = CHARTS;
    let style = STYLE.replace("@LIGHT@", &variables(false)).replace("@DARK@", &variables(true));
    let sections = [
        results::results(contents),
        findings::findings(contents),
        curves::curves(contents),
        evaluations::evaluations(contents),
        pictures::pictures(contents),
        how::missing(contents),
        how::how(contents),
    ];
    let sections = || sections.iter().flatten();
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="generator" content=(GENERATOR);
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "bmae: comparison of pre-training methods" }
                style { (PreEscaped(chart_style)) }
                style { (PreEscaped(style)) }
                script { (PreEscaped(KEPT_THEME)) }
            }
            body {
                header {
                    h1 { "Comparison of pre-training methods" }
                    p class="lead" { (lead(groups)) }
                    nav aria-label="Sections" {
                        @for section in sections() { a href={ "#" (section.id) } { (section.title) } "\n" }
                    }
                    (results::best(contents))
                }
                main {
                    @for section in sections() {
                        section aria-labelledby=(section.id) {
                            h2 id=(section.id) { (section.title) }
                            (section.html)
                        }
                    }
                }
                footer { (footer(groups)) }
                script type="application/json" id="data" { (PreEscaped(data::json(&contents.figures.drawn))) }
                (PreEscaped(format!("<!-- uPlot\n\n{CHARTS_LICENCE}-->")))
                script { (PreEscaped(chart_script)) }
                @for script in SCRIPTS { script { (PreEscaped(script)) } }
            }
        }
    };
    document.into_string()
}

/// What was compared, in one line.
fn lead(groups: &[RunGroup]) -> String {
    let runs = || groups.iter().flat_map(|group| &group.runs);
    let seeds = distinct(runs().map(|run| run.about.seed));
    let evaluations = Stage::EVALUATIONS.into_iter().filter(|&stage| runs().any(|run| run.about.stage == stage));
    let counts = [(groups.len(), "run"), (evaluations.count(), "evaluation"), (seeds.len(), "seed")];
    let mut parts = counts.map(|(number, thing)| count(number as u64, thing)).to_vec();
    parts.extend(distinct(runs().filter_map(|run| run.about.data.clone())));
    parts.join(" · ")
}

fn footer(groups: &[RunGroup]) -> String {
    let runs = || groups.iter().flat_map(|group| &group.runs);
    let programs = distinct(runs().filter_map(|run| run.about.program.clone()));
    let programs = if programs.is_empty() { String::new() } else { format!(" of {}", programs.join(", ")) };
    let directories = count(runs().count() as u64, "run directory");
    format!("{directories}{programs} · {} of work in all", duration(total_seconds(groups)))
}

/// The different ones of some values, rising.
fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    values.collect::<std::collections::BTreeSet<T>>().into_iter().collect()
}
