//! `[data]` and `[model]`: what a run shares with every evaluation that starts from it.

use std::path::{Path, PathBuf};

/// Where images come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataSource {
    /// Generated shapes; they need no files. What they look like is in the recipe's own keys.
    Shapes,
    /// CIFAR-10.
    Cifar10 {
        /// The folder in which it lies.
        root: PathBuf,
    },
    /// CIFAR-100.
    Cifar100 {
        /// The folder in which it lies.
        root: PathBuf,
    },
    /// An absolute path to a folder or an archive whose kind is recognised by what it holds.
    Path(PathBuf),
}

impl DataSource {
    /// As the recipe writes it: a name, or the path.
    pub fn text(&self) -> String {
        match self {
            DataSource::Shapes => "shapes".to_owned(),
            DataSource::Cifar10 { .. } => "cifar10".to_owned(),
            DataSource::Cifar100 { .. } => "cifar100".to_owned(),
            DataSource::Path(path) => path.display().to_string(),
        }
    }

    /// Where "cifar10" and "cifar100" lie; `None` where the source is neither.
    pub fn root(&self) -> Option<&Path> {
        match self {
            DataSource::Cifar10 { root } | DataSource::Cifar100 { root } => Some(root),
            DataSource::Shapes | DataSource::Path(_) => None,
        }
    }
}

/// `[data]`.
#[derive(Clone, Debug, PartialEq)]
pub struct DataRecipe {
    /// Where the images come from.
    pub source: DataSource,
    /// Side of the square images that the model sees, in pixels.
    pub image_size: usize,
    /// What is subtracted from each channel (of 0 to 1).
    pub mean: [f32; 3],
    /// What each channel is divided by afterwards.
    pub std: [f32; 3],
    /// The first so many training images are used; 0: all.
    pub train_limit: usize,
    /// The first so many test images are used; 0: all.
    pub test_limit: usize,
    /// Chooses the images of "shapes"; the recipe's `seed` never does.
    pub shapes_seed: u64,
    /// Training images of "shapes".
    pub shapes_train: usize,
    /// Test images of "shapes".
    pub shapes_test: usize,
}

/// How much of a model is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Used {
    /// The encoder, with or without a head of its own.
    Encoder,
    /// Encoder and decoder.
    Autoencoder,
}

/// `[model]`.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelRecipe {
    /// Side of a square patch, in pixels; divides the image size.
    pub patch_size: usize,
    /// `[model.encoder]`.
    pub encoder: EncoderRecipe,
    /// `[model.decoder]`.
    pub decoder: DecoderRecipe,
}

/// `[model.encoder]`.
#[derive(Clone, Debug, PartialEq)]
pub struct EncoderRecipe {
    /// Width of a token; divisible by 4 and by `heads`.
    pub dim: usize,
    /// Number of blocks.
    pub depth: usize,
    /// Attention heads.
    pub heads: usize,
    /// Width of the MLP's hidden layer over `dim`.
    pub mlp_ratio: f64,
}

/// `[model.decoder]`. Its MLP is four times as wide as its tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct DecoderRecipe {
    /// Width of a token; divisible by 4 and by `heads`.
    pub dim: usize,
    /// Number of blocks.
    pub depth: usize,
    /// Attention heads.
    pub heads: usize,
}

impl ModelRecipe {
    /// Patches of an image of the side `image_size`: the L of the tables.
    pub fn patches(&self, image_size: usize) -> usize {
        let side = image_size / self.patch_size.max(1);
        side.saturating_mul(side)
    }
}
