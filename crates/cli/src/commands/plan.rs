//! What the commands that run many stages have in common: the plan, and the report at its end.

use std::path::{Path, PathBuf};

use bmae_report::write_report;
use bmae_train::Session;
use bmae_train::reproduce::{self, PlanOutcome, PlannedStage};
use serde_json::json;

use crate::arguments::Everywhere;
use crate::ending::Ending;
use crate::output::Output;
use crate::progress::Progress;
use crate::provenance::provenance;
use crate::{interrupt, threads};

/// Runs `stages`, then writes the report into `out/report` and prints its table.
pub fn run(stages: &[PlannedStage], out: &Path, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    train(stages, everywhere, output)?;
    report(out, output)
}

fn train(stages: &[PlannedStage], everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    let threads = threads::set(everywhere.threads)?;
    let stop = interrupt::stop_on_ctrl_c()?;
    let mut progress = Progress::of_plan(output, stages.len());
    let session = Session::new(everywhere.device.into(), threads, stop, &mut progress)?;
    let outcome = reproduce::run(&mut session.with_provenance(provenance()), stages)?;
    drop(progress);
    match outcome {
        PlanOutcome::Finished => Ok(()),
        PlanOutcome::Interrupted(stage, outcome) => match interrupt::stopped(&outcome, &stage.out) {
            Some(ending) => Err(ending),
            None => Ok(()),
        },
    }
}

fn report(out: &Path, output: &Output) -> Result<(), Ending> {
    let folder: PathBuf = out.join("report");
    let written = write_report(&[out.to_owned()], &folder)?;
    let text = format!("{}\n\nwritten to {}", written.table.trim_end(), folder.join("index.html").display());
    Ok(output.result(&text, &json!({ "out": out, "report": folder, "files": written.files }))?)
}
