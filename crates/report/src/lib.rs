//! Run directories in; tables, figures and one HTML page out. Knows no tensors and nothing of training: it reads the
//! files of a run directory by its own types (`docs/formats.md`, "Run directory").
//!
//! The way through: [`collect_runs`] finds and reads, [`group_runs`] lays side by side, [`summarise`] draws up means,
//! spread and the published figures, `findings` holds the report's conclusions against the runs,
//! `classification` counts what evaluations said of their test images, and `results_csv`,
//! `comparison_table`, `findings_csv`, `markdown`, `figures` and `page` show it. [`write_report`] does it all. Apart from that, `collection` lists runs, compares two of them, and gives what they
//! logged as a table.

mod classification;
mod classification_csv;
mod collection;
mod comparison;
mod comparison_table;
mod downsample;
mod error;
mod evaluations;
mod figures;
mod findings;
mod findings_csv;
mod findings_table;
mod markdown;
mod nearest_images;
mod page;
mod pictures;
mod place;
mod results_csv;
mod run_directory;
mod statistics;
mod terminal_table;
mod text;
mod write;

use std::path::{Path, PathBuf};

use bmae_output::claim::Foreign;
use bmae_output::own_folder::holds_report;

pub use collection::{
    ComparedResult, ComparedSetting, ListedRun, LoggedMetrics, RunComparison, compare_runs, list, list_runs,
    metrics_csv, metrics_records,
};
pub use comparison::{
    Collapse, DataSet, EvaluationSummary, GroupSummary, MissingResult, MissingState, Origin, PublishedAccuracy,
    RecipeDifference, RunGroup, Score, Summary, group_runs, summarise,
};
pub use downsample::downsample;
pub use error::ReportError;
pub use figures::FigureCommand;
pub use figures::family::FigureFamily;
pub use findings::{Finding, FindingPart, Verdict, findings};
pub use findings_csv::findings_csv;
pub use nearest_images::{CaptionedImage, NEAREST_GENERATOR, NearestRow, nearest_images_page};
pub use place::check_place;
pub use run_directory::{
    About, CollectedRuns, Epoch, Eval, Fingerprint, Inputs, METRICS_FILE, MethodSetting, Metrics, RUN_FILE, Renewal,
    Run, RunState, Session, Stability, Stage, Step, TargetChange, collect_runs, find_runs, is_locked, origin, read_run,
};

/// What [`write_report`] did.
#[derive(Debug, Clone, PartialEq)]
pub struct WrittenReport {
    /// The files, `index.html` first.
    pub files: Vec<PathBuf>,
    /// The comparison as an aligned table of any width, what is to be known of its numbers, and how many conclusions of
    /// the report hold.
    pub table: String,
    /// The comparison as data.
    pub summary: Summary,
    /// What stands below the table.
    notes: String,
}

impl WrittenReport {
    /// The same for a terminal of `width` columns: broken into lines where that is narrow, with more columns where it is
    /// wide.
    pub fn table_within(&self, width: usize) -> String {
        let notes: Vec<String> = self.notes.lines().flat_map(|line| text::wrapped(line, width)).collect();
        terminal_table::terminal_table(&self.summary, width)
            + &notes.join("\n")
            + if notes.is_empty() { "" } else { "\n" }
    }
}

/// Reads the runs at or below the paths `runs` (see [`collect_runs`]) and writes `index.html`, `report.md`,
/// `results.csv`, `findings.csv`, `evaluations.csv`, `classes.csv` and `figures/*.svg`, `*.png` into the folder `out`, which is created. Each file is written whole or
/// not at all, and files of an earlier report are replaced. The same runs give the same bytes. In the place of a figure
/// that lacks runs, readers are told the `command` that makes them.
///
/// # Errors
/// What [`collect_runs`] and [`check_place`] say, before anything is written; [`ReportError::Write`] if a file cannot be
/// written.
pub fn write_report(runs: &[PathBuf], out: &Path, command: FigureCommand) -> Result<WrittenReport, ReportError> {
    write_report_over(runs, out, Foreign::Kept, command)
}

