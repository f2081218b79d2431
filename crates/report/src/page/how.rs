//! How it was run: what is missing, where it ran, every run directory, the differences from the published setting, the recipes.

use super::curves::code;
use super::{Contents, Section, escape_html};
use crate::ledger::{Entry, entries, experiment, recipes};
use crate::wording;

/// What is not there, or not finished.
pub(crate) fn missing(contents: &Contents) -> Option<Section> {
    let lines = wording::missing(contents.summary);
    let figures = contents.figures.missed();
    if lines.is_empty() && figures.is_empty() {
        return None;
    }
    let item = |(run, parts): &(String, Vec<String>)| {
        format!("<li>{}: {}</li>\n", escape_html(run), escape_html(&parts.join("; ")))
    };
    let figure = |(title, needs): &(String, &str)| format!("<li>{title}: not run; {}.</li>\n", code(needs));
    let items: String = lines.iter().map(item).chain(figures.iter().map(figure)).collect();
    let html = format!("<ul class=\"missing\">\n{items}</ul>\n");
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
    let fact = |(question, answers): (&str, Vec<String>)| {
        format!("<div><dt>{question}</dt><dd>{}</dd></div>\n", escape_html(&answers.join("; ")))
    };
    let facts: String = experiment(contents.groups).into_iter().map(fact).collect();
    let facts = if facts.is_empty() { facts } else { format!("<dl class=\"experiment\">\n{facts}</dl>\n") };
    let mut html = format!(
        "{facts}<div class=\"folded\">\n<details{}>\n<summary>Every run directory ({count})</summary>\n\
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
    html.push_str("</div>\n");
    Some(Section { id: "how", title: "How it was run", html })
}
