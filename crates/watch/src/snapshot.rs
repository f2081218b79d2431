//! The runs once, as plain text for output that is no terminal.

use std::path::PathBuf;
use std::time::Instant;

use crate::error::WatchError;
use crate::row::{Column, fill, fit, gap, terse};
use crate::runs::{Runs, WatchedRun};

/// Fewer columns than this are taken as this many: a table needs some room.
const NARROWEST: usize = 20;

/// One aligned table of the runs at and below `paths` with their latest numbers, at most `width` terminal columns wide
/// (less than 20 counts as 20), columns left out where they do not fit, and below it a sentence for each run that
/// failed, collapsed or cannot be read. Ends with a line break. Where there is no run yet, that is said instead.
///
/// # Errors
/// [`WatchError::NoPaths`] without paths, [`WatchError::Missing`] or [`WatchError::NotAFolder`] for one that is no
/// folder.
pub fn snapshot(paths: &[PathBuf], width: usize) -> Result<String, WatchError> {
    let now = Instant::now();
    let runs = Runs::open(paths, now)?;
    if runs.watched.is_empty() {
        return Ok(format!("{}\n", runs.waiting()));
    }
    let width = width.max(NARROWEST);
    let line = |watched: &WatchedRun| Column::ALL.map(|column| column.text(watched, now, terse(width))).to_vec();
    let lines: Vec<Vec<String>> = runs.watched.iter().map(line).collect();
    let kept = fit(&lines, width, 0);
    let headings: Vec<String> = Column::ALL.map(|column| column.heading().to_owned()).to_vec();

    let mut text = String::new();
    for line in std::iter::once(&headings).chain(&lines) {
        let cells = Column::ALL.iter().zip(line).filter_map(|(column, cell)| {
            let (_, cell_width) = kept.iter().find(|(other, _)| other == column)?;
            Some(fill(cell, *cell_width, column.right()))
        });
        text.push_str(cells.collect::<Vec<_>>().join(&" ".repeat(gap(width))).trim_end());
        text.push('\n');
    }
    for warning in runs.watched.iter().filter_map(WatchedRun::warning) {
        text.push_str(&warning);
        text.push('\n');
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{lock, losses, run, top1s};

    fn example() -> (tempfile::TempDir, std::fs::File) {
        let folder = tempfile::tempdir().unwrap();
        let mae = run(folder.path(), "mae/pretrain", "pretrain", "epochs = 8\nfinished = true");
        losses(&mae, &[3.0, 2.0, 1.0, 0.5, 0.4, 0.3, 0.25, 0.2]);
        let probe = run(folder.path(), "mae/linprobe", "linprobe", "epochs = 4\nfailed = \"no room\\u001b[2J left\"");
        top1s(&probe, &[20.0, 31.5, 30.25]);
        let mae_k = run(folder.path(), "mae-k/pretrain", "pretrain", "epochs = 10");
        losses(&mae_k, &[3.0, 2.0, 1.0, 0.5]);
        let lock = lock(&mae_k);
        (folder, lock)
    }

    #[test]
    fn the_table_holds_every_run_with_its_latest_numbers() {
        let (folder, _lock) = example();
        let table = snapshot(&[folder.path().to_owned()], 100).unwrap();
        let expected = "\
run    stage     seed  state     epoch  latest  img/s  left    best
mae    pretrain     0  finished    8/8  0.2000    512
mae    linprobe     0  failed      3/4  30.25%               31.50%
mae-k  pretrain     0  running    4/10  0.5000    512  12 s
mae linprobe seed 0 failed: no room\\u{1b}[2J left
";
        assert_eq!(table, expected);
    }

    #[test]
    fn a_narrow_table_keeps_what_is_needed_most() {
        let (folder, _lock) = example();
        let table = snapshot(&[folder.path().join("mae-k")], 32).unwrap();
        assert_eq!(table, "run   state epoch latest left\nmae-k runs   4/10 0.5000 12 s\n");
    }

    #[test]
    fn a_folder_without_runs_says_what_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let text = snapshot(&[folder.path().to_owned()], 80).unwrap();
        let place = folder.path().display();
        assert_eq!(text, format!("no run in {place} yet: waiting for the first one to write its run.toml\n"));
    }

    #[test]
    fn a_path_that_does_not_exist_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nowhere");
        let error = snapshot(std::slice::from_ref(&path), 80).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{} does not exist: name", path.display())), "{error}");
        assert!(matches!(snapshot(&[], 80), Err(WatchError::NoPaths)));
    }

    #[test]
    fn a_run_that_cannot_be_read_is_named_with_the_reason_and_the_others_are_shown() {
        let (folder, _lock) = example();
        let broken = run(folder.path(), "torn/pretrain", "pretrain", "epochs = 8");
        std::fs::write(broken.join("metrics.jsonl"), "nonsense\n").unwrap();
        let table = snapshot(&[folder.path().to_owned()], 100).unwrap();
        assert!(table.contains("\ntorn/pretrain                  unreadable\n"), "{table}");
        assert!(table.contains("metrics.jsonl, line 1: expected a JSON object"), "{table}");
        assert!(table.contains("\nmae-k "), "{table}");
    }
}
