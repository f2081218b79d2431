//! `bmae bench`.

use bmae_recipe::TrainedStage;
use clap::Args;

use super::method::MethodWord;
use super::path_word::path_word;
use super::recipe_source::trained_stage;

/// `bmae bench`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bmae bench
  bmae bench --preset mini --method mae-new --batch 128 --profile
  bmae bench --stage finetune --batch 64 --steps 50 --json
  bmae bench --loading --data photos --set data.image_size=64

  The model `light` of scripts/compare_with_pytorch.sh:
    bmae bench --batch 64 --set model.decoder.dim=192 \\
      --set model.decoder.depth=4 --set model.decoder.heads=3

Whole optimiser steps are timed, on images in memory: loading and augmentation do not count. A bootstrapped method is timed \
after its switch, with all its targets. Fused and composed operations are compared before.

With --loading the other half is timed: batches of training images, read, decoded and augmented, with no model beside.")]
pub struct Bench {
    /// Recipe: quick, mini, paper, or a file of your own that ends in .toml [default: paper]
    #[arg(long, value_name = "NAME|FILE.toml", value_parser = path_word())]
    pub preset: Option<String>,
    /// Stage that is timed
    #[arg(long, default_value = "pretrain", value_parser = trained_stage())]
    pub stage: TrainedStage,
    /// Method: mae, mae-k, ema-mae, mae-new or custom, as in the preset's first run of it
    #[arg(long, value_name = "NAME", value_parser = MethodWord, hide_possible_values = true)]
    pub method: Option<String>,
    /// Images per step [default: the preset's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub batch: Option<u32>,
    /// Timed steps
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    pub steps: u16,
    /// Steps before the timed ones
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    pub warmup: u16,
    /// Take as many steps again, timed by operation
    #[arg(long)]
    pub profile: bool,
    /// Time loading and augmentation alone
    #[arg(long, conflicts_with = "profile")]
    pub loading: bool,
    /// Images that are loaded: shapes, cifar10, cifar100, or the path of a folder or archive
    #[arg(long, value_name = "PATH|NAME", value_parser = path_word())]
    pub data: Option<String>,
}
