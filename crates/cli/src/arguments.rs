//! What can be typed. Only what it looks like: what it means is the recipe's and the commands' business.

use std::path::PathBuf;

use bmae_train::device::DeviceChoice;
use bmae_train::evaluation::EncoderFeature;
use bmae_train::replay::Trained;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Pre-train Vision Transformers as masked autoencoders (MAE) and by their bootstrapped variants, evaluate what they
/// learned, and compare the methods.
#[derive(Debug, Parser)]
#[command(
    version,
    propagate_version = true,
    max_term_width = 110,
    after_help = "Examples:
  bmae reproduce                                    all methods on generated shapes, in minutes
  bmae pretrain --method mae-k --k 10 --out runs/a  one pre-training
  bmae linprobe --from runs/a --out runs/a-probe    what it learned
  bmae report runs/a runs/a-probe --out report      tables and figures

Any key of a recipe can be set, as in --set pretrain.epochs=10: docs/recipe.md lists them."
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub everywhere: Everywhere,
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Everywhere {
    /// Set a key of the recipe; the value is TOML, a bare word a string (repeatable)
    #[arg(long, global = true, value_name = "KEY.PATH=VALUE")]
    pub set: Vec<String>,
    /// Everything random depends on it
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub seed: Option<u64>,
    /// Threads that compute and that load images [default: one for each core]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// Where to compute; all but cpu need a build with the feature of that name
    #[arg(long, global = true, default_value = "cpu")]
    pub device: DeviceName,
    /// Go on with the run in --out after its last whole epoch; start it if there is none
    #[arg(long, global = true)]
    pub resume: bool,
    /// Print the results as one line of JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Say nothing but errors and results
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more: which optimiser rule took which parameter
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train and evaluate every run of a preset, then write the report
    Reproduce(Reproduce),
    /// Pre-train an encoder
    Pretrain(Pretrain),
    /// Fine-tune an encoder as a classifier
    Finetune(Evaluate),
    /// Train a linear classifier on a frozen encoder
    Linprobe(Evaluate),
    /// Classify by the nearest neighbours under a frozen encoder
    Knn(Evaluate),
    /// Write tables and figures that compare runs
    Report(Report),
    /// Check a port: one pass through a masked autoencoder, recorded
    Forward(Forward),
    /// Check a port: recorded batches through the training itself
    Replay(Replay),
    /// Write the features of a data set under a frozen encoder
    Features(Features),
    /// Measure how fast a stage trains here, on random images
    Bench(Bench),
    /// Download a data set, describe one, or look at what a recipe makes of it
    #[command(subcommand)]
    Data(Data),
    /// Look into weight files, and move them to and from other programs
    #[command(subcommand)]
    Checkpoint(Checkpoint),
}

/// Where a recipe comes from.
#[derive(Debug, Args)]
pub struct RecipeSource {
    /// quick, mini, paper, or a recipe file of your own that ends in .toml [default: quick]
    #[arg(long, value_name = "NAME|FILE.toml")]
    pub preset: Option<String>,
    /// Images: shapes, cifar10, cifar100, or a folder or archive whose kind is recognised
    #[arg(long, value_name = "PATH|NAME")]
    pub data: Option<String>,
}

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
    #[arg(long, value_name = "NAME")]
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

/// `bmae forward`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bmae forward --weights mae.safetensors --inputs images.safetensors --outputs out.safetensors --grads
  bmae forward --weights mae.pth --inputs images.safetensors --outputs out.safetensors --set model.encoder.heads=12

--inputs holds images [N, 3, H, W] f32, already normalised, and optionally noise [N, L] (patches are kept in ascending order
of noise). --outputs gets latent [N, 1+keep, D], pred [N, L, P], mask [N, L], ids_restore [N, L], loss [1], with --target
target [N, L, D], and with --grads one grad.<parameter> each. Sizes come from the weights, numbers of heads and everything
else from the recipe they carry, --preset and --set.")]
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
    #[arg(long)]
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

/// The stages that train.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[allow(missing_docs)]
pub enum TrainedStage {
    Pretrain,
    Finetune,
    Linprobe,
}

impl From<TrainedStage> for Trained {
    fn from(stage: TrainedStage) -> Self {
        match stage {
            TrainedStage::Pretrain => Self::Pretrain,
            TrainedStage::Finetune => Self::Finetune,
            TrainedStage::Linprobe => Self::Linprobe,
        }
    }
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
    #[arg(long, default_value = "pretrain")]
    pub stage: TrainedStage,
    /// mae, mae-k, ema-mae, mae-new or custom: the preset's first run of that method
    #[arg(long, value_name = "NAME")]
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

/// `bmae data`.
#[derive(Debug, Subcommand)]
pub enum Data {
    /// Fetch the official binary archive of CIFAR-10 or CIFAR-100 and verify it
    Download(Download),
    /// Print what a data set holds: images, sizes, classes, mean and standard deviation
    #[command(after_help = "Examples:
  bmae data info
  bmae data info --data cifar-10-batches-bin
  bmae data info --data photos --set data.train_limit=1000")]
    Info(RecipeSource),
    /// Draw what a stage's recipe does to training images, as a PNG file
    Preview(Preview),
}

/// `bmae data preview`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bmae data preview --stage finetune --out grid.png
  bmae data preview --stage pretrain --preset mini --data cifar10 --set pretrain.mask_ratio=0.5 --out masks.png
  bmae data preview --stage linprobe --images 20 --epochs 10 --out crops.png

Each row is one training image: as evaluation sees it, then as the training sees it in its epochs 0, 1, 2, ...; in
pre-training each of these is followed by what the encoder sees, masked patches grey. Mixup and CutMix are not shown.")]
pub struct Preview {
    #[command(flatten)]
    pub recipe: RecipeSource,
    /// Whose recipe
    #[arg(long, value_name = "STAGE")]
    pub stage: PreviewStage,
    /// The PNG file to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Rows: the first so many training images
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..))]
    pub images: u16,
    /// Augmented views of each image, one for each epoch from the first
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    pub epochs: u16,
}

/// The stages that vary their images.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[allow(missing_docs)]
pub enum PreviewStage {
    Pretrain,
    Finetune,
    Linprobe,
}

/// `bmae data download`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bmae data download cifar10
  bmae data download cifar100 --to data --url http://mirror.example/cifar-100-binary.tar.gz")]
pub struct Download {
    /// Which set
    pub name: Cifar,
    /// Folder to put it into [default: where `cifar10` and `cifar100` are looked for]
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Fetch it from a mirror; what comes must have the official MD5
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
}

/// The sets that can be downloaded.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Cifar {
    /// 50,000 and 10,000 images of 10 classes
    Cifar10,
    /// 50,000 and 10,000 images of 100 classes
    Cifar100,
}

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

/// The devices by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[allow(missing_docs)]
pub enum DeviceName {
    Cpu,
    Vulkan,
    Cuda,
    Metal,
}

impl From<DeviceName> for DeviceChoice {
    fn from(name: DeviceName) -> Self {
        match name {
            DeviceName::Cpu => DeviceChoice::Cpu,
            DeviceName::Vulkan => DeviceChoice::Vulkan,
            DeviceName::Cuda => DeviceChoice::Cuda,
            DeviceName::Metal => DeviceChoice::Metal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_hold_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn options_of_everywhere_may_stand_before_and_after_the_command() {
        for line in ["bmae --seed 3 knn --from scratch --out x", "bmae knn --from scratch --out x --seed 3"] {
            let arguments = Arguments::try_parse_from(line.split(' ')).expect("it is a right command line");
            assert_eq!(arguments.everywhere.seed, Some(3));
        }
    }
}
