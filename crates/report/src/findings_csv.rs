//! `findings.csv`: every conclusion of the report and its parts, the columns of `docs/formats.md`, "findings.csv".

use serde::Serialize;

use crate::findings::{Finding, FindingPart, Verdict, words};
use crate::text::csv_cell;

/// A row; the fields are the columns, in order.
#[derive(Default, Serialize)]
struct Row {
    claim: String,
    part: usize,
    sentence: String,
    verdict: String,
    first: String,
    second: String,
    evaluation: String,
    unit: String,
    published_first: String,
    published_second: String,
    published_difference: String,
    value_first: String,
    value_second: String,
    difference: String,
    low: String,
    high: String,
    interval_from: String,
    interval_n: String,
    expected_low: String,
    expected_high: String,
    remark: String,
}

/// The whole file: of each claim a row for itself, part 0, and one for each of its parts. Measured numbers have six
/// decimals, and a cell that does not apply is empty.
pub fn findings_csv(findings: &[Finding]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for finding in findings {
        let parts = finding.parts.iter().enumerate().map(|(index, part)| part_row(finding, index + 1, part));
        for row in std::iter::once(claim_row(finding)).chain(parts) {
            // Writing to memory cannot fail.
            let _ = writer.serialize(row);
        }
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

fn claim_row(finding: &Finding) -> Row {
    Row {
        claim: finding.claim.to_owned(),
        sentence: finding.sentence.to_owned(),
        verdict: finding.verdict.name().to_owned(),
        remark: remark(finding),
        ..Row::default()
    }
}

fn part_row(finding: &Finding, number: usize, part: &FindingPart) -> Row {
    let (low, high) = part.expected.range();
    let mut row = Row {
        part: number,
        verdict: part.verdict.name().to_owned(),
        first: csv_cell(&part.subjects.0),
        second: part.subjects.1.as_deref().map(csv_cell).unwrap_or_default(),
        evaluation: part.evaluation.map(|evaluation| evaluation.name().to_owned()).unwrap_or_default(),
        unit: part.unit.name().to_owned(),
        expected_low: bound(low),
        expected_high: bound(high),
        remark: String::new(),
        ..claim_row(finding)
    };
    if let Some([first, second]) = part.published {
        row.published_first = first.top1.to_string();
        row.published_second = second.top1.to_string();
        row.published_difference = format!("{:.2}", first.top1 - second.top1);
    }
    match &part.measured {
        Err(lacks) => row.remark = csv_cell(&words::not_run(lacks)),
        Ok(measured) => {
            if let Some(sides) = measured.sides {
                [row.value_first, row.value_second] = sides.map(decimals);
            }
            row.difference = decimals(measured.estimate.value);
            if let Some(interval) = measured.estimate.interval {
                let (basis, count) = interval.basis.named();
                (row.low, row.high) = (decimals(interval.low), decimals(interval.high));
                (row.interval_from, row.interval_n) = (basis.to_owned(), count.to_string());
            }
            row.remark = measured.chosen.as_deref().map(csv_cell).unwrap_or_default();
        }
    }
    row
}

/// What was not run, and what is to be known besides.
fn remark(finding: &Finding) -> String {
    let note = finding.note.to_owned();
    match finding.verdict {
        Verdict::NotRun => format!("{} {note}", words::not_run(&finding.not_run())).trim_end().to_owned(),
        _ => note,
    }
}

/// An end of the expected range; empty where it is open.
fn bound(end: f64) -> String {
    if end.is_finite() { decimals(end) } else { String::new() }
}

fn decimals(value: f64) -> String {
    format!("{value:.6}")
}
