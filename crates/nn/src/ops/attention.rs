//! Multi-head self-attention between the tokens of an image.

use burn::backend::Dispatch;
use burn::tensor::Tensor;
use burn::tensor::activation::softmax;

use super::fused::{Fused, applies};

/// Self-attention for `qkv` [N*T, 3D], whose columns are query, key and value, each split into heads (PyTorch's packing);
/// gives [N*T, D], heads side by side. `tokens` is T; the scale is 1 / sqrt(D / heads).
///
/// # Panics
/// When `tokens` does not divide the rows or `heads` the width.
pub fn attention(qkv: Tensor<2>, tokens: usize, heads: usize) -> Tensor<2> {
    if applies(&qkv) {
        Tensor::from_dispatch(<Dispatch as Fused>::fused_attention(qkv.into_dispatch(), tokens, heads))
    } else {
        composed(qkv, tokens, heads)
    }
}

/// The same of Burn's own operations, for every other device.
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
