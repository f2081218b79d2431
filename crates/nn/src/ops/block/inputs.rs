//! What a block is given beside its tokens.

use std::sync::Arc;

use bmae_architecture::Precision;
use burn::tensor::Tensor;

use crate::ops::selected_tokens::SelectedTokens;

/// Weight and bias of a LayerNorm (`D` = 1: `[D]` and `[D]`) or of a Linear (`D` = 2: [out, in] and `[out]`).
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct WeightAndBias<const D: usize> {
    pub weight: Tensor<D>,
    pub bias: Tensor<1>,
}

/// The twelve parameters of a block, in their official order.
#[derive(Debug, Clone)]
pub struct BlockParameters {
    /// `norm1` `[D]`
    pub norm1: WeightAndBias<1>,
    /// `attn.qkv` [3D, D]
    pub qkv: WeightAndBias<2>,
    /// `attn.proj` [D, D]
    pub proj: WeightAndBias<2>,
    /// `norm2` `[D]`
    pub norm2: WeightAndBias<1>,
    /// `mlp.fc1` [hidden, D]
    pub fc1: WeightAndBias<2>,
    /// `mlp.fc2` [D, hidden]
    pub fc2: WeightAndBias<2>,
}

/// How a block treats its tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockOptions {
    /// T, the tokens of an image.
    pub tokens: usize,
    /// Heads of the attention.
    pub heads: usize,
    /// What stands under the root of both LayerNorms beside the variance.
    pub norm_epsilon: f64,
    /// The numbers that its four linear layers multiply.
    pub precision: Precision,
    /// The tokens whose outputs are computed; `None`: all.
    pub selected: Option<SelectedTokens>,
    /// Factors of each image's branches `[N]`, attention and MLP (stochastic depth); `None`: 1.
    pub branch_factors: Option<Arc<[Vec<f32>; 2]>>,
}
