//! `bmae report`.

use std::path::{Path, PathBuf};

use bmae_report::{Written, write_report};
use serde_json::json;

use crate::arguments::Report;
use crate::ending::Ending;
use crate::output::Output;

/// Writes the report and prints its table.
pub fn run(arguments: &Report, output: &Output) -> Result<(), Ending> {
    let Report { runs, out } = arguments;
    let (text, written) = write(runs, out, output)?;
    let json = json!({ "out": out, "files": written.files, "summary": written.summary });
    Ok(output.result(&text, &json)?)
}

/// Writes the report of `runs` into the folder `out` and warns of what its readers should know; gives the table with a line on
/// where the page is, and the report.
pub fn write(runs: &[PathBuf], out: &Path, output: &Output) -> Result<(String, Written), Ending> {
    let written = write_report(runs, out)?;
    written.summary.warnings.iter().for_each(|warning| output.warn(warning));
    let text = format!("{}\n\nwritten to {}", written.table.trim_end(), out.join("index.html").display());
    Ok((text, written))
}
