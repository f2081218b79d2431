//! The findings in Markdown.

use crate::findings::{Finding, FindingPart, Verdict, words};
use crate::text::escape_markdown;

/// A heading, the counts, a table of every claim with its parts, and what was not run; empty where nothing that a claim
/// is about was run.
pub fn findings_markdown(findings: &[Finding]) -> String {
    let Some(counts) = words::counts(findings) else { return String::new() };
    let published = words::any_published(findings);
    let columns = |published_column: &str, others: [&str; 4]| {
        let [first, rest @ ..] = others;
        let column = if published { format!("{published_column} | ") } else { String::new() };
        format!("| {first} | {column}{} |\n", rest.join(" | "))
    };
    let mut text = format!(
        "\n## What the published report claims\n\n{counts}. As a table: [findings.csv](findings.csv).\n\n{}\n\n",
        words::RULE
    );
    text.push_str(&columns("published", ["conclusion", "these runs", "difference, 95 % interval", "verdict"]));
    text.push_str(&columns("---:", ["---", "---:", "---:", "---"]));
    let (not_run, judged): (Vec<&Finding>, Vec<&Finding>) =
        findings.iter().partition(|finding| finding.verdict == Verdict::NotRun);
    for finding in judged {
        let sentence = escape_markdown([finding.sentence, finding.note].join(" ").trim());
        text.push_str(&columns("", [&sentence, "", "", &format!("**{}**", finding.verdict.words())]));
        for part in &finding.parts {
            let verdict = if finding.parts.len() > 1 { part.verdict.words() } else { "" };
            let [comparison, sides, difference] = cells(part);
            text.push_str(&columns(&words::published(part), [&comparison, &sides, &difference, verdict]));
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

/// What is compared, the numbers, and their difference.
fn cells(part: &FindingPart) -> [String; 3] {
    let comparison = format!("– {}", words::comparison(part));
    let cells = match &part.measured {
        Err(_) => [comparison, String::new(), String::new()],
        Ok(measured) => {
            let chosen = measured.chosen.as_ref().map(|chosen| format!(" ({chosen})")).unwrap_or_default();
            let difference = format!("{} ({})", words::difference(measured, part.unit), words::basis(measured));
            [comparison + &chosen, words::sides(measured, part.unit), difference]
        }
    };
    cells.map(|cell| escape_markdown(&cell))
}
