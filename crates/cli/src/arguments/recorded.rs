//! `bmae forward`, `replay` and `features`: tensors in and out.

use std::path::PathBuf;

use bmae_data::Split;
use bmae_recipe::TrainedStage;
use bmae_train::evaluation::EncoderFeature;
use clap::{Args, ValueEnum};

use super::force::Force;
use super::path_word::path_word;
use super::recipe_source::{RecipeSource, trained_stage};

/// `bmae forward`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bmae forward --weights mae.safetensors --inputs images.safetensors \\
    --outputs out.safetensors --grads
  bmae forward --weights mae.pth --inputs images.safetensors \\
    --outputs out.safetensors --set model.encoder.heads=12

Tensors of --inputs (f32):
  images [N, 3, H, W]       normalised
  noise [N, L]              optional; patches of the least are kept

Tensors of --outputs:
  latent [N, 1+keep, D], pred [N, L, P], loss [1]
  mask [N, L], ids_restore [N, L]
  target [N, L, D]          with --target
  grad.<parameter>          with --grads, for every parameter

Data and model are those of the recipe that the weights carry, or follow from the shapes of the weights. What these do not \
tell comes from --preset and --set.")]
pub struct Forward {
    /// Masked autoencoder: a run's folder, or weights (.safetensors, .pth)
    #[arg(long, value_name = "RUN|FILE")]
    pub weights: PathBuf,
    /// File with images and noise (.safetensors)
    #[arg(long, value_name = "FILE")]
    pub inputs: PathBuf,
    /// File to write (.safetensors)
    #[arg(long, value_name = "FILE")]
    pub outputs: PathBuf,
    #[command(flatten)]
    pub force: Force,
    /// Predict the features of this encoder instead of pixels
    #[arg(long, value_name = "RUN|FILE")]
    pub target: Option<PathBuf>,
    /// Write the gradient of the loss with respect to every parameter too
    #[arg(long)]
    pub grads: bool,
    /// Recipe: quick, mini, paper, or a file of your own that ends in .toml [default: paper]
    #[arg(long, value_name = "NAME|FILE.toml", value_parser = path_word())]
    pub preset: Option<String>,
}

/// `bmae replay`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bmae replay --stage pretrain --weights start.safetensors \\
    --batches batches.safetensors --steps-per-epoch 3 \\
    --outputs end.safetensors --set method.name=mae-k --set method.k=2
  bmae replay --stage linprobe --weights mae.pth \\
    --batches batches.safetensors --steps-per-epoch 10 \\
    --outputs end.safetensors

Tensors of --batches:
  images [S, N, 3, H, W]    f32, normalised
  noise [S, N, L]           f32, for pretrain
  labels [S, N]             i64, for finetune and linprobe

Tensors of --outputs:
  loss [S], lr [S]
  param.<name>              every parameter after the last step

Each of the S batches is one optimiser step, in order, without augmentation.")]
pub struct Replay {
    /// Stage that is trained
    #[arg(long, value_parser = trained_stage())]
    pub stage: TrainedStage,
    /// Start of the training: a run's folder, or weights (.safetensors, .pth)
    #[arg(long, value_name = "RUN|FILE")]
    pub weights: PathBuf,
    /// File with the recorded batches (.safetensors)
    #[arg(long, value_name = "FILE")]
    pub batches: PathBuf,
    /// Steps per epoch: they place the learning rate, switches and target updates
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub steps_per_epoch: u32,
    /// File to write (.safetensors)
    #[arg(long, value_name = "FILE")]
    pub outputs: PathBuf,
    #[command(flatten)]
    pub force: Force,
    /// Recipe: quick, mini, paper, or a file of your own that ends in .toml [default: paper]
    #[arg(long, value_name = "NAME|FILE.toml", value_parser = path_word())]
    pub preset: Option<String>,
}

/// `bmae features`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bmae features --from runs/mae --split test --feature mean \\
    --out features.safetensors
  bmae features --from mae.pth --data photos --split train \\
    --feature block:5 --out features.npz

What --out holds, by its suffix, in the order of the data set, without augmentation:
  .safetensors  features [N, D] f32, labels [N] i64; the metadata has
                files and classes
  .npz          the same as arrays: features, labels, files, classes
  .csv          a row for each image: file, label (class), f0, f1, ...")]
pub struct Features {
    #[command(flatten)]
    pub recipe: RecipeSource,
    /// Encoder: a run's folder, weights (.safetensors, .pth), or scratch for random weights
    #[arg(long, value_name = "RUN|FILE|scratch", value_parser = path_word())]
    pub from: String,
    /// Split of the data set
    #[arg(long)]
    pub split: SplitName,
    /// After the final norm: class-token, or the mean of the patch tokens; block:N: their mean after block N (from 0)
    #[arg(long, visible_alias = "pool", value_name = "class-token|mean|block:N", value_parser = feature)]
    pub feature: EncoderFeature,
    /// File to write (.safetensors, .npz or .csv)
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    #[command(flatten)]
    pub force: Force,
}

/// The splits of a data set.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[allow(missing_docs)]
pub enum SplitName {
    Train,
    Test,
}

impl From<SplitName> for Split {
    fn from(split: SplitName) -> Self {
        match split {
            SplitName::Train => Split::Train,
            SplitName::Test => Split::Test,
        }
    }
}

fn feature(text: &str) -> Result<EncoderFeature, String> {
    match (text, text.strip_prefix("block:").map(str::parse)) {
        ("class-token", _) => Ok(EncoderFeature::ClassToken),
        ("mean", _) => Ok(EncoderFeature::Mean),
        (_, Some(Ok(block))) => Ok(EncoderFeature::Block(block)),
        _ => Err("it must be class-token, mean or block:N with N from 0".to_owned()),
    }
}
