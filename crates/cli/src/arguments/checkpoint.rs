//! `bmae checkpoint`.

use std::path::PathBuf;

use bmae_recipe::Feature;
use bmae_train::export::OnnxInput;
use clap::{Args, Subcommand, ValueEnum};

use super::force::Force;
use super::path_word::path_word;
use super::training::RgbChannels;

/// `bmae checkpoint`.
#[derive(Debug, Subcommand)]
pub enum Checkpoint {
    /// Print architecture, parameters, recipe and origin; with -v every tensor
    #[command(after_help = "\
Examples:
  bmae checkpoint info runs/mae
  bmae checkpoint info mae_pretrain_vit_base.pth
  bmae checkpoint info encoder.safetensors --json")]
    Info {
        /// Weights: a run's folder, a Hugging Face folder, a .safetensors or .pth file
        #[arg(value_name = "RUN|FILE", required_unless_present = "from")]
        file: Option<PathBuf>,
        /// The same, named as in other commands
        #[arg(long, value_name = "RUN|FILE", conflicts_with = "file")]
        from: Option<PathBuf>,
    },
    /// Write weights for timm, the official MAE code or transformers, or a file of ONNX
    Export(Export),
    /// Write the weights of another program as a file of bmae
    Import(Import),
}

/// `bmae checkpoint export`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bmae checkpoint export --from runs/mae --to timm \\
    --out vit.safetensors
  bmae checkpoint export --from runs/mae --to huggingface --out vit-hf
  bmae checkpoint export --from mae.pth --to mae \\
    --set model.encoder.heads=12 --out mae.safetensors
  bmae checkpoint export --from runs/mae-finetune --to onnx \\
    --out classifier.onnx

timm and mae get a .safetensors file; huggingface a folder with config.json, preprocessor_config.json and model.safetensors; \
onnx a file that computes logits (features of an encoder) of images by itself, normalisation included. Sizes come from the \
weights and the recipe that they carry; for weights without a recipe, --preset and --set give the numbers of heads.")]
pub struct Export {
    /// Weights: a run's folder, a Hugging Face folder, a .safetensors or .pth file
    #[arg(long, value_name = "RUN|FILE")]
    pub from: PathBuf,
    /// Program that is to read the weights
    #[arg(long)]
    pub to: Destination,
    /// File or folder to write
    #[arg(long, value_name = "PATH")]
    pub out: PathBuf,
    #[command(flatten)]
    pub force: Force,
    /// Images that an ONNX file takes [default: uint8; float for what learned from floats]
    #[arg(long)]
    pub input: Option<OnnxInputName>,
    /// Let an ONNX file give these features, also of a classifier [default of an encoder: class-token]
    #[arg(long, visible_alias = "pool")]
    pub feature: Option<PooledFeature>,
    /// Recipe for weights that carry none: quick, mini, paper, or a file of your own that ends in .toml [default:
    /// quick]
    #[arg(long, value_name = "NAME|FILE.toml", value_parser = path_word())]
    pub preset: Option<String>,
}

/// `bmae checkpoint import`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bmae checkpoint import --from mae_pretrain_vit_base.pth \\
    --set model.encoder.heads=12 --out vit-base.safetensors
  bmae checkpoint import --from vit-mae-base --out vit-mae.safetensors

Every command reads the weights of other programs as they are. An imported file also carries the numbers of heads, so that no \
--set is needed any more.")]
pub struct Import {
    /// Weights: a Hugging Face folder, a .safetensors or .pth file
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
    /// File to write (.safetensors)
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    #[command(flatten)]
    pub force: Force,
    /// Recipe that gives the numbers of heads, which weights do not tell [default: quick]
    #[arg(long, value_name = "NAME|FILE.toml", value_parser = path_word())]
    pub preset: Option<String>,
    #[command(flatten)]
    pub channels: RgbChannels,
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
    /// Every runtime of ONNX (opset 17): a classifier's logits, an encoder's features
    Onnx,
}

/// What images an ONNX file takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OnnxInputName {
    /// Integers of 8 bits [N, H, W, C], 0 to 255
    Uint8,
    /// Integers of 16 bits [N, H, W, C], 0 to 65535
    Uint16,
    /// Numbers [N, C, H, W]: integers as 0 to 1, floats as they are
    Float,
}

impl From<OnnxInputName> for OnnxInput {
    fn from(name: OnnxInputName) -> Self {
        match name {
            OnnxInputName::Uint8 => Self::Uint8,
            OnnxInputName::Uint16 => Self::Uint16,
            OnnxInputName::Float => Self::Float,
        }
    }
}

/// What stands for a whole image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PooledFeature {
    /// The class token
    ClassToken,
    /// The mean of the patch tokens
    Mean,
}

impl From<PooledFeature> for Feature {
    fn from(name: PooledFeature) -> Self {
        match name {
            PooledFeature::ClassToken => Self::ClassToken,
            PooledFeature::Mean => Self::Mean,
        }
    }
}
