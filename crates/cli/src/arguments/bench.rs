//! `bmae bench`.

use bmae_recipe::TrainedStage;
use clap::Args;

use super::method::MethodWord;
use super::trained_stage;

/// `bmae bench`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bmae bench
  bmae bench --preset mini --method mae-new --batch 128 --profile
  bmae bench --stage finetune --batch 64 --steps 50 --json
  bmae bench --batch 64 --set model.decoder.dim=192 --set model.decoder.depth=4 --set model.decoder.heads=3

The last is the configuration `light` of the PyTorch program that scripts/compare_with_pytorch.sh compares with. Images lie in
memory already: loading and augmentation are no part of the figure, the whole optimiser step is. A bootstrapped method is timed
after its switch, all its targets present. Fused and composed operations are compared before.")]
pub struct Bench {
    /// quick, mini, paper, or a recipe file of your own that ends in .toml [default: paper]
    #[arg(long, value_name = "NAME|FILE.toml")]
    pub preset: Option<String>,
    /// What is trained
    #[arg(long, default_value = "pretrain", value_parser = trained_stage())]
    pub stage: TrainedStage,
    /// mae, mae-k, ema-mae, mae-new or custom: the preset's first run of that method
    #[arg(long, value_name = "NAME", value_parser = MethodWord, hide_possible_values = true)]
    pub method: Option<String>,
    /// Images of one step [default: the preset's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub batch: Option<u32>,
    /// Steps that are timed
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    pub steps: u16,
    /// Steps before them
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    pub warmup: u16,
    /// Take as many steps again to see where the time goes, by operation
    #[arg(long)]
    pub profile: bool,
}
