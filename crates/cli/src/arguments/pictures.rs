//! `bmae reconstruct`.

use std::path::PathBuf;

use clap::Args;

use super::data::png;
use super::{Half, RecipeSource};

/// `bmae reconstruct`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bmae reconstruct --from runs/mae --out grid.png
  bmae reconstruct --from runs/ema --data photos --images 16 --out grid.png --attention looks.png
  bmae reconstruct --from mae_pretrain_vit_base.pth --data photos --set model.encoder.heads=12 \\
      --set model.decoder.heads=16 --set pretrain.norm_pix=true --out grid.png

For each image: itself, what the encoder sees of it, and what the decoder makes of the rest; the masks are always the same.
A model that predicts features is shown by their three main components as red, green and blue: first those of the whole
image under its own encoder, then what was predicted, in the same colours.")]
pub struct Reconstruct {
    #[command(flatten)]
    pub recipe: RecipeSource,
    /// A pre-training's folder (its checkpoints/last.safetensors), or weights of a masked autoencoder of any kind
    #[arg(long, value_name = "RUN|FILE")]
    pub from: PathBuf,
    /// The PNG file to write
    #[arg(long, value_name = "FILE", value_parser = png)]
    pub out: PathBuf,
    /// Where the class token looks, as a second PNG file
    #[arg(long, value_name = "FILE", value_parser = png)]
    pub attention: Option<PathBuf>,
    /// The first so many images
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..))]
    pub images: u16,
    /// Of which half of the data [default: test, or train where there is no other]
    #[arg(long)]
    pub split: Option<Half>,
}
