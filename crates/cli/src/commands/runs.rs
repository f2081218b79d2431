//! `bmae runs`.

use std::path::{Path, PathBuf};

use bmae_output::count::count;
use bmae_output::plain::plain_path;
use bmae_report::{
    CollectedRuns, ListedRun, LoggedMetrics, collect_runs, compare_runs, find_runs, list_runs, metrics_csv,
};
use serde_json::json;

use crate::advice;
use crate::arguments::{Runs, RunsCommand};
use crate::ending::Ending;
use crate::output::Output;

/// Lists runs, compares two, or prints what they logged.
pub fn run(arguments: &Runs, output: &Output) -> Result<(), Ending> {
    match &arguments.command {
        None => list(&arguments.paths, output),
        Some(RunsCommand::Compare { a, b }) => {
            let comparison = compare_runs(&one(a)?, &one(b)?);
            Ok(output.result(&comparison.text(), &json!(comparison))?)
        }
        Some(RunsCommand::Metrics { runs }) => {
            let collected = collect_runs(runs)?;
            collected.unreadable.iter().for_each(|error| output.warn(&format!("left out: {error}")));
            let LoggedMetrics { csv, unreadable } = metrics_csv(&collected.runs);
            unreadable.iter().for_each(|error| output.warn(&format!("left out: {error}")));
            Ok(output.result(&csv, &json!({ "csv": csv }))?)
        }
    }
}

fn list(paths: &[PathBuf], output: &Output) -> Result<(), Ending> {
    let paths = if paths.is_empty() { vec![PathBuf::from("runs")] } else { paths.to_vec() };
    if let Some(missing) = paths.iter().find(|path| !path.exists()) {
        let near = advice::near_path(missing).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        let message = format!(
            "{} does not exist: give a run directory, or a folder that contains some{near}",
            plain_path(missing)
        );
        return Err(Ending::Failure(message.into()));
    }
    let runs: Vec<ListedRun> = find_runs(&paths).iter().map(|directory| ListedRun::at(directory)).collect();
    let text = if runs.is_empty() {
        let paths: Vec<String> = paths.iter().map(plain_path).collect();
        format!("no run in {} or the folders below", paths.join(", "))
    } else {
        list_runs(&runs)
    };
    Ok(output.result(&text, &json!(runs))?)
}

/// The run in a folder; where the folder holds exactly one, that one.
fn one(path: &Path) -> Result<bmae_report::Run, Ending> {
    let CollectedRuns { mut runs, unreadable } = collect_runs(&[path.to_owned()])?;
    match runs.len() + unreadable.len() {
        1 => Ok(runs.remove(0)),
        several => {
            let message = format!(
                "{} holds {}, but two single ones are compared: give the folder of one stage, such as {}",
                plain_path(path),
                count(several, "run"),
                plain_path(&runs[0].directory)
            );
            Err(Ending::Usage(message.into()))
        }
    }
}
