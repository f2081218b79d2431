//! Multi-head self-attention between the tokens of an image.

mod composed;
mod cpu;

pub use composed::composed;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::choice::runs_fused;
use cpu::FusedAttention;

/// Self-attention for `qkv` [N*T, 3D], whose columns are query, key and value, each split into heads (PyTorch's
/// packing); gives [N*T, D], heads side by side. `tokens` is T; the scale is 1 / sqrt(D / heads).
///
/// # Panics
/// When `tokens` does not divide the rows or `heads` the width.
pub fn attention(qkv: Tensor<2>, tokens: usize, heads: usize) -> Tensor<2> {
    if runs_fused(&qkv) {
        Tensor::from_dispatch(<Dispatch as FusedAttention>::fused_attention(qkv.into_dispatch(), tokens, heads))
    } else {
        composed(qkv, tokens, heads)
    }
}
