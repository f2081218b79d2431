//! `report.md`: the table of the page, the figures by relative path, how it was run.

use bmae_output::own_folder::REPORT_COMMENT;
use bmae_output::plain::plain_lines;
use maud::html;

use crate::classification::ClassifiedLine;
use crate::comparison::sentences::{at_chance, collapse, comparability, difference, legend, missing, own_keys, varied};
use crate::comparison::{RUN_COLUMNS, RunGroup, Summary, facts, recipes, run_rows};
use crate::comparison_table::markdown_table;
use crate::evaluations::Evaluations;
use crate::figures::{Figures, figure_path};
use crate::findings::Finding;
use crate::findings_table::findings_markdown;
use crate::pictures::Album;
use crate::text::{count, escape_markdown, fenced};

/// The whole file.
pub fn report_md(
    groups: &[RunGroup],
    summary: &Summary,
    findings: &[Finding],
    figures: &Figures,
    albums: &[Album],
    evaluations: &Evaluations,
) -> String {
    let mut text = format!("{REPORT_COMMENT}\n\n# bmae: comparison of pre-training methods\n\n");
    text.push_str(&markdown_table(summary));
    text.push_str(&format!("\n{}\n\n{}\n", legend(summary), escape_markdown(&comparability(summary))));
    for note in at_chance(summary).into_iter().chain(own_keys(summary)).chain(varied(summary)) {
        text.push_str(&format!("\n{}\n", escape_markdown(&note)));
    }
    for warning in &summary.warnings {
        text.push_str(&format!("\n**Note.** {}\n", escape_markdown(warning)));
    }
    for collapsed in &summary.collapses {
        text.push_str(&format!("\n**Collapse.** {}\n", escape_markdown(&collapse(collapsed))));
    }
    text.push_str("\nEach evaluation by itself: [results.csv](results.csv).\n");
    text.push_str(&findings_markdown(findings));
    text.push_str(&not_run(summary, figures));
    text.push_str(&curves(figures));
    text.push_str(&classes(groups, evaluations));
    text.push_str(&pictures(groups, albums));
    text.push_str(&how(groups, summary));
    text
}

/// What is missing, and the figures that want it.
fn not_run(summary: &Summary, figures: &Figures) -> String {
    let mut text = String::new();
    if summary.missing.is_empty() && figures.not_run.is_empty() {
        return text;
    }
    text.push_str("\n## Not run or not finished\n\n");
    for (run, parts) in missing(summary) {
        text.push_str(&format!("- {}: {}\n", escape_markdown(&run), escape_markdown(&parts.join("; "))));
    }
    for (title, family) in figures.missed() {
        let command = (figures.command)(family).map(|command| format!("; `{command}` runs them")).unwrap_or_default();
        text.push_str(&format!("- {title}: not run; needs {}{command}.\n", family.needs().unwrap_or_default()));
    }
    text
}

fn curves(figures: &Figures) -> String {
    let mut text = String::new();
    if !figures.drawn.is_empty() {
        text.push_str("\n## Curves\n");
    }
    for figure in &figures.drawn {
        let alt = escape_markdown(&figure.description);
        let (title, caption) = (&figure.plan.title, escape_markdown(&figure.caption));
        let (svg, png) = (figure_path(&figure.plan.name, "svg"), figure_path(&figure.plan.name, "png"));
        text.push_str(&format!("\n### {title}\n\n![{alt}]({svg})\n\n{caption} ([PNG]({png}))\n"));
    }
    text
}

/// The scores of every evaluation, and the confusion matrices of those that are shown.
fn classes(groups: &[RunGroup], evaluations: &Evaluations) -> String {
    let mut text = String::new();
    if evaluations.lines.is_empty() {
        return text;
    }
    text.push_str(
        "\n## Classes and mistakes\n\n| evaluation | top-1 | balanced accuracy | macro F1 | calibration error |\n",
    );
    text.push_str("| --- | ---: | ---: | ---: | ---: |\n");
    let title =
        |line: &ClassifiedLine| escape_markdown(&format!("{}, {}", groups[line.group].label, line.stage.in_sentence()));
    for line in &evaluations.lines {
        let outcome = &line.outcome;
        let means = outcome.confusion.macro_scores();
        let scores = [
            outcome.confusion.accuracy(),
            means.map(|means| means.balanced_accuracy),
            means.map(|means| means.f1),
            outcome.calibration.expected_error(),
        ];
        let scores = scores.map(|share| share.map_or_else(|| "–".to_owned(), |share| format!("{:.2}", 100.0 * share)));
        text.push_str(&format!("| {} | {} |\n", title(line), scores.join(" | ")));
    }
    text.push_str("\nAll in percent: [evaluations.csv](evaluations.csv); each class: [classes.csv](classes.csv).\n");
    for skipped in &evaluations.skipped {
        text.push_str(&format!("\n**Note.** {}\n", escape_markdown(skipped)));
    }
    for shown in &evaluations.shown {
        let title = title(&evaluations.lines[shown.line]);
        text.push_str(&format!("\n### {title}\n"));
        for figure in shown.figures.all() {
            let description = escape_markdown(&figure.description);
            let svg = figure_path(&figure.name, "svg");
            text.push_str(&format!("\n![{description}]({svg})\n\n{description}\n"));
        }
    }
    text
}

fn pictures(groups: &[RunGroup], albums: &[Album]) -> String {
    let mut text = String::new();
    if !albums.is_empty() {
        text.push_str("\n## Reconstructions and attention\n");
    }
    for album in albums {
        let label = escape_markdown(&groups[album.group].label);
        text.push_str(&format!("\n### {label}, seed {}\n", album.seed));
        for (path, picture) in album.copies(groups) {
            let alt = format!("{} of {label} after {}", picture.kind.title(), count(picture.epoch, "epoch"));
            text.push_str(&format!("\n![{alt}]({path})\n\n{alt}.\n"));
        }
        for skipped in &album.skipped {
            text.push_str(&format!("\n{}\n", escape_markdown(skipped)));
        }
    }
    text
}

fn how(groups: &[RunGroup], summary: &Summary) -> String {
    let mut text = String::from("\n## How it was run\n\n");
    for (question, answers) in facts(groups) {
        text.push_str(&format!("- {question}: {}\n", escape_markdown(&answers.join("; "))));
    }
    let rule = RUN_COLUMNS.map(|(_, numeric)| if numeric { "---:" } else { "---" });
    text.push_str(&format!("\n| {} |\n| {} |\n", RUN_COLUMNS.map(|(name, _)| name).join(" | "), rule.join(" | ")));
    for row in run_rows(groups) {
        text.push_str(&format!("| {} |\n", row.map(|cell| escape_markdown(&cell)).join(" | ")));
    }
    if !summary.differences.is_empty() {
        text.push_str("\n### Differences from the published setting\n\n");
        for different in &summary.differences {
            text.push_str(&format!("- {}\n", escape_markdown(&difference(different))));
        }
    }
    for recipe in recipes(groups) {
        let fenced = fenced(plain_lines(recipe.text).trim_end(), "toml");
        let summary = html! { summary { "Recipe: " (recipe.title) } }.into_string();
        text.push_str(&format!("\n<details>{summary}\n\n{fenced}\n\n</details>\n"));
    }
    text
}
