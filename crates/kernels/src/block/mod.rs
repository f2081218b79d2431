//! One pre-norm transformer block: x + attention(norm1(x)), then + mlp(norm2(.)).
//!
//! 1. Images are split into pieces of a few hundred rows, one thread a piece: all that a piece's image needs between
//!    two products stays in the second cache, and every product is single-threaded. How pieces and blocks follow each
//!    other is the matter of [`transformer`](crate::transformer).
//! 2. The forward pass saves what is dearer to compute again than to read: qkv, the attention's output, the rows after
//!    the first residual and the hidden units before the GELU, 9 D numbers a row with an MLP of 4 D. The norms and the
//!    GELU are computed again.
//! 3. The gradients of biases and norms are added up piece by piece; those of the weights are products over the whole
//!    batch, of the factors that the pieces leave. Pieces depend on the sizes alone: the same bits for any number of
//!    threads.
//! 4. Each image's branches may be multiplied by factors ([`Block::with_branch_factors`]), as stochastic depth asks.
//! 5. A block may be asked for the outputs of some tokens only ([`Block::for_tokens`]): every token still serves as key
//!    and value, but queries, projection and MLP are computed for the selected ones alone.

use bmae_architecture::Precision;

use crate::attention::AttentionSizes;

mod backward;
mod forward;
mod pieces;

pub use backward::Gradients;
pub(crate) use backward::{Backward, BackwardBuffers, GradientFactors, Sums};
pub(crate) use forward::{BlockWeight, Forward, ForwardBuffers, SavedPiece};
pub(crate) use pieces::images_of_piece;

/// Sizes of a block, for every image alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockSizes {
    /// T, the tokens of an image.
    pub tokens: usize,
    /// D.
    pub dim: usize,
    /// Divides D.
    pub heads: usize,
    /// Hidden units of the MLP.
    pub hidden: usize,
}

/// A LayerNorm's weight and bias `[D]`.
#[derive(Debug, Clone, Copy)]
pub struct Norm<'a> {
    /// `[D]`
    pub weight: &'a [f32],
    /// `[D]`
    pub bias: &'a [f32],
}

/// A Linear's weight [out, in] and bias `[out]`.
#[derive(Debug, Clone, Copy)]
pub struct Linear<'a> {
    /// [out, in]
    pub weight: &'a [f32],
    /// `[out]`
    pub bias: &'a [f32],
}

/// The parameters of a block.
#[derive(Debug, Clone, Copy)]
pub struct Parameters<'a> {
    /// Before the attention.
    pub norm1: Norm<'a>,
    /// [3D, D]
    pub qkv: Linear<'a>,
    /// [D, D]
    pub proj: Linear<'a>,
    /// Before the MLP.
    pub norm2: Norm<'a>,
    /// [hidden, D]
    pub fc1: Linear<'a>,
    /// [D, hidden]
    pub fc2: Linear<'a>,
}

/// The tokens of each image whose outputs are computed.
#[derive(Debug, Clone, Copy)]
pub struct SelectedTokens<'a> {
    /// M ascending token numbers for each image [N, M].
    pub tokens: &'a [u32],
    /// M, from 1 to T.
    pub per_image: usize,
}

impl<'a> SelectedTokens<'a> {
    fn of_image(&self, image: usize) -> &'a [u32] {
        &self.tokens[image * self.per_image..(image + 1) * self.per_image]
    }
}

/// A block: sizes, parameters, and which tokens' outputs are computed.
#[derive(Debug, Clone, Copy)]
pub struct Block<'a> {
    sizes: BlockSizes,
    parameters: Parameters<'a>,
    epsilon: f32,
    /// `None`: all.
    selected: Option<SelectedTokens<'a>>,
    /// Of the attention's and of the MLP's branch `[N]`; `None`: 1.
    branch_factors: Option<[&'a [f32]; 2]>,
    precision: Precision,
}

impl<'a> Block<'a> {
    /// A block whose norms have `epsilon` under the root.
    ///
    /// # Panics
    /// When a parameter has another length than the sizes say, or heads do not divide D.
    pub fn new(sizes: BlockSizes, parameters: Parameters<'a>, epsilon: f32) -> Self {
        let BlockSizes { tokens, dim, heads, hidden } = sizes;
        assert!(
            tokens > 0 && dim > 0 && hidden > 0 && heads > 0 && dim.is_multiple_of(heads),
            "{sizes:?} are no block's"
        );
        let Parameters { norm1, qkv, proj, norm2, fc1, fc2 } = parameters;
        for norm in [norm1, norm2] {
            assert!(norm.weight.len() == dim && norm.bias.len() == dim, "a norm's parameters are [D]");
        }
        for (linear, inputs, outputs) in [(qkv, dim, 3 * dim), (proj, dim, dim), (fc1, dim, hidden), (fc2, hidden, dim)]
        {
            assert!(
                linear.weight.len() == inputs * outputs && linear.bias.len() == outputs,
                "a Linear's are [out, in]"
            );
        }
        Self { sizes, parameters, epsilon, selected: None, branch_factors: None, precision: Precision::F32 }
    }

    /// The same block for the outputs of some tokens.
    ///
    /// # Panics
    /// When M is 0 or more than T.
    pub fn for_tokens(self, selected: SelectedTokens<'a>) -> Self {
        assert!(
            (1..=self.sizes.tokens).contains(&selected.per_image),
            "from 1 to T tokens of an image can be selected"
        );
        Self { selected: Some(selected), ..self }
    }

    /// The same block with each image's branches multiplied by factors `[N]`, of the attention and of the MLP
    /// (stochastic depth).
    pub fn with_branch_factors(self, factors: [&'a [f32]; 2]) -> Self {
        Self { branch_factors: Some(factors), ..self }
    }

    /// The same block whose linear layers, forward and backward, multiply numbers of `precision`.
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// The sizes.
    pub(crate) fn sizes(&self) -> BlockSizes {
        self.sizes
    }

    /// The numbers that its linear layers multiply.
    pub(crate) fn precision(&self) -> Precision {
        self.precision
    }

    /// M, the tokens of each image whose outputs are computed.
    pub(crate) fn outputs(&self) -> usize {
        self.selected.map_or(self.sizes.tokens, |selected| selected.per_image)
    }

    /// Images of `x` [N, T, D].
    pub(crate) fn images(&self, x: &[f32]) -> usize {
        let values_per_image = self.sizes.tokens * self.sizes.dim;
        assert!(x.len().is_multiple_of(values_per_image), "x is [N, T, D]");
        let images = x.len() / values_per_image;
        if let Some(SelectedTokens { tokens, per_image }) = self.selected {
            assert_eq!(tokens.len(), images * per_image, "the selected tokens are [N, M]");
        }
        for factors in self.branch_factors.into_iter().flatten() {
            assert_eq!(factors.len(), images, "the factors of a branch are [N]");
        }
        images
    }

    fn attention_sizes(&self) -> AttentionSizes {
        AttentionSizes { tokens: self.sizes.tokens, dim: self.sizes.dim, heads: self.sizes.heads }
    }
}
