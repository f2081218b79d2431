//! One pre-norm transformer block.

use std::sync::Arc;

use bmae_architecture::Transformer;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand::Rng;

use super::linear::LinearInit;
use super::{DropPath, LayerNorm, Linear};
use crate::ops::{self, BlockOptions, BlockParameters, SelectedTokens};

/// x + attention(norm1(x)), then x + mlp(norm2(x)).
#[derive(Module, Debug)]
pub struct Block {
    /// Before the attention.
    pub norm1: LayerNorm,
    /// Between the tokens of an image.
    pub attn: Attention,
    /// Before the MLP.
    pub norm2: LayerNorm,
    /// Within each token.
    pub mlp: Mlp,
}

/// Multi-head self-attention with packed query, key and value.
#[derive(Module, Debug)]
pub struct Attention {
    /// [3D, D]: query, key, value, each split into heads.
    pub qkv: Linear,
    /// [D, D]
    pub proj: Linear,
    #[module(skip)]
    heads: usize,
}

/// Linear, GELU, Linear.
#[derive(Module, Debug)]
pub struct Mlp {
    /// [hidden, D]
    pub fc1: Linear,
    /// [D, hidden]
    pub fc2: Linear,
}

impl Block {
    pub(crate) fn init(sizes: Transformer, init: LinearInit, rng: &mut impl Rng, device: &Device) -> Self {
        let Transformer { dim, heads, norm_epsilon, precision, .. } = sizes;
        let hidden = sizes.hidden();
        let mut linear = |inputs, outputs| Linear::init(inputs, outputs, init, precision, rng, device);
        let norm1 = LayerNorm::init(dim, norm_epsilon, device);
        let attn = Attention { qkv: linear(dim, 3 * dim), proj: linear(dim, dim), heads };
        let norm2 = LayerNorm::init(dim, norm_epsilon, device);
        let mlp = Mlp { fc1: linear(dim, hidden), fc2: linear(hidden, dim) };
        Self { norm1, attn, norm2, mlp }
    }

    /// Tokens [N*T, D] to [N*T, D]; `tokens` is T.
    ///
    /// # Panics
    /// When `tokens` does not divide the rows.
    pub fn forward(&self, x: Tensor<2>, tokens: usize) -> Tensor<2> {
        self.forward_with(x, tokens, None, None)
    }

    /// The same with each sample's branches multiplied by its factors, of the attention and of the MLP, `[N]` each (see
    /// [`DropPath`]), and for the outputs of the `selected` tokens alone, [N*M, D]: every token still serves as key and
    /// value. `None`: no factors, all tokens.
    ///
    /// # Panics
    /// When the factors or the selected tokens are of another number of images than `x` has.
    pub fn forward_with(
        &self,
        x: Tensor<2>,
        tokens: usize,
        branch_factors: Option<[&[f32]; 2]>,
        selected: Option<SelectedTokens>,
    ) -> Tensor<2> {
        ops::blocks(x, vec![self.inputs(tokens, branch_factors, selected)])
    }

    fn inputs(
        &self,
        tokens: usize,
        branch_factors: Option<[&[f32]; 2]>,
        selected: Option<SelectedTokens>,
    ) -> (BlockParameters, BlockOptions) {
        let (heads, norm_epsilon) = (self.attn.heads, self.norm1.epsilon());
        // All four of its linear layers have one.
        let precision = self.attn.qkv.precision();
        let branch_factors = branch_factors.map(|factors| Arc::new(factors.map(<[f32]>::to_vec)));
        (self.parameters(), BlockOptions { tokens, heads, norm_epsilon, precision, selected, branch_factors })
    }

    fn parameters(&self) -> BlockParameters {
        let Self { norm1, attn, norm2, mlp } = self;
        BlockParameters {
            norm1: norm1.parameters(),
            qkv: attn.qkv.parameters(),
            proj: attn.proj.parameters(),
            norm2: norm2.parameters(),
            fc1: mlp.fc1.parameters(),
            fc2: mlp.fc2.parameters(),
        }
    }
}

/// `x` [N*T, D] through `blocks`, `tokens` being T. Each sample's branches are multiplied by its factors in `drop_path`,
/// which counts the blocks from the first of these. The last one computes the `selected` tokens alone, [N*M, D]: every
/// token still serves as key and value. `None`: all.
///
/// # Panics
/// When factors or selected tokens are of another number of images than `x` has.
pub(crate) fn run_blocks(
    blocks: &[Block],
    x: Tensor<2>,
    tokens: usize,
    drop_path: &DropPath,
    selected: Option<SelectedTokens>,
) -> Tensor<2> {
    let last = blocks.len().saturating_sub(1);
    let inputs = blocks.iter().enumerate().map(|(index, block)| {
        block.inputs(tokens, drop_path.branch_factors(index), selected.clone().filter(|_| index == last))
    });
    ops::blocks(x, inputs.collect())
}

impl Attention {
    /// Among how many the width of a token is split.
    pub(super) fn heads(&self) -> usize {
        self.heads
    }

    /// Tokens [N*T, D] to [N*T, D]; `tokens` is T. A block computes this as a part of one operation; here it stands
    /// alone.
    pub fn forward(&self, x: Tensor<2>, tokens: usize) -> Tensor<2> {
        self.proj.forward(ops::attention(self.qkv.forward(x), tokens, self.heads))
    }
}

impl Mlp {
    /// [R, D] to [R, D]. A block computes this as a part of one operation; here it stands alone.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.fc2.forward(ops::gelu(self.fc1.forward(x)))
    }
}
