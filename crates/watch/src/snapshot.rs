//! The runs once, as plain text for output that is no terminal.

use std::path::PathBuf;
use std::time::Instant;

use crate::error::WatchError;
use crate::row::{Column, GAP, fill, fit};
use crate::runs::{Runs, Watched};

/// Fewer columns than this are taken as this many: a table needs some room.
const NARROWEST: usize = 20;

/// One aligned table of the runs at and below `paths` with their latest numbers, at most `width` terminal columns wide (less than
/// 20 counts as 20), columns left out where they do not fit, and below it a sentence for each run that failed, collapsed or cannot
/// be read. Ends with a line break. Where there is no run yet, that is said instead.
///
/// # Errors
/// [`WatchError::NoPaths`] without paths, [`WatchError::Missing`] or [`WatchError::NotAFolder`] for one that is no folder.
pub fn snapshot(paths: &[PathBuf], width: usize) -> Result<String, WatchError> {
    let now = Instant::now();
    let runs = Runs::open(paths, now)?;
    if runs.watched.is_empty() {
        return Ok(format!("{}\n", runs.waiting()));
    }
    let line = |watched: &Watched| Column::ALL.map(|column| column.text(watched, now)).to_vec();
    let lines: Vec<Vec<String>> = runs.watched.iter().map(line).collect();
    let kept = fit(&lines, width.max(NARROWEST), 0);
    let headings: Vec<String> = Column::ALL.map(|column| column.heading().to_owned()).to_vec();

    let mut text = String::new();
    for line in std::iter::once(&headings).chain(&lines) {
        let cells = Column::ALL.iter().zip(line).filter_map(|(column, cell)| {
            let (_, width) = kept.iter().find(|(other, _)| other == column)?;
            Some(fill(cell, *width, column.right()))
        });
        text.push_str(cells.collect::<Vec<_>>().join(&" ".repeat(GAP)).trim_end());
        text.push('\n');
    }
    for warning in runs.watched.iter().filter_map(Watched::warning) {
        text.push_str(&warning);
        text.push('\n');
    }
    Ok(text)
}
