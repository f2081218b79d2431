//! `bmae reproduce`.

use std::path::{Path, PathBuf};

use bmae_report::write_report;
use bmae_train::recipe::{Recipe, Stage};
use bmae_train::reproduce::{PlanOutcome, plan};
use bmae_train::{Session, reproduce};
use serde_json::json;

use crate::arguments::{Everywhere, Reproduce};
use crate::ending::Ending;
use crate::output::Output;
use crate::progress::Progress;
use crate::{interrupt, layers, threads};

/// Trains and evaluates all runs of the preset, then writes the report and prints its table.
pub fn run(arguments: &Reproduce, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    let layers = layers::layers(&arguments.recipe, everywhere, &Stage::ALL)?;
    let preset = layers.preset.name();
    let recipe = layers::resolve(&layers, output)?;
    if recipe.runs.is_empty() {
        let message = format!(
            "the recipe {preset} lists no [[runs]] to reproduce: add a [[runs]] with a name for each, or train one with `bmae pretrain`"
        );
        return Err(Ending::Usage(message.into()));
    }
    let out = arguments.out.clone().unwrap_or_else(|| Path::new("runs").join(preset));
    train(&recipe, arguments.seeds.into(), &out, everywhere, output)?;
    report(&out, output)
}

fn train(recipe: &Recipe, seeds: usize, out: &Path, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    let stages = plan(recipe, seeds, out);
    let threads = threads::set(everywhere.threads)?;
    let stop = interrupt::stop_on_ctrl_c()?;
    let mut progress = Progress::of_plan(output, stages.len());
    let mut session = Session::new(everywhere.device.into(), threads, stop, &mut progress)?;
    let outcome = reproduce::run(&mut session, &stages)?;
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
