//! `report.md`: the table of the page, the figures by relative path, how it was run.

use crate::compare::Group;
use crate::figures::Figure;
use crate::ledger::{Entry, entries, recipes};
use crate::page::escape_html;
use crate::summary::Summary;
use crate::tables::{escape_markdown, markdown_table};
use crate::wording::{comparability, difference, legend, missing};

/// The whole file.
pub fn report_md(groups: &[Group], summary: &Summary, figures: &[Figure]) -> String {
    let mut text = String::from("# bmae: comparison of pre-training methods\n\n");
    text.push_str(&markdown_table(summary));
    text.push_str(&format!("\n{}\n\n{}\n", legend(summary), escape_markdown(&comparability(summary))));
    for warning in &summary.warnings {
        text.push_str(&format!("\n**Note.** {}\n", escape_markdown(warning)));
    }
    text.push_str("\nEach evaluation by itself: [results.csv](results.csv).\n");
    if !summary.missing.is_empty() {
        text.push_str("\n## Not run or not finished\n\n");
        for (run, parts) in missing(summary) {
            text.push_str(&format!("- {}: {}\n", escape_markdown(&run), escape_markdown(&parts.join("; "))));
        }
    }
    if !figures.is_empty() {
        text.push_str("\n## Curves\n");
    }
    for figure in figures {
        let alt = escape_markdown(&figure.description);
        text.push_str(&format!("\n### {}\n\n![{alt}]({})\n\n{}\n", figure.title, figure.path(), figure.caption));
    }
    text.push_str("\n## How it was run\n\n");
    let rule = Entry::NUMERIC.map(|numeric| if numeric { "---:" } else { "---" });
    text.push_str(&format!("| {} |\n| {} |\n", Entry::HEADINGS.join(" | "), rule.join(" | ")));
    for entry in entries(groups) {
        text.push_str(&format!("| {} |\n", entry.cells().map(escape_markdown).join(" | ")));
    }
    if !summary.differences.is_empty() {
        text.push_str("\n### Differences from the published setting\n\n");
        for different in &summary.differences {
            text.push_str(&format!("- {}\n", escape_markdown(&difference(different))));
        }
    }
    for recipe in recipes(groups) {
        let fence = fence(recipe.text);
        let title = escape_html(&recipe.title);
        text.push_str(&format!(
            "\n<details><summary>Recipe: {title}</summary>\n\n{fence}toml\n{}\n{fence}\n\n</details>\n",
            recipe.text.trim_end()
        ));
    }
    text
}

/// A code fence that the text itself cannot close.
fn fence(text: &str) -> String {
    let (mut longest, mut current) = (0, 0);
    for c in text.chars() {
        current = if c == '`' { current + 1 } else { 0 };
        longest = longest.max(current);
    }
    "`".repeat((longest + 1).max(3))
}
