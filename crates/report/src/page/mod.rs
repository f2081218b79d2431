//! `index.html`: one file that needs nothing else, for wide and narrow screens, light and dark.

mod curves;
mod data;
mod how;
mod pictures;
mod results;

use crate::compare::Group;
use crate::figures::palette::{Look, variables};
use crate::figures::{Figures, group_looks};
use crate::ledger::total_seconds;
use crate::pictures::Album;
use crate::read::Stage;
use crate::summary::Summary;
use crate::wording::duration;

const STYLE: &str = include_str!("style.css");
/// The chart library and its style, as its authors released them; see `vendor/README.md`.
const CHARTS: [&str; 2] =
    [include_str!("../../vendor/uplot/uPlot.min.css"), include_str!("../../vendor/uplot/uPlot.iife.min.js")];
/// Its licence, which goes wherever it goes.
const CHARTS_LICENCE: &str = include_str!("../../vendor/uplot/LICENSE");
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

/// Everything the sections are made of.
pub(crate) struct Contents<'a> {
    groups: &'a [Group<'a>],
    looks: Vec<Look>,
    summary: &'a Summary,
    figures: &'a Figures,
    albums: &'a [Album],
}

/// A section with its heading.
pub(crate) struct Section {
    id: &'static str,
    title: &'static str,
    html: String,
}

/// The whole page. Whatever comes from a run's files is escaped.
pub fn page(groups: &[Group], summary: &Summary, figures: &Figures, albums: &[Album]) -> String {
    let contents = Contents { groups, looks: group_looks(groups), summary, figures, albums };
    let [chart_style, chart_script] = CHARTS;
    let style = STYLE.replace("@LIGHT@", &variables(false)).replace("@DARK@", &variables(true));
    let body = [
        results::results(&contents),
        curves::curves(&contents),
        pictures::pictures(&contents),
        how::missing(&contents),
        how::how(&contents),
    ];
    let links = body.iter().flatten().map(|section| format!("<a href=\"#{}\">{}</a>", section.id, section.title));
    let nav = links.collect::<Vec<_>>().join("\n");
    let main: String = body
        .iter()
        .flatten()
        .map(|section| {
            let Section { id, title, html } = section;
            format!("<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{title}</h2>\n{html}</section>\n")
        })
        .collect();
    let scripts: String = SCRIPTS.iter().map(|script| format!("<script>\n{script}</script>\n")).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>bmae: comparison of pre-training methods</title>\n<style>{chart_style}</style>\n\
         <style>\n{style}</style>\n</head>\n<body>\n\
         <header>\n<h1>Comparison of pre-training methods</h1>\n<p class=\"lead\">{lead}</p>\n\
         <nav aria-label=\"Sections\">\n{nav}\n</nav>\n{best}</header>\n<main>\n{main}</main>\n\
         <footer>{footer}</footer>\n\
         <script type=\"application/json\" id=\"data\">{data}</script>\n\
         <!-- uPlot\n\n{CHARTS_LICENCE}-->\n<script>{chart_script}</script>\n{scripts}</body>\n</html>\n",
        lead = lead(groups),
        best = results::best(&contents),
        footer = footer(groups),
        data = data::json(&figures.drawn),
    )
}

/// The sample of a line's colour and dash beside its name.
fn swatch(look: Look) -> String {
    format!(
        "<span class=\"swatch d{}\" style=\"--run:var({})\" aria-hidden=\"true\"></span>",
        look.dash(),
        look.variable()
    )
}

/// What was compared, in one line.
fn lead(groups: &[Group]) -> String {
    let runs = || groups.iter().flat_map(|group| &group.runs);
    let mut seeds: Vec<u64> = runs().map(|run| run.about.seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    let evaluations = Stage::EVALUATIONS.into_iter();
    let evaluations =
        evaluations.filter(|&stage| groups.iter().any(|group| group.stage(stage).next().is_some())).count();
    let mut data: Vec<&str> = runs().filter_map(|run| run.about.data.as_deref()).collect();
    data.sort_unstable();
    data.dedup();
    let mut parts = vec![plural(groups.len(), "run"), plural(evaluations, "evaluation"), plural(seeds.len(), "seed")];
    parts.extend(data.into_iter().map(escape_html));
    parts.join(" · ")
}

fn footer(groups: &[Group]) -> String {
    let runs = || groups.iter().flat_map(|group| &group.runs);
    let mut programs: Vec<&str> = runs().filter_map(|run| run.about.program.as_deref()).collect();
    programs.sort_unstable();
    programs.dedup();
    let programs =
        if programs.is_empty() { String::new() } else { format!(" of {}", escape_html(&programs.join(", "))) };
    format!(
        "{}{programs} · {} of work in all",
        plural(runs().count(), "run directory"),
        duration(total_seconds(groups))
    )
}

fn plural(count: usize, thing: &str) -> String {
    match (count, thing.strip_suffix('y')) {
        (1, _) => format!("1 {thing}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        _ => format!("{count} {thing}s"),
    }
}

/// Text as HTML and XML show it literally, in elements and in quoted attributes.
pub fn escape_html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\0' => escaped.push('\u{FFFD}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_text_stays_text() {
        assert_eq!(escape_html("<b a=\"1\">'&'</b>"), "&lt;b a=&quot;1&quot;&gt;&#39;&amp;&#39;&lt;/b&gt;");
    }

    #[test]
    fn counts_read_as_english() {
        assert_eq!(plural(1, "run directory"), "1 run directory");
        assert_eq!(plural(15, "run directory"), "15 run directories");
        assert_eq!(plural(2, "seed"), "2 seeds");
    }
}
