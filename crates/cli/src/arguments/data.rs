//! `bmae data`.

use std::path::PathBuf;

use bmae_recipe::TrainedStage;
use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum};

use super::force::Force;
use super::recipe_source::{RecipeSource, trained_stage};

/// `bmae data`.
#[derive(Debug, Subcommand)]
pub enum Data {
    /// Download CIFAR-10 or CIFAR-100 and verify it
    Download(Download),
    /// Print number, sizes, classes, mean and standard deviation of images
    #[command(after_help = "\
Examples:
  bmae data info
  bmae data info --data cifar10
  bmae data info --data photos --set data.train_limit=1000
  bmae data info --data labels.csv")]
    Info(RecipeSource),
    /// Decode every image and list those that cannot be, with the reason
    #[command(after_help = "\
Examples:
  bmae data check --data photos
  bmae data check --data 'shards/train-{000..009}.tar' --json

It decodes on all cores and goes on behind what is broken. Exit code 1 if an image cannot be decoded, 0 if all can.")]
    Check(RecipeSource),
    /// Draw a stage's augmentations of training images
    Preview(Preview),
}

/// `bmae data preview`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bmae data preview --stage finetune --out grid.png
  bmae data preview --stage pretrain --preset mini --data cifar10 \\
    --set pretrain.mask_ratio=0.5 --out masks.png
  bmae data preview --stage linprobe --images 20 --out crops.png

Each row is one training image: as evaluation sees it, then as training sees it in epochs 1, 2, 3, ... In pre-training, each \
of these is followed by what the encoder sees, masked patches grey. Mixup and CutMix are not shown.")]
pub struct Preview {
    #[command(flatten)]
    pub recipe: RecipeSource,
    /// Stage whose augmentations are drawn
    #[arg(long, value_parser = trained_stage())]
    pub stage: TrainedStage,
    /// PNG file to write
    #[arg(long, value_name = "FILE", value_parser = png())]
    pub out: PathBuf,
    #[command(flatten)]
    pub force: Force,
    /// Number of training images, spread over the classes: one row each
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..))]
    pub images: u16,
    /// Number of augmented views of each image, one per epoch
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    pub epochs: u16,
}

/// `bmae data download`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bmae data download cifar10
  bmae data download cifar100 --to data \\
    --url http://mirror.example/cifar-100-binary.tar.gz")]
pub struct Download {
    /// The data set
    pub name: Cifar,
    /// Folder to put it into [default: where --data cifar10 and cifar100 look]
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Mirror to download from; the archive must have the official MD5
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

pub(super) fn png() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| match path.extension() {
        Some(extension) if extension.eq_ignore_ascii_case("png") => Ok(path),
        _ => Err("a PNG file is written: choose a name that ends in .png"),
    })
}
