//! One pre-norm transformer block.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand::Rng;

use super::drop_path::scaled;
use super::linear::LinearInit;
use super::{LayerNorm, Linear};
use crate::ops;

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
    pub(crate) fn init(
        dim: usize,
        hidden: usize,
        heads: usize,
        init: LinearInit,
        rng: &mut impl Rng,
        device: &Device,
    ) -> Self {
        let norm1 = LayerNorm::init(dim, device);
        let attn = Attention {
            qkv: Linear::init(dim, 3 * dim, init, rng, device),
            proj: Linear::init(dim, dim, init, rng, device),
            heads,
        };
        let norm2 = LayerNorm::init(dim, device);
        let mlp = Mlp {
            fc1: Linear::init(dim, hidden, init, rng, device),
            fc2: Linear::init(hidden, dim, init, rng, device),
        };
        Self { norm1, attn, norm2, mlp }
    }

    /// Tokens [N*T, D] to [N*T, D]; `tokens` is T.
    ///
    /// # Panics
    /// When `tokens` does not divide the rows.
    pub fn forward(&self, x: Tensor<2>, tokens: usize) -> Tensor<2> {
        let x = x.clone() + self.attn.forward(self.norm1.forward(x), tokens);
        x.clone() + self.mlp.forward(self.norm2.forward(x))
    }

    /// The same with each sample's branches multiplied by its factors: `factors` of the attention and of the MLP, `[N]`
    /// each (see [`DropPath`](super::DropPath)).
    ///
    /// # Panics
    /// When the rows of `x` are not `tokens` for each factor.
    pub fn forward_scaled(&self, x: Tensor<2>, tokens: usize, factors: [&[f32]; 2]) -> Tensor<2> {
        let device = x.device();
        let attended = self.attn.forward(self.norm1.forward(x.clone()), tokens);
        let x = x + scaled(attended, factors[0], &device);
        let thought = self.mlp.forward(self.norm2.forward(x.clone()));
        x + scaled(thought, factors[1], &device)
    }
}

impl Attention {
    /// Tokens [N*T, D] to [N*T, D]; `tokens` is T.
    pub fn forward(&self, x: Tensor<2>, tokens: usize) -> Tensor<2> {
        self.proj.forward(ops::attention(self.qkv.forward(x), tokens, self.heads))
    }
}

impl Mlp {
    /// [R, D] to [R, D].
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.fc2.forward(ops::gelu(self.fc1.forward(x)))
    }
}
