//! Multi-head self-attention between the tokens of an image.

mod composed;
mod cpu;
mod fused;
#[cfg(feature = "gpu")]
mod gpu;

pub use composed::composed;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::choice::{runs_fused, runs_on_gpu};
use fused::FusedAttention;

/// Self-attention for `qkv` [N*T, 3D], whose columns are query, key and value, each split into heads (PyTorch's
/// packing); gives [N*T, D], heads side by side. `tokens` is T; the scale is 1 / sqrt(D / heads).
///
/// # Panics
/// When `tokens` does not divide the rows or `heads` the width.
pub fn attention(qkv: Tensor<2>, tokens: usize, heads: usize) -> Tensor<2> {
    if runs_fused(&qkv) || (runs_on_gpu(&qkv) && fits_gpu(&qkv, heads)) {
        Tensor::from_dispatch(<Dispatch as FusedAttention>::fused_attention(qkv.into_dispatch(), tokens, heads))
    } else {
        composed(qkv, tokens, heads)
    }
}

/// Whether the GPU where `qkv` lies has kernels for heads of this size.
#[cfg(feature = "gpu")]
fn fits_gpu(qkv: &Tensor<2>, heads: usize) -> bool {
    gpu::fits(qkv, qkv.dims()[1] / 3 / heads)
}

/// In this build nothing lies on a GPU.
#[cfg(not(feature = "gpu"))]
fn fits_gpu(_: &Tensor<2>, _: usize) -> bool {
    false
}
