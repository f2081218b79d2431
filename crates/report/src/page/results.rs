//! The accuracies: the best of each evaluation, and the table beside the published figures.

use super::{Contents, Section, escape_html, swatch};
use crate::compare::setting_text;
use crate::figures::palette::Look;
use crate::read::Stage;
use crate::summary::{Cell, Line};
use crate::wording::{self, percent};

/// The best of each evaluation, and how far it lies above scratch.
pub(crate) fn best(contents: &Contents) -> String {
    let mut items = String::new();
    for stage in Stage::EVALUATIONS {
        let winners = wording::best(contents.summary, stage);
        let Some(line) = winners.first() else { continue };
        let names: Vec<&str> = winners.iter().map(|line| line.run.as_str()).collect();
        let Some(mean) = line.cell(stage).and_then(|cell| Some(cell.score.as_ref()?.mean)) else { continue };
        let scratch = contents.summary.runs.iter().find(|line| line.setting.method == "scratch");
        let scratch = scratch.and_then(|line| Some(line.cell(stage)?.score.as_ref()?.mean));
        let above = match scratch {
            Some(scratch) if winners.iter().all(|line| line.setting.method != "scratch") => {
                format!(", {:.1} points above scratch", mean - scratch)
            }
            _ => String::new(),
        };
        items.push_str(&format!(
            "<li><span>Best {}</span><strong>{} <small>%</small></strong><span>{}{above}</span></li>\n",
            wording::in_sentence(stage),
            percent(mean),
            escape_html(&wording::listed(&names, 3))
        ));
    }
    if items.is_empty() { items } else { format!("<ul class=\"best\">\n{items}</ul>\n") }
}

/// The table of accuracies beside the published ones.
pub(crate) fn results(contents: &Contents) -> Option<Section> {
    let summary = contents.summary;
    let spread = wording::any_spread(summary);
    let best = Stage::EVALUATIONS.map(|stage| (stage, wording::best(summary, stage)));
    let mut rows = String::new();
    for (line, look) in summary.runs.iter().zip(&contents.looks) {
        let time = line.wall_s.map(|seconds| (seconds, wording::duration(seconds)));
        let rate = line.images_per_s.map(|rate| (rate, format!("{rate:.0}")));
        rows.push_str(&format!("<tr>{}", run_heading(line, *look, &costs(&time, &rate))));
        for stage in Stage::EVALUATIONS {
            let Some(cell) = line.cell(stage) else { continue };
            let top =
                best.iter().any(|(of, winners)| *of == stage && winners.iter().any(|winner| winner.run == line.run));
            rows.push_str(&score_cell(cell, top, stage != Stage::Knn, spread));
        }
        rows.push_str(&format!("{}{}</tr>\n", cost_cell(time), cost_cell(rate)));
    }
    let heading = |title: &str, class: &str| format!("<th class=\"{class}\" scope=\"col\">{title}</th>");
    let evaluations = Stage::EVALUATIONS.map(|stage| heading(stage.title(), "n")).concat();
    let headings = format!("{evaluations}{}{}", heading("Time", "n cost"), heading("Images/s", "n cost"));
    let mut html = format!(
        "<div class=\"sheet\" role=\"region\" aria-label=\"Results\" tabindex=\"0\">\n<table class=\"results{}\" data-sortable>\n\
         <caption><span>{}</span></caption>\n<thead>\n<tr><th scope=\"col\">Run</th>{headings}</tr>\n</thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n</div>\n",
        if spread { " spaced" } else { "" },
        escape_html(&wording::legend(summary))
    );
    html.push_str(&format!("<p class=\"note\">{}</p>\n", escape_html(&wording::comparability(summary))));
    if let Some(varied) = wording::varied(summary) {
        html.push_str(&format!("<p class=\"note\">{}</p>\n", escape_html(&varied)));
    }
    for warning in &summary.warnings {
        html.push_str(&format!("<p class=\"alert\">{}</p>\n", escape_html(warning)));
    }
    let collapsed = summary.collapses.len();
    if collapsed > 0 {
        let runs = if collapsed == 1 { "1 pre-training".to_owned() } else { format!("{collapsed} pre-trainings") };
        html.push_str(&format!(
            "<p class=\"alert\">{runs} announced a collapse: see the <a href=\"#panel-monitors\">monitors</a>.</p>\n"
        ));
    }
    Some(Section { id: "results", title: "Results", html })
}

fn run_heading(line: &Line, look: Look, costs: &str) -> String {
    let setting = setting_text(&line.setting);
    let setting = if setting.is_empty() || line.run.ends_with(&setting) {
        String::new()
    } else {
        let parts: Vec<String> = setting.split(", ").map(|part| part.replace(' ', "\u{A0}")).collect();
        format!("<span class=\"setting\">{}</span>", escape_html(&parts.join(", ")))
    };
    format!("<th scope=\"row\">{}{}{setting}{costs}</th>", swatch(look), escape_html(&line.run))
}

/// A number to sort by, and how it is shown.
type Cost = Option<(f64, String)>;

/// What a line cost in its own column.
fn cost_cell(cost: Cost) -> String {
    match cost {
        Some((value, text)) => format!("<td class=\"n cost\" data-value=\"{value}\">{text}</td>"),
        None => "<td class=\"n cost\">–</td>".to_owned(),
    }
}

/// What a line cost in small lines, for screens without room for the columns.
fn costs(time: &Cost, rate: &Cost) -> String {
    let time = time.as_ref().map(|(_, text)| text.clone());
    let rate = rate.as_ref().map(|(_, text)| format!("{text} img/s"));
    time.into_iter().chain(rate).map(|part| format!("<span class=\"costs\">{part}</span>")).collect()
}

/// The accuracy, and beneath it the published one (`published` is false where nothing was ever published). With `spread`, room
/// is kept for the deviation of other rows, so that the means stand below each other.
fn score_cell(cell: &Cell, top: bool, published: bool, spread: bool) -> String {
    let score = match &cell.score {
        None => format!("<span class=\"none\">{}</span>", wording::score(cell)),
        Some(score) => {
            let deviation = score.sd.map(|sd| format!("± {} ({})", percent(sd), score.n)).unwrap_or_default();
            let room = if spread { format!(" <span class=\"spread\">{deviation}</span>") } else { String::new() };
            let mean = percent(score.mean);
            let mean = if top { format!("<strong>{mean}</strong>") } else { mean };
            format!("{mean}{room}")
        }
    };
    let figure = wording::published(cell.published);
    let published = match (published, cell.published) {
        (false, _) => String::new(),
        (true, None) => format!("<span class=\"published\">{figure}</span>"),
        (true, Some(_)) => {
            format!("<span class=\"published\"><span class=\"word\">published</span> {figure}</span>")
        }
    };
    let value = cell.score.as_ref().map(|score| format!(" data-value=\"{}\"", score.mean)).unwrap_or_default();
    format!("<td class=\"n\"{value}>{score}{published}</td>")
}
