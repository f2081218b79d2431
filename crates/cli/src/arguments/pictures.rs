//! `bmae reconstruct`.

use std::path::PathBuf;

use clap::Args;

use super::data::png;
use super::force::Force;
use super::recipe_source::RecipeSource;
use super::recorded::SplitName;

/// `bmae reconstruct`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bmae reconstruct --from runs/mae --out grid.png
  bmae reconstruct --from runs/ema --data photos --images 16 \\
    --out grid.png --attention attention.png
  bmae reconstruct --from mae_pretrain_vit_base.pth --data photos \\
    --set model.encoder.heads=12 --set model.decoder.heads=16 \\
    --set pretrain.norm_pix=true --out grid.png

Each row shows an image, what the encoder sees of it, and what the decoder predicts; the images are of as many classes as can \
be, and always the same, and so are the masks. For a model that predicts features, their first three principal components are \
shown as red, green and blue: those of the whole image under the model's own encoder, then the predicted ones, in the same \
colours.")]
pub struct Reconstruct {
    #[command(flatten)]
    pub recipe: RecipeSource,
    /// Model: the folder of a pre-training, or weights of a masked autoencoder (docs/weights.md)
    #[arg(long, value_name = "RUN|FILE")]
    pub from: PathBuf,
    /// PNG file to write
    #[arg(long, value_name = "FILE", value_parser = png())]
    pub out: PathBuf,
    /// PNG file for the attention of the class token
    #[arg(long, value_name = "FILE", value_parser = png())]
    pub attention: Option<PathBuf>,
    #[command(flatten)]
    pub force: Force,
    /// Number of images; they are spread over the classes
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..))]
    pub images: u16,
    /// Split of the data set [default: test, or train where there is no test]
    #[arg(long)]
    pub split: Option<SplitName>,
}
