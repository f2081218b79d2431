//! `bmae sweep`.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use bmae_output::count::count;
use bmae_output::path_text::{from_text, to_text};
use bmae_output::plain::plain_path;
use bmae_output::shell::quoted;
use bmae_recipe::plan::PlannedStage;
use bmae_recipe::sweep::emit::{Engine, Runner, SbatchOptions, emit};
use bmae_recipe::sweep::{self, Axis, Grid, SweepError, SweepPlan};
use bmae_recipe::{Stage, TrainedStage};
use serde_json::json;

use super::plan;
use crate::advice;
use crate::arguments::{EngineName, Everywhere, Sweep};
use crate::ending::Ending;
use crate::layers;
use crate::output::Output;
use crate::threads;

/// Trains and evaluates every combination, then writes the report; or writes down what would be run.
pub fn run(arguments: &Sweep, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    let engine = engine(arguments)?;
    let asked = asked(arguments)?;
    let method = layers::method(arguments.method.as_ref());
    let options = layers::epoch_fraction(&arguments.plan).into_iter().chain([method]);
    let layers = layers::with_options(&arguments.recipe, everywhere, &[], options)?;
    let evaluations = match arguments.evaluations.is_empty() {
        true => Stage::EVALUATIONS.to_vec(),
        // In the order in which they run, each once.
        false => Stage::EVALUATIONS.into_iter().filter(|stage| arguments.evaluations.contains(stage)).collect(),
    };
    let out = arguments.out.clone().unwrap_or_else(|| default_folder(arguments));
    let planned = sweep::plan(&asked, &layers, &evaluations, arguments.seeds.into(), &out)?;
    planned.warnings.iter().for_each(|warning| layers::tell(warning, output));
    output.note(&in_words(&planned, arguments.seeds));
    let stages = plan::shared(planned.stages.clone(), &out, &arguments.plan);
    let epochs = Epochs::of(&planned.stages, &stages);
    output.note(&epochs.in_words());
    if arguments.dry_run {
        let json = json!({ "pretraining_epochs": epochs.shared, "pretraining_epochs_alone": epochs.alone });
        return plan::list(&stages, &out, json, everywhere, output);
    }
    match engine {
        None => plan::run(&stages, &out, &arguments.plan, everywhere, output),
        Some(engine) => {
            let threads = everywhere.threads.map_or_else(threads::cores, usize::from);
            let (program, device) = (program(), everywhere.device.word());
            let ranks = ranks(arguments, &stages)?;
            let runner = Runner { program: &program, threads, ranks, device: &device };
            let emitted = emit(&engine, &stages, &out, runner, arguments.plan.force.into())?;
            let text = format!(
                "{} in {}; start {} with\n\n    {}",
                count(emitted.jobs, "job"),
                plain_path(&out),
                if emitted.jobs == 1 { "it" } else { "them" },
                emitted.command
            );
            Ok(output
                .result(&text, &json!({ "jobs": emitted.jobs, "out": to_text(&out), "command": emitted.command }))?)
        }
    }
}

/// The engine that the sweep is written down for; `None`: it is run here.
fn engine(arguments: &Sweep) -> Result<Option<Engine>, Ending> {
    let misplaced = "--slurm gives options to the jobs of --emit slurm";
    match arguments.emit {
        Some(EngineName::Slurm) => {
            let options = arguments.slurm.iter().map(|text| sbatch_options(text)).collect::<Result<_, _>>()?;
            Ok(Some(Engine::Slurm(options)))
        }
        _ if arguments.slurm.is_empty() => Ok(arguments.emit.map(|_| Engine::Snakemake)),
        Some(EngineName::Snakemake) => Err(Ending::Usage(
            format!(
                "{misplaced}; Snakemake takes such when it is started, as in --default-resources runtime=240 mem_mb=8000"
            )
            .into(),
        )),
        None => Err(Ending::Usage(format!("{misplaced}; add --emit slurm, or leave it out").into())),
    }
}

/// How many processes share a training of the jobs; refused where they cannot.
fn ranks(arguments: &Sweep, stages: &[PlannedStage]) -> Result<usize, Ending> {
    let ranks = arguments.ranks.map_or(1, usize::from);
    if ranks == 1 {
        return Ok(1);
    }
    if !matches!(arguments.emit, Some(EngineName::Slurm)) {
        return Err(Ending::Usage("--ranks lets jobs of --emit slurm share a training; leave it out".into()));
    }
    if !cfg!(feature = "mpi") {
        let message = "--ranks needs a bmae that knows MPI, which this one was built without: cargo build --release --features mpi";
        return Err(Ending::Usage(message.into()));
    }
    for (planned, stage) in stages.iter().filter_map(|planned| planned.stage.trained().map(|stage| (planned, stage))) {
        if stage != TrainedStage::Linprobe {
            bmae_train::ranks::check_batches(ranks, &planned.recipe, stage)?;
        }
    }
    Ok(ranks)
}

fn sbatch_options(text: &str) -> Result<SbatchOptions, Ending> {
    text.parse().map_err(|error| {
        let advice = advice::of_sbatch_options(&error);
        Ending::Usage(format!("--slurm {} cannot be taken: {error}; {advice}", quoted(text)).into())
    })
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
    let file = arguments.sweep.as_deref().map(from_text);
    let mut folder = OsString::from("sweep-");
    folder.push(file.as_deref().and_then(Path::file_stem).unwrap_or(OsStr::new("grid")));
    Path::new("runs").join(folder)
}

fn in_words(planned: &SweepPlan, seeds: u16) -> String {
    let pretrainings = planned.stages.iter().filter(|stage| stage.stage == Stage::Pretrain).count();
    format!(
        "{} with {}: {} and {}",
        count(planned.combinations, "combination"),
        count(seeds.into(), "seed"),
        count(pretrainings, "pre-training"),
        count(planned.stages.len() - pretrainings, "evaluation")
    )
}

/// Epochs of pre-training, all runs together.
struct Epochs {
    alone: usize,
    shared: usize,
}

impl Epochs {
    fn of(alone: &[PlannedStage], shared: &[PlannedStage]) -> Self {
        let of = |stages: &[PlannedStage]| stages.iter().map(PlannedStage::epochs_pretrained).sum();
        Self { alone: of(alone), shared: of(shared) }
    }

    fn in_words(&self) -> String {
        let Self { alone, shared } = self;
        match alone == shared {
            true => format!("{} of pre-training, no beginning shared", count(*alone, "epoch")),
            false => format!("{} of pre-training with shared beginnings, {alone} without", count(*shared, "epoch")),
        }
    }
}

/// The program that jobs run: this one.
fn program() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| PathBuf::from("bmae"))
}
