//! A whole pre-norm transformer block as one operation.

mod fused;

pub(super) use fused::{BlockBackward, kept_forward, plain_forward};

use std::sync::Arc;

use burn::backend::Dispatch;
use burn::tensor::{Int, Tensor, TensorData};

use super::fused::{Fused, applies};
use super::{attention, gelu, indices, layer_norm, linear};

/// The twelve parameters of a block, in their official order.
#[derive(Debug, Clone)]
pub struct BlockParameters {
    /// `norm1.weight`, `norm1.bias` `[D]`
    pub norm1: [Tensor<1>; 2],
    /// `attn.qkv.weight` [3D, D]
    pub qkv_weight: Tensor<2>,
    /// `attn.qkv.bias` `[3D]`
    pub qkv_bias: Tensor<1>,
    /// `attn.proj.weight` [D, D]
    pub proj_weight: Tensor<2>,
    /// `attn.proj.bias` `[D]`
    pub proj_bias: Tensor<1>,
    /// `norm2.weight`, `norm2.bias` `[D]`
    pub norm2: [Tensor<1>; 2],
    /// `mlp.fc1.weight` [hidden, D]
    pub fc1_weight: Tensor<2>,
    /// `mlp.fc1.bias` `[hidden]`
    pub fc1_bias: Tensor<1>,
    /// `mlp.fc2.weight` [D, hidden]
    pub fc2_weight: Tensor<2>,
    /// `mlp.fc2.bias` `[D]`
    pub fc2_bias: Tensor<1>,
}

/// Some tokens of every image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// M ascending token numbers for each image, [N, M].
    tokens: Arc<[u32]>,
    each: usize,
}

impl Wanted {
    /// `each` (M, at least 1) ascending token numbers for each image.
    ///
    /// # Panics
    /// When `tokens` is not a whole number of images.
    pub fn new(tokens: Vec<u32>, each: usize) -> Self {
        assert!(each > 0 && tokens.len().is_multiple_of(each), "wanted are the same number of tokens of every image");
        Self { tokens: tokens.into(), each }
    }

    /// The class token of each of `images` images.
    pub fn class_token(images: usize) -> Self {
        Self::new(vec![0; images], 1)
    }

    /// M.
    pub fn each(&self) -> usize {
        self.each
    }

    /// [N, M], flat.
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// The wanted rows [N*M, D] of `x` [N*T, D]; `tokens` is T.
    ///
    /// # Panics
    /// When `x` has other images.
    pub fn select(&self, x: Tensor<2>, tokens: usize) -> Tensor<2> {
        let rows = self.rows(tokens, &x);
        x.select(0, rows)
    }

    fn rows(&self, of_image: usize, like: &Tensor<2>) -> Tensor<1, Int> {
        let images = self.tokens.chunks_exact(self.each).enumerate();
        let rows =
            images.flat_map(|(image, tokens)| tokens.iter().map(move |&token| image * of_image + token as usize));
        indices(rows, &like.device())
    }
}

/// How a block is passed through.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockPass {
    /// T, the tokens of an image.
    pub tokens: usize,
    /// Heads of the attention.
    pub heads: usize,
    /// The tokens whose outputs are computed; `None`: all.
    pub wanted: Option<Wanted>,
    /// Factors of each image's branches `[N]`, attention and MLP (stochastic depth); `None`: 1.
    pub factors: Option<Arc<[Vec<f32>; 2]>>,
}

/// x + attention(norm1(x)), then + mlp(norm2(.)), for `x` [N*T, D]; gives [N*M, D] with M wanted tokens an image (all: M = T).
///
/// # Panics
/// When the shapes disagree.
pub fn block(x: Tensor<2>, parameters: BlockParameters, pass: BlockPass) -> Tensor<2> {
    if !applies(&x) {
        return composed(x, parameters, pass);
    }
    let BlockParameters {
        norm1,
        qkv_weight,
        qkv_bias,
        proj_weight,
        proj_bias,
        norm2,
        fc1_weight,
        fc1_bias,
        fc2_weight,
        fc2_bias,
    } = parameters;
    let [norm1_weight, norm1_bias] = norm1;
    let [norm2_weight, norm2_bias] = norm2;
    Tensor::from_dispatch(<Dispatch as Fused>::fused_block(
        x.into_dispatch(),
        norm1_weight.into_dispatch(),
        norm1_bias.into_dispatch(),
        qkv_weight.into_dispatch(),
        qkv_bias.into_dispatch(),
        proj_weight.into_dispatch(),
        proj_bias.into_dispatch(),
        norm2_weight.into_dispatch(),
        norm2_bias.into_dispatch(),
        fc1_weight.into_dispatch(),
        fc1_bias.into_dispatch(),
        fc2_weight.into_dispatch(),
        fc2_bias.into_dispatch(),
        pass,
    ))
}

/// The same of smaller operations, for every other device.
pub fn composed(x: Tensor<2>, parameters: BlockParameters, pass: BlockPass) -> Tensor<2> {
    let p = parameters;
    let [weight, bias] = p.norm1;
    let qkv = linear(layer_norm(x.clone(), weight, bias), p.qkv_weight, p.qkv_bias);
    let attended = attention(qkv, pass.tokens, pass.heads);
    let (x, attended) = match &pass.wanted {
        None => (x, attended),
        Some(wanted) => {
            let rows = wanted.rows(pass.tokens, &x);
            (x.select(0, rows.clone()), attended.select(0, rows))
        }
    };
    let factors = |branch: usize| pass.factors.as_ref().map(|factors| factors[branch].as_slice());
    let x = x + scaled(linear(attended, p.proj_weight, p.proj_bias), factors(0));
    let [weight, bias] = p.norm2;
    let hidden = gelu(linear(layer_norm(x.clone(), weight, bias), p.fc1_weight, p.fc1_bias));
    x + scaled(linear(hidden, p.fc2_weight, p.fc2_bias), factors(1))
}

/// `branch` [N*M, D] with each image's rows multiplied by its factor, of `factors` `[N]`.
fn scaled(branch: Tensor<2>, factors: Option<&[f32]>) -> Tensor<2> {
    let Some(factors) = factors else { return branch };
    let ([rows, dim], images) = (branch.dims(), factors.len());
    assert!(images > 0 && rows.is_multiple_of(images), "{rows} rows are not the tokens of {images} images");
    let factors = Tensor::<2>::from_data(TensorData::new(factors.to_vec(), [images, 1]), &branch.device());
    (branch.reshape([images, rows / images * dim]) * factors).reshape([rows, dim])
}
