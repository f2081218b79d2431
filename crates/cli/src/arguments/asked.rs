//! `bmae predict` and `bmae neighbours`: images that a finished run is asked about.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PathBufValueParser, TypedValueParser};

use super::force::Force;

/// What both have.
#[derive(Debug, Args)]
pub struct AskedImages {
    /// Images: files, folders of files, data sets (.tar, .zip, .npz), or - for a list on stdin
    #[arg(value_name = "IMAGE|DIR|-", required = true)]
    pub images: Vec<PathBuf>,
    /// Where the same training images lie now [default: where they were]
    #[arg(long, value_name = "PATH")]
    pub data: Option<PathBuf>,
}

/// `bmae predict`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bmae predict --from runs/photos-finetune new.jpg
  bmae predict --from runs/photos-finetune holiday --top 3 \\
    --out predictions.csv
  find / -name '*.jpg' -print0 | bmae predict --from runs/photos-knn -

Columns: file, rank (1 is the most probable class), class, probability (of all classes, 0 to 1). The images are prepared as the \
run's evaluation prepared its test images.

A list on stdin has a path a line, or a zero byte behind each path. Of a folder all images below it are taken, by name. An image \
that cannot be read is named on stderr and left out, and the exit code is 1.")]
pub struct Predict {
    /// Classifier: the folder of a fine-tuned, probed or kNN run, one of its checkpoints, or exported weights
    #[arg(long, value_name = "RUN|FILE")]
    pub from: PathBuf,
    #[command(flatten)]
    pub asked: AskedImages,
    /// CSV file to write [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub force: Force,
    /// Classes of each image, the most probable first
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub top: u32,
}

/// `bmae neighbours`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bmae neighbours --from runs/photos new.jpg
  bmae neighbours --from runs/photos test/cat --top 12 --out near.html

Columns: file, rank (1 is the nearest), image (its number in the training set, from 0), neighbour (its file, relative to the \
folder of the training images), class, similarity (the cosine of the features, -1 to 1).

The features are those by which the run classifies; of a pre-training those of its nearest neighbours (knn.feature).")]
pub struct Neighbours {
    /// Encoder: the folder of a run of any stage, one of its checkpoints, or exported weights
    #[arg(long, value_name = "RUN|FILE")]
    pub from: PathBuf,
    #[command(flatten)]
    pub asked: AskedImages,
    /// Page (.html) or picture (.png) of the images to write
    #[arg(long, value_name = "FILE", value_parser = page_or_picture())]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub force: Force,
    /// Training images that are named of each image
    #[arg(long, visible_alias = "k", value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..))]
    pub top: u32,
}

/// A file that ends as pages or pictures do.
fn page_or_picture() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| match path.extension().and_then(|ending| ending.to_str()) {
        Some("html" | "png") => Ok(path),
        _ => Err("a page is written, or a picture: name it .html or .png"),
    })
}
