//! `bmae forward`, `replay` and `features`: tensors in and out.

use std::path::PathBuf;

use bmae_recipe::TrainedStage;
use bmae_train::evaluation::EncoderFeature;
use clap::{Args, ValueEnum};

use super::{RecipeSource, trained_stage};

/// `bmae forward`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bmae forward --weights mae.safetensors --inputs images.safetensors --outputs out.safetensors --grads
  bmae forward --weights mae.pth --inputs images.safetensors --outputs out.safetensors --set model.encoder.heads=12

--inputs holds images [N, 3, H, W] f32, already normalised, and optionally noise [N, L] (patches are kept in ascending order
of noise). --outputs gets latent [N, 1+keep, D], pred [N, L, P], mask [N, L], ids_restore [N, L], loss [1], with --target
target [N, L, D], and with --grads one grad.<parameter> each. Data and model are those of the recipe that the weights carry,
or as their shapes tell; everything else, and what they do not tell, comes from --preset and --set.")]
pub struct Forward {
    /// The masked autoencoder: a run's folder, .safetensors or .pth
    #[arg(long, value_name = "RUN|FILE")]
    pub weights: PathBuf,
    /// Images and noise (.safetensors)
    #[arg(long, value_name = "FILE")]
    pub inputs: PathBuf,
    /// Where what comes out is written (.safetensors)
    #[arg(long, value_name = "FILE")]
    pub outputs: PathBuf,
    /// Predict the features of this encoder instead of pixels
    #[arg(long, value_name = "RUN|FILE")]
    pub target: Option<PathBuf>,
    /// The gradient of the loss by each parameter too
    #[arg(long)]
    pub grads: bool,
    /// quick, mini, paper, or a recipe file of your own that ends in .toml [default: paper]
    #[arg(long, value_name = "NAME|FILE.toml")]
    pub preset: Option<String>,
}

/// `bmae replay`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bmae replay --stage pretrain --weights start.safetensors --batches batches.safetensors --steps-per-epoch 3 \\
      --outputs end.safetensors --set method.name=mae-k --set method.k=2
  bmae replay --stage linprobe --weights mae.pth --batches batches.safetensors --steps-per-epoch 10 --outputs end.safetensors

--batches holds images [S, N, 3, H, W] f32, already normalised, and noise [S, N, L] (pretrain) or labels [S, N] i64. One
optimiser step is taken for each of the S batches; nothing is shuffled or augmented. --outputs gets loss [S], lr [S] and
param.<name> for every parameter at the end.")]
pub struct Replay {
    /// What is trained
    #[arg(long, value_parser = trained_stage())]
    pub stage: TrainedStage,
    /// Where the training starts: a run's folder, .safetensors or .pth
    #[arg(long, value_name = "RUN|FILE")]
    pub weights: PathBuf,
    /// The recorded batches (.safetensors)
    #[arg(long, value_name = "FILE")]
    pub batches: PathBuf,
    /// Steps of an epoch: sets when the rate, the targets and the method change
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub steps_per_epoch: u32,
    /// Where what comes out is written (.safetensors)
    #[arg(long, value_name = "FILE")]
    pub outputs: PathBuf,
    /// quick, mini, paper, or a recipe file of your own that ends in .toml [default: paper]
    #[arg(long, value_name = "NAME|FILE.toml")]
    pub preset: Option<String>,
}

/// `bmae features`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bmae features --from runs/mae --split test --feature mean --out features.safetensors
  bmae features --from mae.pth --data photos --split train --feature block:5 --out features.safetensors

--out gets features [N, D] f32 and labels [N] i64, in the order of the data set, without augmentation.")]
pub struct Features {
    #[command(flatten)]
    pub recipe: RecipeSource,
    /// The encoder: a run's folder, .safetensors, .pth, or scratch
    #[arg(long, value_name = "RUN|FILE|scratch")]
    pub from: String,
    /// Which half of the data
    #[arg(long)]
    pub split: Half,
    /// class-token or mean (of the patch tokens) after the final norm, or block:N, the patch tokens' mean after block N (from 0)
    #[arg(long, value_name = "class-token|mean|block:N", value_parser = feature)]
    pub feature: EncoderFeature,
    /// Where the features are written (.safetensors)
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// The halves of a data set.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[allow(missing_docs)]
pub enum Half {
    Train,
    Test,
}

fn feature(text: &str) -> Result<EncoderFeature, String> {
    match (text, text.strip_prefix("block:").map(str::parse)) {
        ("class-token", _) => Ok(EncoderFeature::ClassToken),
        ("mean", _) => Ok(EncoderFeature::Mean),
        (_, Some(Ok(block))) => Ok(EncoderFeature::Block(block)),
        _ => Err("it must be class-token, mean or block:N with N from 0".to_owned()),
    }
}
