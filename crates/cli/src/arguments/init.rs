//! `bmae init`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::{PathBufValueParser, TypedValueParser};

use super::path_word::path_word;
use super::time_span::time_span;

/// `bmae init`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bmae init --data photos photos.toml
  bmae init --data photos --time 8h photos.toml
  bmae init --data cifar10 --set data.image_size=32 \\
    --set model.patch_size=4 cifar.toml

The recipe has a comment on every value. Image size, patch size, mean and standard deviation come from the images, the batch \
size from their number, model and epochs from how fast a few steps are here. What --set says holds, and the rest is chosen \
around it.")]
pub struct Init {
    /// Images: shapes, cifar10, cifar100, or the path of a folder or archive [default: the folder that bmae is called in, if it holds images]
    #[arg(long, value_name = "PATH|NAME", value_parser = path_word())]
    pub data: Option<String>,
    /// How long pre-training may take on this machine, as in 30m, 8h or 2d
    #[arg(long, value_name = "TIME", value_parser = time_span, default_value = "1h")]
    pub time: Duration,
    /// Replace the file if it is there
    #[arg(long)]
    pub force: bool,
    /// Recipe to write, a file that ends in .toml
    #[arg(value_name = "FILE.toml", value_parser = toml())]
    pub out: PathBuf,
}

fn toml() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| match path.extension() {
        Some(extension) if extension == "toml" => Ok(path),
        _ => Err("a recipe is written: choose a name that ends in .toml"),
    })
}
