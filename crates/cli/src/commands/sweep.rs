//! `bmae sweep`.

use std::path::{Path, PathBuf};

use bmae_recipe::Stage;
use bmae_recipe::plan::PlannedStage;
use bmae_recipe::sweep::emit::{Runner, emit};
use bmae_recipe::sweep::{self, Axis, Grid, Planned, SweepError};
use serde_json::json;

use super::plan;
use crate::arguments::{Everywhere, Sweep};
use crate::ending::Ending;
use crate::layers;
use crate::output::Output;
use crate::threads;

/// Trains and evaluates every combination, then writes the report; or writes down what would be run.
pub fn run(arguments: &Sweep, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    let asked = asked(arguments)?;
    let mut layers = layers::layers(&arguments.recipe, everywhere, &[])?;
    layers.method.clone_from(&arguments.method);
    let evaluations = match arguments.evaluations.is_empty() {
        true => Stage::EVALUATIONS.to_vec(),
        // In the order in which they run, each once.
        false => Stage::EVALUATIONS.into_iter().filter(|stage| arguments.evaluations.contains(stage)).collect(),
    };
    let out = arguments.out.clone().unwrap_or_else(|| default_folder(arguments));
    let planned = sweep::plan(&asked, &layers, &evaluations, arguments.seeds.into(), &out)?;
    planned.warnings.iter().for_each(|warning| output.warn(&warning.to_string()));
    output.note(&in_words(&planned, arguments.seeds));
    if arguments.dry_run {
        return list(&planned.stages, output);
    }
    match arguments.emit {
        None => plan::run(&planned.stages, &out, everywhere, output),
        Some(engine) => {
            let threads = everywhere.threads.map_or_else(threads::cores, usize::from);
            let (program, device) = (program(), everywhere.device.word());
            let runner = Runner { program: &program, threads, device: &device };
            let emitted = emit(engine.into(), &planned.stages, &out, runner)?;
            let text =
                format!("{} jobs in {}; start them with\n\n    {}", emitted.jobs, out.display(), emitted.command);
            Ok(output.result(&text, &json!({ "jobs": emitted.jobs, "out": out, "command": emitted.command }))?)
        }
    }
}

/// The named sweep, and the grid of the command line behind it.
fn asked(arguments: &Sweep) -> Result<sweep::Sweep, SweepError> {
    let mut asked = match &arguments.sweep {
        Some(name) => sweep::read(name)?,
        None => sweep::Sweep::default(),
    };
    if !arguments.grid.is_empty() {
        let axes = arguments.grid.iter().map(|argument| Axis::parse(argument)).collect::<Result<_, _>>()?;
        asked.grids.push(Grid::new(axes)?);
    }
    match asked.grids.is_empty() {
        true => Err(SweepError::Nothing),
        false => Ok(asked),
    }
}

fn default_folder(arguments: &Sweep) -> PathBuf {
    let name = arguments.sweep.as_deref().map(Path::new).and_then(Path::file_stem);
    Path::new("runs").join(format!("sweep-{}", name.map_or("grid".into(), |name| name.to_string_lossy())))
}

fn in_words(planned: &Planned, seeds: u16) -> String {
    let count = |count: usize, thing: &str| format!("{count} {thing}{}", if count == 1 { "" } else { "s" });
    let pretrainings = planned.stages.iter().filter(|stage| stage.stage == Stage::Pretrain).count();
    format!(
        "{} with {}: {} and {}",
        count(planned.combinations, "combination"),
        count(seeds.into(), "seed"),
        count(pretrainings, "pre-training"),
        count(planned.stages.len() - pretrainings, "evaluation")
    )
}

fn list(stages: &[PlannedStage], output: &Output) -> Result<(), Ending> {
    let lines: Vec<String> = stages.iter().map(|stage| stage.out.display().to_string()).collect();
    Ok(output.result(&lines.join("\n"), &json!({ "stages": lines }))?)
}

/// The program that jobs run: this one.
fn program() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| PathBuf::from("bmae"))
}
