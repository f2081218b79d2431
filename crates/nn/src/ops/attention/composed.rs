//! Attention, composed of Burn's own operations.

use burn::tensor::Tensor;
use burn::tensor::activation::softmax;

/// As [`attention`](super::attention), for every device without a fused one.
pub fn composed(qkv: Tensor<2>, tokens: usize, heads: usize) -> Tensor<2> {
    let [rows, width] = qkv.dims();
    let (images, dim) = (rows / tokens, width / 3);
    let head_dim = dim / heads;
    let part = |i: usize| {
        qkv.clone().slice([0..rows, i * dim..(i + 1) * dim]).reshape([images, tokens, heads, head_dim]).swap_dims(1, 2)
    };
    let query = part(0).mul_scalar(1.0 / (head_dim as f64).sqrt());
    let scores = query.matmul(part(1).transpose());
    softmax(scores, 3).matmul(part(2)).swap_dims(1, 2).reshape([rows, dim])
}
