//! `[data]` and `[model]`: what a run shares with every evaluation that starts from it.

use std::path::PathBuf;

use bmae_data::Source;
use bmae_data::transforms::{Augmentation, Transform};

/// `[data]`.
#[derive(Clone, Debug, PartialEq)]
pub struct DataRecipe {
    /// Where the images come from, ready to open.
    pub source: Source,
    /// `source` as the recipe writes it: a name, or an absolute path.
    pub source_text: String,
    /// Where "cifar10" and "cifar100" lie; `None` where the source is neither.
    pub root: Option<PathBuf>,
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

impl DataRecipe {
    /// A transform of crop, flip and normalisation alone; with `Augmentation::None` that of evaluation. A stage's own:
    /// [`Recipe::transform`](super::Recipe::transform).
    pub fn transform(&self, augmentation: Augmentation) -> Transform {
        Transform {
            augmentation,
            randaugment: None,
            image_size: self.image_size,
            mean: self.mean,
            std: self.std,
            random_erasing: 0.0,
        }
    }
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
