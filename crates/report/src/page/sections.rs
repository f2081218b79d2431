//! The sections of the page, one function each.

use super::{Contents, escape_html};
use crate::compare::setting_text;
use crate::figures::Figure;
use crate::figures::palette::Look;
use crate::ledger::{Entry, entries, recipes};
use crate::read::Stage;
use crate::summary::{Cell, Line};
use crate::wording::{self, percent};

/// A section with its heading.
pub(crate) struct Section {
    pub id: &'static str,
    pub title: &'static str,
    pub html: String,
}

/// The best of each evaluation, and how far it lies above scratch.
pub(crate) fn best(contents: &Contents) -> String {
    let mut items = String::new();
    for stage in Stage::EVALUATIONS {
        let Some((line, mean)) = wording::best(contents.summary, stage) else { continue };
        let scratch = contents.summary.runs.iter().find(|line| line.setting.method == "scratch");
        let scratch = scratch.and_then(|line| Some(line.cell(stage)?.score.as_ref()?.mean));
        let above = match scratch {
            Some(scratch) if line.setting.method != "scratch" => {
                format!(", {:.1} points above scratch", mean - scratch)
            }
            _ => String::new(),
        };
        items.push_str(&format!(
            "<li><span>Best {}</span><strong>{} <small>%</small></strong><span>{}{above}</span></li>\n",
            in_sentence(stage),
            percent(mean),
            escape_html(&line.run)
        ));
    }
    if items.is_empty() { items } else { format!("<ul class=\"best\">\n{items}</ul>\n") }
}

fn in_sentence(stage: Stage) -> String {
    if stage == Stage::Knn { "kNN".to_owned() } else { stage.title().to_lowercase() }
}

/// The table of accuracies beside the published ones.
pub(crate) fn results(contents: &Contents) -> Option<Section> {
    let summary = contents.summary;
    let spread = wording::any_spread(summary);
    let mut rows = String::new();
    for (line, look) in summary.runs.iter().zip(&contents.looks) {
        rows.push_str(&format!("<tr>{}", run_heading(line, *look)));
        for stage in Stage::EVALUATIONS {
            let Some(cell) = line.cell(stage) else { continue };
            let top = wording::best(summary, stage).is_some_and(|(winner, _)| winner.run == line.run);
            rows.push_str(&score_cell(cell, top, stage != Stage::Knn, spread));
        }
        rows.push_str("</tr>\n");
    }
    let heading = |stage: Stage| format!("<th class=\"n\" scope=\"col\">{}</th>", stage.title());
    let headings = Stage::EVALUATIONS.map(heading).concat();
    let mut html = format!(
        "<div class=\"sheet\" role=\"region\" aria-label=\"Results\" tabindex=\"0\">\n<table class=\"results{}\">\n\
         <caption>{}</caption>\n<thead>\n<tr><th scope=\"col\">Run</th>{headings}</tr>\n</thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n</div>\n",
        if spread { " spaced" } else { "" },
        escape_html(&wording::legend(summary))
    );
    html.push_str(&format!("<p class=\"note\">{}</p>\n", escape_html(&wording::comparability(summary))));
    for warning in &summary.warnings {
        html.push_str(&format!("<p class=\"alert\">{}</p>\n", escape_html(warning)));
    }
    Some(Section { id: "results", title: "Results", html })
}

fn run_heading(line: &Line, look: Look) -> String {
    let setting = setting_text(&line.setting);
    let setting = if setting.is_empty() || line.run.ends_with(&setting) {
        String::new()
    } else {
        let parts: Vec<String> = setting.split(", ").map(|part| part.replace(' ', "\u{A0}")).collect();
        format!("<span class=\"setting\">{}</span>", escape_html(&parts.join(", ")))
    };
    format!("<th scope=\"row\">{}{}{setting}</th>", swatch(look), escape_html(&line.run))
}

fn swatch(look: Look) -> String {
    format!(
        "<span class=\"swatch d{}\" style=\"--run:var({})\" aria-hidden=\"true\"></span>",
        look.dash(),
        look.variable()
    )
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
    format!("<td class=\"n\">{score}{published}</td>")
}

