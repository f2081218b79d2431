//! Encoder and class head, for fine-tuning.

use bmae_architecture::{LAYER_NORM_EPSILON, Precision};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand::Rng;

use crate::initialisation::truncated_normal;
use crate::ops::{self, SelectedTokens};
use crate::vit::{DropPath, Encoder, LayerNorm, Linear};

/// What of the encoder's output the head sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// The mean of the patch tokens, then `fc_norm`; the encoder's own final norm is absent, as in the official code.
    Mean,
    /// The class token after the encoder's final norm.
    ClassToken,
}

/// How a class head is drawn: truncated normal weights of this deviation, zero biases.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeadInit {
    /// Standard deviation of the weights.
    pub std: f64,
}

impl HeadInit {
    /// On a pre-trained encoder that is fine-tuned: 2e-5.
    pub const FINETUNE: Self = Self { std: 2e-5 };
    /// Linear probing: 0.01.
    pub const PROBE: Self = Self { std: 0.01 };
    /// timm's own: 0.02.
    pub const TIMM: Self = Self { std: crate::initialisation::TOKEN_STD };

    /// A Linear(`inputs`, `outputs`) drawn so, which multiplies numbers of `precision`.
    pub fn linear(
        self,
        inputs: usize,
        outputs: usize,
        precision: Precision,
        rng: &mut impl Rng,
        device: &Device,
    ) -> Linear {
        let weight = truncated_normal(outputs * inputs, self.std, rng);
        Linear::from_values(weight, vec![0.0; outputs], precision, device)
    }
}

/// A ViT classifier under the official names: the encoder's, `fc_norm` (mean pooling only), `head`.
#[derive(Module, Debug)]
pub struct Classifier {
    /// Positions are trainable; `norm` is absent with mean pooling.
    pub encoder: Encoder,
    /// After mean pooling; absent with the class token.
    pub fc_norm: Option<LayerNorm>,
    /// [classes, D]
    pub head: Linear,
    #[module(skip)]
    pooling: Pooling,
}

impl Classifier {
    /// Puts a fresh head for `classes` on `encoder`, on its device and in its precision, and makes the positions trainable
    /// as in the official code.
    pub fn init(encoder: Encoder, classes: usize, pooling: Pooling, head: HeadInit, rng: &mut impl Rng) -> Self {
        let (dim, precision, device) = (encoder.dim(), encoder.precision(), encoder.device());
        let mut encoder = encoder.with_trainable_positions();
        let fc_norm = match pooling {
            Pooling::Mean => {
                let norm = encoder.norm.take();
                let epsilon = norm.map_or(LAYER_NORM_EPSILON, |norm| norm.epsilon());
                Some(LayerNorm::init(dim, epsilon, &device))
            }
            Pooling::ClassToken => None,
        };
        Self { encoder, fc_norm, head: head.linear(dim, classes, precision, rng, &device), pooling }
    }

    /// The same classifier, the first `blocks` blocks of whose encoder do not learn
    /// ([`Encoder::with_frozen_blocks`]).
    ///
    /// # Panics
    /// When the encoder has fewer blocks.
    pub fn with_frozen_blocks(self, blocks: usize) -> Self {
        Self { encoder: self.encoder.with_frozen_blocks(blocks), ..self }
    }

    /// Patches [N, L, p*p*3] to logits [N, classes].
    ///
    /// # Panics
    /// As [`Encoder::forward`].
    pub fn forward(&self, patches: Tensor<3>) -> Tensor<2> {
        self.forward_train(patches, &DropPath::none())
    }

    /// [`forward`](Self::forward) with the branches that `drop_path` says left out, in training alone.
    ///
    /// # Panics
    /// As [`Encoder::forward_train`].
    pub fn forward_train(&self, patches: Tensor<3>, drop_path: &DropPath) -> Tensor<2> {
        self.head.forward(self.seen_by_head(patches, drop_path))
    }

    /// What the head sees of patches [N, L, p*p*3]: [N, D].
    ///
    /// # Panics
    /// As [`Encoder::forward`].
    pub fn features(&self, patches: Tensor<3>) -> Tensor<2> {
        self.seen_by_head(patches, &DropPath::none())
    }

    fn seen_by_head(&self, patches: Tensor<3>, drop_path: &DropPath) -> Tensor<2> {
        let pooled = match self.pooling {
            Pooling::Mean => {
                let x = self.encoder.forward_train(patches, drop_path);
                let [images, tokens, dim] = x.dims();
                ops::mean_of_patch_tokens(x.reshape([images * tokens, dim]), tokens)
            }
            Pooling::ClassToken => {
                let [images, ..] = patches.dims();
                self.encoder.forward_selected(patches, drop_path, SelectedTokens::class_token(images))
            }
        };
        match &self.fc_norm {
            Some(norm) => norm.forward(pooled),
            None => pooled,
        }
    }

    /// What the head sees.
    pub fn pooling(&self) -> Pooling {
        self.pooling
    }
}
