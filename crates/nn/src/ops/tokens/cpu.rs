//! The placing of tokens of `bmae-kernels` on tensors of the CPU backend.

use bmae_kernels::pool::Buffer;
use bmae_kernels::tokens::{self, Placement};
use burn::backend::{Flex, TensorMetadata};

use super::fused::TokensKernels;
use crate::ops::cpu_tensor::{CpuTensor, from_buffer, values};

impl TokensKernels for Flex {
    fn forward(rows: CpuTensor, token: CpuTensor, positions: CpuTensor, placement: &Placement) -> CpuTensor {
        let (rows, token, positions) = (rows.to_contiguous(), token.to_contiguous(), positions.to_contiguous());
        let (places, dim) = (placement.places().len(), values(&token).len());
        let mut out = Buffer::uninitialised(places * dim);
        tokens::forward(placement, values(&rows), values(&token), values(&positions), &mut out);
        from_buffer(out, &[places, dim])
    }

    fn backward_rows(placement: &Placement, grad: &CpuTensor) -> CpuTensor {
        let (grad, dim) = (grad.to_contiguous(), grad.shape()[1]);
        let mut rows = Buffer::uninitialised(placement.rows() * dim);
        tokens::backward_rows(placement, values(&grad), dim, &mut rows);
        from_buffer(rows, &[placement.rows(), dim])
    }

    fn backward_token(placement: &Placement, grad: &CpuTensor) -> CpuTensor {
        let (grad, dim) = (grad.to_contiguous(), grad.shape()[1]);
        from_buffer(tokens::backward_token(placement, values(&grad), dim), &[dim])
    }

    fn backward_positions(placement: &Placement, grad: &CpuTensor) -> CpuTensor {
        let (grad, dim) = (grad.to_contiguous(), grad.shape()[1]);
        from_buffer(tokens::backward_positions(placement, values(&grad), dim), &[placement.positions(), dim])
    }
}
