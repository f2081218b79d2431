//! The findings in Markdown.

use crate::findings::{Finding, FindingPart, Verdict, words};
use crate::text::escape_markdown;

/// A heading, the counts, a table of every claim with its parts, and what was not run; empty where nothing that a claim
/// is about was run.
pub fn findings_markdown(findings: &[Finding]) -> String {
    let Some(counts) = words::counts(findings) else { return String::new() };
    let mut text = format!(
        "\n## What the published report claims\n\n{counts}. As a table: [findings.csv](findings.csv).\n\n{}\n\n\
         | conclusion | published | these runs | difference, 95 % interval | verdict |\n|---|---:|---:|---:|---|\n",
        words::RULE
    );
    let (not_run, judged): (Vec<&Finding>, Vec<&Finding>) =
        findings.iter().partition(|finding| finding.verdict == Verdict::NotRun);
    for finding in judged {
        let sentence = [finding.sentence, finding.note].join(" ");
        let (sentence, verdict) = (escape_markdown(sentence.trim()), finding.verdict.words());
        text.push_str(&format!("| {sentence} | | | | **{verdict}** |\n"));
        for part in &finding.parts {
            text.push_str(&part_row(part, finding.parts.len() > 1));
        }
    }
    if !not_run.is_empty() {
        text.push('\n');
    }
    for finding in not_run {
        text.push_str(&format!("- {} {}\n", finding.sentence, escape_markdown(&words::not_run(&finding.not_run()))));
    }
    text
}

fn part_row(part: &FindingPart, several: bool) -> String {
    let verdict = if several { part.verdict.words() } else { "" };
    let (sides, difference) = match &part.measured {
        Ok(measured) => {
            let (number, basis) = (words::difference(measured, part.unit), words::basis(measured));
            (words::sides(measured, part.unit), format!("{number} ({basis})"))
        }
        Err(_) => (String::new(), String::new()),
    };
    let chosen = part.measured.as_ref().ok().and_then(|measured| measured.chosen.as_ref());
    let comparison = words::comparison(part) + &chosen.map(|chosen| format!(" ({chosen})")).unwrap_or_default();
    let cells = [comparison, words::published(part), sides, difference].map(|cell| escape_markdown(&cell));
    format!("| – {} | {verdict} |\n", cells.join(" | "))
}
