//! What became of the faults, by stage and method, and what should not be.

use std::collections::BTreeMap;
use std::fmt;

use crate::fault::{Fault, Operation};
use crate::scenario::Scenario;
use crate::shim::At;
use crate::verdict::{Ending, Verdict};

/// Counts by command, and findings by what they say.
#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
    findings: BTreeMap<String, Finding>,
}

#[derive(Default)]
struct Row {
    stage: &'static str,
    method: &'static str,
    operations: usize,
    kills: usize,
    failures: usize,
    short: usize,
    unharmed: usize,
    equal: usize,
    tried: usize,
}

struct Finding {
    count: usize,
    /// The first fault that showed it.
    first: String,
}

impl Table {
    /// Begins the row of a command that does so many operations when it is left alone.
    pub fn row(&mut self, scenario: &Scenario, operations: usize) {
        self.rows.push(Row { stage: scenario.stage, method: scenario.method, operations, ..Row::default() });
    }

    /// Counts a fault at an operation of the command of a row.
    pub fn count(&mut self, row: usize, hit: &Operation, at: At, verdict: &Verdict) {
        let row = &mut self.rows[row];
        row.tried += 1;
        row.equal += usize::from(verdict.equal);
        match (verdict.ending, at.fault) {
            (Ending::Killed, _) => row.kills += 1,
            (Ending::Failed, _) => row.failures += 1,
            (Ending::Unharmed, Fault::Short) => row.short += 1,
            (Ending::Unharmed, _) => row.unharmed += 1,
        }
        for what in &verdict.findings {
            let first = || {
                let At { operation, fault } = at;
                let (stage, method) = (row.stage, row.method);
                format!("{stage} {method}, {fault} at {operation} ({} {})", hit.name, hit.file_name())
            };
            let finding = self.findings.entry(what.clone()).or_insert_with(|| Finding { count: 0, first: first() });
            finding.count += 1;
        }
    }

    /// Whether nothing was found.
    pub fn is_well(&self) -> bool {
        self.findings.is_empty()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["operations", "faults", "killed", "failed", "short", "unharmed", "equal bits"];
        writeln!(formatter, "{:<12} {:<11} {}", "stage", "method", head.join("  "))?;
        let mut sums = [0; 7];
        let line = |formatter: &mut fmt::Formatter<'_>, stage: &str, method: &str, numbers: [usize; 7]| {
            write!(formatter, "{stage:<12} {method:<11}")?;
            for (number, head) in numbers.iter().zip(head) {
                write!(formatter, " {number:>width$} ", width = head.len())?;
            }
            writeln!(formatter)
        };
        for row in self.rows.iter().filter(|row| row.tried > 0) {
            let numbers = [row.operations, row.tried, row.kills, row.failures, row.short, row.unharmed, row.equal];
            sums.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += number);
            line(formatter, row.stage, row.method, numbers)?;
        }
        line(formatter, "all", "", sums)?;
        for (what, Finding { count, first }) in &self.findings {
            writeln!(formatter, "FOUND {count} x {what}\n      first: {first}")?;
        }
        Ok(())
    }
}
