//! `bmae report`.

use std::path::{Path, PathBuf};

use bmae_output::claim::Foreign;
use bmae_output::path_text::to_text;
use bmae_output::plain::plain_path;
use bmae_report::write_report_over;
use serde_json::json;

use crate::advice;
use crate::arguments::Report;
use crate::ending::Ending;
use crate::output::Output;
use crate::terminal::shown_columns;

/// Writes the report and prints its table.
pub fn run(arguments: &Report, output: &Output) -> Result<(), Ending> {
    write(&arguments.runs, &arguments.out, &arguments.out, arguments.force.into(), output)
}

/// Writes the report of `runs` into `folder`, warns of what its readers should know, and prints its table; `out` is
/// where the whole command writes to.
pub fn write(runs: &[PathBuf], folder: &Path, out: &Path, foreign: Foreign, output: &Output) -> Result<(), Ending> {
    let written = write_report_over(runs, folder, foreign, advice::figure_command)?;
    written.summary.warnings.iter().for_each(|warning| output.warn(warning));
    // What is no terminal gets the whole table.
    let table = shown_columns().map_or_else(|| written.table.clone(), |width| written.table_within(width));
    let text = format!("{}\n\nwritten to {}", table.trim_end(), plain_path(folder.join("index.html")));
    let files: Vec<_> = written.files.iter().map(to_text).collect();
    let json = json!({ "out": to_text(out), "report": to_text(folder), "files": files, "summary": written.summary });
    Ok(output.result(&text, &json)?)
}
