//! `bmae data`.

use std::path::PathBuf;

use bmae_recipe::TrainedStage;
use clap::{Args, Subcommand, ValueEnum};

use super::{RecipeSource, trained_stage};

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
    #[arg(long, value_parser = trained_stage())]
    pub stage: TrainedStage,
    /// The PNG file to write
    #[arg(long, value_name = "FILE", value_parser = png)]
    pub out: PathBuf,
    /// Rows: the first so many training images
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..))]
    pub images: u16,
    /// Augmented views of each image, one for each epoch from the first
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    pub epochs: u16,
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

pub(super) fn png(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png")) {
        true => Ok(path),
        false => Err("what is written is a PNG file: choose a name that ends in .png".to_owned()),
    }
}
