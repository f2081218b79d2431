//! Run directories in; tables, figures and one HTML page out. Knows no tensors and nothing of training: it reads run
//! directories by its own types (`docs/formats.md`, "Run directory") and writes the files of "Report" there.
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
mod missing;
mod moment;
mod page;
mod pictures;
mod published;
mod read;
mod results;
mod score;
mod setting;
mod starts;
mod summary;
mod tables;
mod variation;
mod wording;
mod write;

use std::path::{Path, PathBuf};

pub use collect::{Collected, collect_runs, find_runs};
pub use collection::{Comparison, Listed, compare_runs, list_runs, metrics_csv};
pub use compare::{Group, group_runs, setting_text};
pub use error::ReportError;
pub use missing::{Missing, State};
pub use published::{Published, published};
pub use read::{
    About, Epoch, Eval, Event, METRICS_FILE, Metrics, RUN_FILE, Run, RunState, Session, Setting, Stage, Step,
    is_locked, read_run,
};
pub use results::{COLUMNS, results_csv};
pub use score::Score;
pub use setting::{Difference, differences};
pub use summary::{Cell, Collapse, Line, Summary, summarise};
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
/// `figures/*.svg`, `*.png` into the folder `out`, which is created. Each file is written whole or not at all, and files of an
/// earlier report are replaced. The same runs give the same bytes.
///
/// # Errors
/// What [`collect_runs`] says, and [`ReportError::IntoARun`], before anything is written; [`ReportError::Write`] if a file
/// cannot be written.
pub fn write_report(runs: &[PathBuf], out: &Path) -> Result<Written, ReportError> {
    if out.join(RUN_FILE).exists() {
        return Err(ReportError::IntoARun { path: out.to_owned() });
    }
    let collected = collect_runs(runs)?;
    let groups = group_runs(&collected.runs);
    let summary = summarise(&groups, &collected);
    let drawn = figures::draw_figures(&groups)?;
    let albums = pictures::albums(&groups)?;

    let folder = out.join("figures");
    write::create_folder(&folder)?;
    let mut files = vec![
        (out.join("index.html"), page::page(&groups, &summary, &drawn, &albums).into_bytes()),
        (out.join("report.md"), markdown::report_md(&groups, &summary, &drawn, &albums).into_bytes()),
        (out.join("results.csv"), results_csv(&groups).into_bytes()),
    ];
    for figure in drawn.drawn {
        let path = |ending| out.join(figures::figure_path(&figure.plan.name, ending));
        files.extend([(path("svg"), figure.paper.into_bytes()), (path("png"), figure.png)]);
    }
    for (path, picture) in albums.iter().flat_map(|album| album.copies(&groups)) {
        files.push((out.join(path), picture.png.clone()));
    }
    for (path, contents) in &files {
        write::write_file(path, contents)?;
    }
    let files: Vec<PathBuf> = files.into_iter().map(|(path, _)| path).collect();
    write::remove_others(&folder, &files, ours);
    Ok(Written { files, table: text_table(&summary), summary })
}

/// Whether a file among the figures is of a report: one of an earlier report that has nothing to show any more is removed.
fn ours(name: &str) -> bool {
    let figure =
        |(stem, ending): (&str, &str)| matches!(ending, "svg" | "png") && figures::names().any(|name| name == stem);
    name.starts_with(pictures::COPIES) || name.rsplit_once('.').is_some_and(figure)
}