/// The same, where files in `out` that bmae did not write are kept or, if a file of the report has their name, replaced.
///
/// # Errors
/// As [`write_report`].
pub fn write_report_over(
    runs: &[PathBuf],
    out: &Path,
    foreign: Foreign,
    command: FigureCommand,
) -> Result<WrittenReport, ReportError> {
    check_place(out, foreign)?;
    let is_own = holds_report(out);
    let collected = collect_runs(runs)?;
    let groups = group_runs(&collected.runs);
    let summary = summarise(&groups, &collected);
    let findings = findings(&groups);
    let drawn = figures::draw_figures(&groups, command)?;
    let albums = pictures::albums(&groups)?;
    let evaluations = evaluations::evaluations(&groups)?;
    let contents = page::Contents {
        groups: &groups,
        styles: figures::group_styles(&groups),
        summary: &summary,
        findings: &findings,
        figures: &drawn,
        albums: &albums,
        evaluations: &evaluations,
    };

    let folder = out.join("figures");
    write::create_folder(&folder)?;
    let markdown = markdown::report_md(&groups, &summary, &findings, &drawn, &albums, &evaluations);
    let mut files = vec![
        (out.join("index.html"), page::page(&contents).into_bytes()),
        (out.join("report.md"), markdown.into_bytes()),
        (out.join("results.csv"), results_csv::results_csv(&groups, &summary).into_bytes()),
        (out.join("findings.csv"), findings_csv(&findings).into_bytes()),
    ];
    files.extend(of_classes(&groups, &evaluations).into_iter().map(|(path, contents)| (out.join(path), contents)));
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
    if is_own {
        write::remove_others(&folder, &files, is_of_a_report);
        write::remove_others(out, &files, |name| CLASS_FILES.contains(&name));
    }
    let mut notes = String::new();
    let [at_chance, own_keys] = [comparison::sentences::at_chance(&summary), comparison::sentences::own_keys(&summary)];
    let counts = findings::words::counts(&findings);
    let counts = counts.map(|counts| format!("conclusions of the published report: {counts}"));
    for note in at_chance.into_iter().chain(own_keys).chain(counts) {
        notes.push_str(&format!("\n{note}\n"));
    }
    let table = comparison_table::text_table(&summary) + &notes;
    Ok(WrittenReport { files, table, summary, notes })
}

/// The tables of classes, which a report has where an evaluation left predictions.
const CLASS_FILES: [&str; 2] = ["evaluations.csv", "classes.csv"];

/// The files about the classes of the test images by their paths in the report: tables, matrices and figures.
fn of_classes(groups: &[RunGroup], evaluations: &evaluations::Evaluations) -> Vec<(String, Vec<u8>)> {
    let lines = &evaluations.lines;
    if lines.is_empty() {
        return Vec::new();
    }
    let tables = [classification_csv::evaluations_csv(groups, lines), classification_csv::classes_csv(groups, lines)];
    let names = CLASS_FILES.map(str::to_owned);
    let mut files: Vec<(String, Vec<u8>)> = names.into_iter().zip(tables.map(String::into_bytes)).collect();
    for line in lines {
        if let Some(matrix) = classification_csv::confusion_csv(&line.outcome) {
            let name = figures::test_figures::file_name("confusion", groups, line);
            files.push((figures::figure_path(&name, "csv"), matrix.into_bytes()));
        }
    }
    for figure in evaluations.shown.iter().flat_map(|shown| shown.figures.all()) {
        files.push((figures::figure_path(&figure.name, "svg"), figure.paper.clone().into_bytes()));
        files.push((figures::figure_path(&figure.name, "png"), figure.png.clone()));
    }
    files
}

/// Whether a file among the figures is of a report: one of an earlier report that has nothing to show any more is
/// removed.
fn is_of_a_report(name: &str) -> bool {
    let figure = |(stem, ending): (&str, &str)| matches!(ending, "svg" | "png" | "csv") && figures::is_name(stem);
    name.starts_with(pictures::COPIES) || name.rsplit_once('.').is_some_and(figure)
}
