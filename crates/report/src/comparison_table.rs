//! The comparison as a table of plain texts: the terminal's and the Markdown's.

use crate::comparison::sentences::{published, score};
use crate::comparison::{GroupSummary, Summary, best};
use crate::run_directory::Stage;
use crate::text::{aligned, duration, escape_markdown, percent};

/// Headings of the table that text and Markdown share.
const HEADINGS: [&str; 7] = ["run", "setting", "fine-tuning", "published", "linear probe", "published", "kNN"];

fn rows(summary: &Summary) -> Vec<[String; 7]> {
    let row = |line: &GroupSummary| {
        [
            line.run.clone(),
            line.setting.parameters(),
            score(&line.finetune),
            published(line.finetune.published),
            score(&line.linprobe),
            published(line.linprobe.published),
            score(&line.knn),
        ]
    };
    summary.runs.iter().map(row).collect()
}

/// The row of what guessing one class gives, where that is known.
fn chance(summary: &Summary) -> Option<[String; 7]> {
    let chance = percent(summary.chance?);
    let [name, empty] = ["chance", ""].map(str::to_owned);
    Some([name, empty.clone(), chance.clone(), empty.clone(), chance.clone(), empty, chance])
}

/// An aligned table for a terminal: names to the left, numbers to the right, control characters replaced.
pub fn text_table(summary: &Summary) -> String {
    let lines: Vec<Vec<String>> = std::iter::once(HEADINGS.map(str::to_owned))
        .chain(rows(summary))
        .chain(chance(summary))
        .map(|row| row.to_vec())
        .collect();
    aligned(&lines, &[false, false, true, true, true, true, true])
}

/// The same table in Markdown, with time and rate. The best of each evaluation is bold, where the noise lets one be.
pub fn markdown_table(summary: &Summary) -> String {
    let mut text =
        format!("| {} | time | images/s |\n|---|---|---:|---:|---:|---:|---:|---:|---:|\n", HEADINGS.join(" | "));
    let best = Stage::EVALUATIONS.map(|stage| best(summary, stage));
    for (line, row) in summary.runs.iter().zip(rows(summary)) {
        let mut cells = row.map(|cell| escape_markdown(&cell));
        for (best, column) in best.iter().zip([2, 4, 6]) {
            if best.is_some_and(|best| best.run == line.run) {
                cells[column] = format!("**{}**", cells[column]);
            }
        }
        let time = line.wall_s.map(duration).unwrap_or_default();
        let rate = line.images_per_s.map(|rate| format!("{rate:.0}")).unwrap_or_default();
        text.push_str(&format!("| {} | {time} | {rate} |\n", cells.join(" | ")));
    }
    if let Some(row) = chance(summary) {
        text.push_str(&format!("| {} |  |  |\n", row.join(" | ")));
    }
    text
}