/// The figures: accuracies and loss, or the monitors.
pub(crate) fn curves(contents: &Contents, monitor: bool) -> Option<Section> {
    let figures: Vec<&Figure> = contents.figures.iter().filter(|figure| figure.monitor == monitor).collect();
    if figures.is_empty() {
        return None;
    }
    let key = |figure: &Figure| {
        let lines = contents.summary.runs.iter().zip(&contents.looks);
        let shown = lines.filter(|(line, _)| figure.labels.contains(&line.run));
        let items = shown.map(|(line, look)| format!("<li>{}{}</li>", swatch(*look), escape_html(&line.run)));
        format!("<ul class=\"key\" aria-hidden=\"true\">{}</ul>", items.collect::<String>())
    };
    let draw = |figure: &Figure| {
        let key = key(figure);
        let Figure { name, title, caption, whole, wide, narrow, .. } = figure;
        let class = if *whole { " class=\"whole\"" } else { "" };
        let wide = wide.replacen("<svg ", "<svg class=\"wide\" ", 1);
        let narrow = narrow.replacen("<svg ", "<svg class=\"narrow\" ", 1);
        format!(
            "<figure{class} id=\"{name}\">\n<h3>{title}</h3>\n{key}\n{wide}{narrow}<figcaption>{caption}</figcaption>\n</figure>\n"
        )
    };
    let html = format!("<div class=\"figures\">\n{}</div>\n", figures.into_iter().map(draw).collect::<String>());
    Some(if monitor {
        Section { id: "monitors", title: "Watching for collapse", html }
    } else {
        Section { id: "curves", title: "Curves", html }
    })
}

/// What is not there, or not finished.
pub(crate) fn missing(contents: &Contents) -> Option<Section> {
    let lines = wording::missing(contents.summary);
    if lines.is_empty() {
        return None;
    }
    let item = |(run, parts): &(String, Vec<String>)| {
        format!("<li>{}: {}</li>\n", escape_html(run), escape_html(&parts.join("; ")))
    };
    let html = format!("<ul>\n{}</ul>\n", lines.iter().map(item).collect::<String>());
    Some(Section { id: "missing", title: "Not run or not finished", html })
}

/// Every run directory, the differences from the published setting, and the recipes.
pub(crate) fn how(contents: &Contents) -> Option<Section> {
    /// A longer list of run directories starts folded.
    const OPEN: usize = 20;
    let heading = |(text, numeric): (&str, bool)| {
        format!("<th scope=\"col\"{}>{text}</th>", if numeric { " class=\"n\"" } else { "" })
    };
    let head: String = Entry::HEADINGS.into_iter().zip(Entry::NUMERIC).map(heading).collect();
    let mut rows = String::new();
    let entries = entries(contents.groups);
    let count = entries.len();
    for entry in entries {
        let cells = entry.cells().into_iter().zip(Entry::NUMERIC).enumerate().map(|(column, (text, numeric))| {
            let text = escape_html(text);
            match (column, numeric) {
                (0, _) => format!("<th scope=\"row\">{text}</th>"),
                (_, true) => format!("<td class=\"n\">{text}</td>"),
                (_, false) => format!("<td>{text}</td>"),
            }
        });
        rows.push_str(&format!("<tr>{}</tr>\n", cells.collect::<String>()));
    }
    let mut html = format!(
        "<details{}>\n<summary>Every run directory ({count})</summary>\n\
         <div class=\"scroll\" role=\"region\" aria-label=\"Run directories\" tabindex=\"0\">\n<table class=\"dense\">\n\
         <caption>Images/s over the whole run, time over all its sessions.</caption>\n\
         <thead>\n<tr>{head}</tr>\n</thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n</details>\n",
        if count <= OPEN { " open" } else { "" }
    );
    if !contents.summary.differences.is_empty() {
        let items = contents.summary.differences.iter();
        let items = items.map(|different| format!("<li>{}</li>\n", escape_html(&wording::difference(different))));
        html.push_str(&format!(
            "<details>\n<summary>Differences from the published setting</summary>\n<ul>\n{}</ul>\n</details>\n",
            items.collect::<String>()
        ));
    }
    for recipe in recipes(contents.groups) {
        html.push_str(&format!(
            "<details>\n<summary>Recipe of {}</summary>\n<pre tabindex=\"0\">{}</pre>\n</details>\n",
            escape_html(&recipe.title),
            escape_html(recipe.text)
        ));
    }
    Some(Section { id: "how", title: "How it was run", html })
}
