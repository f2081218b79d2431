//! `bmae reproduce`, `pretrain`, the evaluations and `report`: training, and what comes of it.

use std::path::PathBuf;

use clap::Args;

use super::RecipeSource;
use super::method::MethodWord;

/// `bmae reproduce`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bmae reproduce
  bmae reproduce --preset mini --data cifar-10-batches-bin --seeds 3 --out runs/mini
  bmae reproduce --set pretrain.epochs=50

What is finished in --out is not repeated, what was begun goes on: run the same command again after an interruption.
The report is written to report/ in it.")]
pub struct Reproduce {
    #[command(flatten)]
    pub recipe: RecipeSource,
    /// Repeat everything with this many seeds: seed, seed + 1, ...
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub seeds: u16,
    /// Folder of all runs and the report [default: a folder of the preset's name in runs/]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// `bmae pretrain`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bmae pretrain --out runs/mae
  bmae pretrain --preset mini --data cifar10 --method ema-mae --wse 5 --tau 0.1 --out runs/ema
  bmae pretrain --method custom --out runs/own --set method.wse=4 \\
      --set 'method.targets=[{update=\"ema\", tau=0.01, unit=\"step\"}, {weight=0.2, update=\"copy\", every=5}]'")]
pub struct Pretrain {
    #[command(flatten)]
    pub recipe: RecipeSource,
    /// mae, mae-k, ema-mae, mae-new or custom: the preset's first run of that method
    #[arg(long, value_name = "NAME", value_parser = MethodWord, hide_possible_values = true)]
    pub method: Option<String>,
    /// Epochs between two copies of the target, and of the warm-up (mae-k, mae-new)
    #[arg(long, value_name = "N")]
    pub k: Option<u32>,
    /// Epochs of the warm-up (ema-mae, custom)
    #[arg(long, value_name = "N")]
    pub wse: Option<u32>,
    /// Part of the student that enters the averaged target after each epoch (ema-mae, mae-new)
    #[arg(long, value_name = "X")]
    pub tau: Option<f64>,
    /// Weight of the copied target beside the average's 1 (mae-new)
    #[arg(long, value_name = "X")]
    pub slow_weight: Option<f64>,
    /// Folder of the run
    #[arg(long, value_name = "RUN")]
    pub out: PathBuf,
}

/// `bmae finetune`, `bmae linprobe`, `bmae knn`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bmae linprobe --from runs/mae --out runs/mae-linprobe
  bmae finetune --from runs/mae --out runs/mae-finetune --set finetune.epochs=20
  bmae knn --from scratch --out runs/scratch-knn

Data and model are those of the run that --from names, unless they are given here. For weights that carry no recipe their
shapes tell the sizes, and the preset and --set the rest, the numbers of attention heads above all.")]
pub struct Evaluate {
    #[command(flatten)]
    pub recipe: RecipeSource,
    /// The encoder: a run's folder (its checkpoints/last.safetensors), weights of any kind (docs/weights.md), or scratch
    #[arg(long, value_name = "RUN|FILE|scratch")]
    pub from: String,
    /// Folder of the evaluation's own run
    #[arg(long, value_name = "RUN")]
    pub out: PathBuf,
}

/// `bmae report`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bmae report runs/quick --out report
  bmae report runs/a runs/a-finetune runs/b runs/b-finetune --out report")]
pub struct Report {
    /// Runs, or folders that hold some
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,
    /// Folder for index.html, report.md, results.csv and the figures
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}
