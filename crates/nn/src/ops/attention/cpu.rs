//! The attention of `bmae-kernels` on tensors of the CPU backend.

use bmae_kernels::attention::{self, AttentionSizes};
use bmae_kernels::pool::Buffer;
use burn::backend::{Flex, TensorMetadata};

use super::fused::{AttentionKernels, Division};
use crate::ops::cpu_tensor::{CpuTensor, from_buffer, values};

impl AttentionKernels for Flex {
    /// Nothing: the scores are computed anew.
    type Saved = ();

    fn forward(qkv: CpuTensor, division: Division) -> (CpuTensor, ()) {
        let qkv = qkv.to_contiguous();
        let (rows, sizes) = sizes(&qkv, division);
        let mut out = Buffer::uninitialised(rows * sizes.dim);
        attention::forward(values(&qkv), sizes, &mut out);
        (from_buffer(out, &[rows, sizes.dim]), ())
    }

    fn backward(qkv: CpuTensor, division: Division, (): (), grad: CpuTensor) -> CpuTensor {
        let (qkv, grad) = (qkv.to_contiguous(), grad.to_contiguous());
        let (_, sizes) = sizes(&qkv, division);
        let mut dqkv = Buffer::uninitialised(values(&qkv).len());
        attention::backward(values(&qkv), sizes, values(&grad), &mut dqkv);
        from_buffer(dqkv, &qkv.shape())
    }
}

/// Rows of qkv [N*T, 3D], and the sizes of the attention.
fn sizes(qkv: &CpuTensor, division: Division) -> (usize, AttentionSizes) {
    let shape = qkv.shape();
    (shape[0], AttentionSizes { tokens: division.tokens, dim: shape[1] / 3, heads: division.heads })
}
