//! Run directories in; tables, figures and one HTML page out. Knows no tensors and nothing of training: it reads the files that
//! the design's section 5 fixes by its own types, and writes those of its section 6.
//!
//! The way through: [`collect_runs`] finds and reads, [`group_runs`] lays side by side, [`summarise`] draws up means, spread and
//! the published figures, and `results`, `tables`, `markdown`, `figures` and `page` show it. [`write_report`] does it all.

mod aligned;
mod collect;
mod collection;
mod compare;
mod error;
mod figures;
mod ledger;
mod markdown;
mod moment;
mod page;
mod published;
mod read;
mod results;
mod setting;
mod summary;
mod tables;
mod wording;
mod write;

use std::path::{Path, PathBuf};

pub use collect::collect_runs;
pub use collection::{Comparison, Listed, compare_runs, list_runs, metrics_csv};
pub use compare::{Group, group_runs, setting_text};
pub use error::ReportError;
pub use published::{Published, published};
pub use read::{About, Epoch, Eval, Event, LOCK_FILE, Metrics, Run, RunState, Setting, Stage, Step, read_run};
pub use results::{COLUMNS, results_csv};
pub use setting::{Difference, differences};
pub use summary::{Cell, Line, Missing, Score, State, Summary, summarise};
pub use tables::text_table;

/// What [`write_report`] did.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The files, `index.html` first.
    pub files: Vec<PathBuf>,
    /// The comparison as an aligned table for a terminal.
    pub table: String,
    /// The comparison as data.
    pub summary: Summary,
}

/// Reads the runs at or below the paths `runs` (see [`collect_runs`]) and writes `index.html`, `report.md`, `results.csv` and
/// `figures/*.svg` into the folder `out`, which is created. Each file is written whole or not at all, and files of an earlier
/// report are replaced. The same runs give the same bytes.
///
/// # Errors
/// What [`collect_runs`] says, before anything is written; [`ReportError::Write`] if a file cannot be written.
pub fn write_report(runs: &[PathBuf], out: &Path) -> Result<Written, ReportError> {
    let runs = collect_runs(runs)?;
    let groups = group_runs(&runs);
    let summary = summarise(&groups, &runs);
    let drawn = figures::draw_figures(&groups)?;

    let folder = out.join("figures");
    write::create_folder(&folder)?;
    let mut files = vec![
        (out.join("index.html"), page::page(&groups, &summary, &drawn)),
        (out.join("report.md"), markdown::report_md(&groups, &summary, &drawn)),
        (out.join("results.csv"), results_csv(&groups)),
    ];
    for name in figures::names().filter(|name| drawn.iter().all(|figure| figure.name != *name)) {
        // A figure of an earlier report that has nothing to show any more.
        let _ = std::fs::remove_file(folder.join(format!("{name}.svg")));
    }
    files.extend(drawn.into_iter().map(|figure| (out.join(figure.path()), figure.paper)));
    for (path, contents) in &files {
        write::write_file(path, contents.as_bytes())?;
    }
    let files = files.into_iter().map(|(path, _)| path).collect();
    Ok(Written { files, table: text_table(&summary), summary })
}
