//! `bmae sweep`.

use std::path::PathBuf;

use bmae_recipe::Stage;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use super::method::MethodWord;
use super::path_word::path_word;
use super::recipe_source::RecipeSource;
use super::training::PlanOptions;

/// `bmae sweep`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bmae sweep report --preset paper --data cifar10 --out runs/report
  bmae sweep k --preset mini --data cifar10 --seeds 3 --out runs/k
  bmae sweep --method mae-k --grid method.k=2,4,8 --out runs/own
  bmae sweep --grid method.name=mae,mae-k \\
    --grid pretrain.mask_ratio=0.5,0.75,0.9 --evaluations linprobe,knn
  bmae sweep tau --preset mini --data cifar10 --emit snakemake
  bmae sweep k --preset mini --data cifar10 --emit slurm \\
    --slurm \"--time=4:00:00 --mem=8G --partition=long\"

Built in are the whole report (report), its ablations (k, wse, tau), one of lambda, and the best of each method (methods), in \
configs/sweeps/. Every combination of the values of the grids is run. What does not depend on a swept key is run once: a \
sweep of finetune.base_lr pre-trains once. Pre-trainings that begin alike, on pixels, share these epochs.

Finished runs in --out are kept, interrupted ones are resumed: after an interruption, give \
bmae resume the folder. The report is written to report/ in --out.")]
pub struct Sweep {
    /// Built-in sweep (report, k, wse, tau, lambda, methods, labels), or a file of your own that ends in .toml
    #[arg(value_name = "NAME|FILE.toml", value_parser = path_word())]
    pub sweep: Option<String>,
    #[command(flatten)]
    pub recipe: RecipeSource,
    /// Key and values to sweep; several grids give every combination (repeatable)
    #[arg(long, value_name = "KEY=VALUE,VALUE")]
    pub grid: Vec<String>,
    /// Method where the sweep sets none: mae, mae-k, ema-mae, mae-new, custom or scratch
    #[arg(long, value_name = "NAME", value_parser = MethodWord, hide_possible_values = true)]
    pub method: Option<String>,
    /// Repeat everything with N seeds: seed, seed + 1, ...
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub seeds: u16,
    #[command(flatten)]
    pub plan: PlanOptions,
    /// Evaluations of each encoder [default: all three]
    #[arg(long, value_name = "NAME,NAME", value_delimiter = ',', value_parser = evaluation())]
    pub evaluations: Vec<Stage>,
    /// Folder of all runs and the report [default: runs/sweep- and the name of the sweep]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write jobs for this engine into --out instead of running them
    #[arg(long, value_name = "ENGINE")]
    pub emit: Option<EngineName>,
    /// With --emit slurm: options of sbatch for every job, as "--time=4:00:00 --mem=8G" (repeatable)
    #[arg(long, value_name = "OPTIONS", allow_hyphen_values = true)]
    pub slurm: Vec<String>,
    /// With --emit slurm: let N processes share each pre-training and fine-tuning, through MPI [default: 1]
    #[arg(long, value_name = "N", requires = "emit", value_parser = clap::value_parser!(u16).range(1..))]
    pub ranks: Option<u16>,
    /// List the runs with time, disk and memory instead of running them
    #[arg(long, conflicts_with = "emit")]
    pub dry_run: bool,
}

/// The engines by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum EngineName {
    /// A job array and the jobs that wait for it; start them with bash DIR/slurm/submit.sh
    Slurm,
    /// A workflow; start it with snakemake --directory DIR --snakefile DIR/Snakefile
    Snakemake,
}

/// One of the evaluations, by its section of the recipe.
fn evaluation() -> impl TypedValueParser<Value = Stage> {
    let names = Stage::EVALUATIONS.map(Stage::section);
    let of_name = |name: String| Stage::EVALUATIONS.into_iter().find(|stage| stage.section() == name);
    // Only these names come through.
    PossibleValuesParser::new(names).try_map(move |name| of_name(name).ok_or("it is no evaluation"))
}
