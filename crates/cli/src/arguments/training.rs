//! `bmae reproduce`, `pretrain`, the evaluations and `report`: training, and what comes of it.

use std::path::PathBuf;

use clap::Args;

use super::about_key::about_key;
use super::force::Force;
use super::method::MethodWord;
use super::path_word::path_word;
use super::recipe_source::RecipeSource;

/// `bmae reproduce`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bmae reproduce
  bmae reproduce --preset mini --data cifar10 --seeds 3
  bmae reproduce --set pretrain.epochs=50

Finished runs in --out are kept, interrupted ones are resumed: after an interruption, give \
bmae resume the folder. The report is written to report/ in --out.")]
pub struct Reproduce {
    #[command(flatten)]
    pub recipe: RecipeSource,
    /// Repeat everything with N seeds: seed, seed + 1, ...
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub seeds: u16,
    #[command(flatten)]
    pub plan: PlanOptions,
    /// Folder of all runs and the report [default: runs/ and the name of the preset]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// List the runs with time, disk and memory instead of running them
    #[arg(long)]
    pub dry_run: bool,
}

/// What the commands that run many stages have in common.
#[derive(Debug, Args)]
pub struct PlanOptions {
    /// Fraction of the training images that an epoch of any stage sees: the same experiment, shorter
    #[arg(long, value_name = "X")]
    pub epoch_fraction: Option<f64>,
    /// Train every pre-training alone, though some begin alike
    #[arg(long)]
    pub no_share: bool,
    #[command(flatten)]
    pub force: Force,
}

/// `bmae pretrain`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bmae pretrain --out runs/mae
  bmae pretrain --preset mini --data cifar10 --method ema-mae \\
    --wse 5 --tau 0.1 --out runs/ema
  bmae pretrain --method custom --out runs/own --set method.wse=4 \\
    --set 'method.targets=[
      {update=\"ema\", tau=0.01, unit=\"step\"},
      {weight=0.2, update=\"copy\", every=5}]'
  bmae pretrain --from mae.pth --data photos --out runs/on \\
    --set data.image_size=64 --set model.encoder.heads=12 \\
    --set model.decoder.heads=16

With --from, data and model are those of the weights, unless they are given here; method and [pretrain] come from --preset.")]
pub struct Pretrain {
    #[command(flatten)]
    pub recipe: RecipeSource,
    /// Begin with these weights: a run's folder, or weights of any kind (docs/weights.md) [default: random weights]
    #[arg(long, value_name = "RUN|FILE", value_parser = path_word())]
    pub from: Option<String>,
    #[command(flatten)]
    pub channels: RgbChannels,
    /// Method: mae, mae-k, ema-mae, mae-new or custom, as in the preset's first run of it
    #[arg(long, value_name = "NAME", value_parser = MethodWord, hide_possible_values = true)]
    pub method: Option<String>,
    #[arg(long, value_name = "N", help = about_key("method.k"))]
    pub k: Option<u32>,
    #[arg(long, value_name = "N", help = about_key("method.wse"))]
    pub wse: Option<u32>,
    #[arg(long, value_name = "X", help = about_key("method.tau"))]
    pub tau: Option<f64>,
    #[arg(long, value_name = "X", help = about_key("method.slow_weight"))]
    pub slow_weight: Option<f64>,
    /// Make a trunk: end after N epochs, for other runs to go on from with --trunk
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub stop_after: Option<u32>,
    /// Go on from this trunk, whose epochs must be those that this run would train
    #[arg(long, value_name = "RUN")]
    pub trunk: Option<PathBuf>,
    /// Folder of the run
    #[arg(long, value_name = "RUN")]
    pub out: PathBuf,
}

/// What becomes of RGB weights that meet images of other channels.
#[derive(Debug, Default, Args)]
pub struct RgbChannels {
    /// Make RGB weights fit images of other channels: mean or repeat of their kernels (docs/weights.md) [default: refuse them]
    #[arg(long, value_name = "mean|repeat", value_parser = ["mean", "repeat"], hide_possible_values = true)]
    pub channels_from_rgb: Option<String>,
}

/// `bmae finetune`, `bmae linprobe`, `bmae knn`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bmae linprobe --from runs/mae --out runs/mae-linprobe
  bmae finetune --from runs/mae --out runs/mae-finetune
  bmae knn --from scratch --out runs/scratch-knn

Data and model are those of the run that --from names, unless they are given here. For weights that carry no recipe, their \
shapes give the sizes; the preset and --set give the rest, above all the number of attention heads.")]
pub struct Evaluate {
    #[command(flatten)]
    pub recipe: RecipeSource,
    /// Encoder: a run's folder, weights of any kind (docs/weights.md), or scratch for random weights
    #[arg(long, value_name = "RUN|FILE|scratch", value_parser = path_word())]
    pub from: String,
    #[command(flatten)]
    pub channels: RgbChannels,
    /// Folder for the evaluation, a run of its own
    #[arg(long, value_name = "RUN")]
    pub out: PathBuf,
}

/// `bmae report`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bmae report runs/quick --out report
  bmae report runs/a runs/a-probe runs/b runs/b-probe --out report")]
pub struct Report {
    /// Runs, or folders that contain runs
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,
    /// Folder for index.html, report.md, results.csv and the figures
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    #[command(flatten)]
    pub force: Force,
}
