//! The GELU of `bmae-kernels` on tensors of the CPU backend.

use bmae_kernels::gelu;
use bmae_kernels::pool::Buffer;
use burn::backend::{Flex, TensorMetadata};

use super::fused::GeluKernels;
use crate::ops::cpu_tensor::{CpuTensor, from_buffer, values};

impl GeluKernels for Flex {
    fn forward(x: CpuTensor) -> CpuTensor {
        let x = x.to_contiguous();
        let mut out = Buffer::uninitialised(values(&x).len());
        gelu::forward(values(&x), &mut out);
        from_buffer(out, &x.shape())
    }

    fn backward(x: CpuTensor, grad: CpuTensor) -> CpuTensor {
        let (x, grad) = (x.to_contiguous(), grad.to_contiguous());
        let mut dx = Buffer::uninitialised(values(&x).len());
        gelu::backward(values(&x), values(&grad), &mut dx);
        from_buffer(dx, &x.shape())
    }
}
