//! `bmae checkpoint`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `bmae checkpoint`.
#[derive(Debug, Subcommand)]
pub enum Checkpoint {
    /// Print what a weight file holds: architecture, parameters, recipe, where it came from; with -v every tensor
    #[command(after_help = "Examples:
  bmae checkpoint info runs/mae
  bmae checkpoint info mae_pretrain_vit_base.pth
  bmae checkpoint info encoder.safetensors --json")]
    Info {
        /// A run's folder (its checkpoints/last.safetensors), a Hugging Face folder, a .safetensors or .pth file
        #[arg(value_name = "RUN|FILE", required_unless_present = "from")]
        file: Option<PathBuf>,
        /// The same, as other commands name it
        #[arg(long, value_name = "RUN|FILE", conflicts_with = "file")]
        from: Option<PathBuf>,
    },
    /// Write weights for timm, the official MAE code, or Hugging Face's transformers
    Export(Export),
    /// Write weights of another program as a file of bmae: official names, and a recipe that tells their sizes
    Import(Import),
}

/// `bmae checkpoint export`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bmae checkpoint export --from runs/mae --to timm --out encoder.safetensors
  bmae checkpoint export --from runs/mae --to huggingface --out vit-mae
  bmae checkpoint export --from mae.pth --to mae --set model.encoder.heads=12 --out mae.safetensors

timm and mae are written as a .safetensors file, huggingface as a folder with config.json and model.safetensors. Sizes come
from the weights and the recipe they carry; for weights without one, numbers of heads come from --preset and --set.")]
pub struct Export {
    /// A run's folder (its checkpoints/last.safetensors), a Hugging Face folder, a .safetensors or .pth file
    #[arg(long, value_name = "RUN|FILE")]
    pub from: PathBuf,
    /// Whom the weights are for
    #[arg(long)]
    pub to: Destination,
    /// The file or folder to write
    #[arg(long, value_name = "PATH")]
    pub out: PathBuf,
    /// For weights that carry no recipe: quick, mini, paper, or a recipe file that ends in .toml [default: quick]
    #[arg(long, value_name = "NAME|FILE.toml")]
    pub preset: Option<String>,
}

/// `bmae checkpoint import`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bmae checkpoint import --from mae_pretrain_vit_base.pth --set model.encoder.heads=12 --out vit-base.safetensors
  bmae checkpoint import --from vit-mae-base --out vit-mae-base.safetensors

Every command reads foreign weights as they are; an imported file needs no --set to tell the numbers of heads.")]
pub struct Import {
    /// A Hugging Face folder, a .safetensors or .pth file
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
    /// The .safetensors file to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Where numbers of heads come from that the weights do not tell [default: quick]
    #[arg(long, value_name = "NAME|FILE.toml")]
    pub preset: Option<String>,
}

/// Whom exported weights are for.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Destination {
    /// timm's VisionTransformer: an encoder or a classifier
    Timm,
    /// The official MAE code: all there is, the decoder included
    Mae,
    /// transformers: ViTMAEForPreTraining, ViTForImageClassification or ViTModel
    #[value(name = "huggingface")]
    HuggingFace,
}
