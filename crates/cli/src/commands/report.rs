//! `bmae report`.

use bmae_report::write_report;
use serde_json::json;

use crate::arguments::Report;
use crate::ending::Ending;
use crate::output::Output;

/// Writes the report and prints its table.
pub fn run(arguments: &Report, output: &Output) -> Result<(), Ending> {
    let written = write_report(&arguments.runs, &arguments.out)?;
    let text = format!("{}\n\nwritten to {}", written.table.trim_end(), arguments.out.join("index.html").display());
    Ok(output.result(&text, &json!({ "out": arguments.out, "files": written.files }))?)
}
