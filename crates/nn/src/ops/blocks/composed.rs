//! A block composed of smaller operations.

use burn::tensor::{Tensor, TensorData};

use super::inputs::{BlockOptions, BlockParameters, WeightAndBias};
use crate::ops::attention::attention;
use crate::ops::gelu::gelu;
use crate::ops::layer_norm::layer_norm;
use crate::ops::linear::linear;

/// One block of [`blocks`](super::blocks()), for every device without a fused one.
pub fn composed(x: Tensor<2>, parameters: BlockParameters, options: BlockOptions) -> Tensor<2> {
    let BlockParameters { norm1, qkv, proj, norm2, fc1, fc2 } = parameters;
    let linear = |x, of: WeightAndBias<2>| linear(x, of.weight, of.bias, options.precision);
    let layer_norm = |x, of: WeightAndBias<1>| layer_norm(x, of.weight, of.bias, options.norm_epsilon);
    let qkv = linear(layer_norm(x.clone(), norm1), qkv);
    let attended = attention(qkv, options.tokens, options.heads);
    let (x, attended) = match &options.selected {
        None => (x, attended),
        Some(selected) => (selected.select(x, options.tokens), selected.select(attended, options.tokens)),
    };
    let factors = |branch: usize| options.branch_factors.as_ref().map(|factors| factors[branch].as_slice());
    let x = x + scaled(linear(attended, proj), factors(0));
    let hidden = gelu(linear(layer_norm(x.clone(), norm2), fc1));
    x + scaled(linear(hidden, fc2), factors(1))
}

/// `branch` [N*M, D] with each image's rows multiplied by its factor, of `factors` `[N]`.
fn scaled(branch: Tensor<2>, factors: Option<&[f32]>) -> Tensor<2> {
    let Some(factors) = factors else { return branch };
    let ([rows, dim], images) = (branch.dims(), factors.len());
    assert!(images > 0 && rows.is_multiple_of(images), "{rows} rows are not the tokens of {images} images");
    let factors = Tensor::<2>::from_data(TensorData::new(factors.to_vec(), [images, 1]), &branch.device());
    (branch.reshape([images, rows / images * dim]) * factors).reshape([rows, dim])
}
