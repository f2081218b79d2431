//! The LayerNorm of `bmae-kernels` on tensors of the CPU backend.

use bmae_kernels::layer_norm;
use bmae_kernels::pool::Buffer;
use burn::backend::{Flex, TensorMetadata};

use super::fused::LayerNormKernels;
use crate::ops::cpu_tensor::{CpuTensor, from_buffer, from_vec, values};

impl LayerNormKernels for Flex {
    fn forward(x: CpuTensor, weight: CpuTensor, bias: CpuTensor, epsilon: f64) -> CpuTensor {
        let (x, weight, bias) = (x.to_contiguous(), weight.to_contiguous(), bias.to_contiguous());
        let mut out = Buffer::uninitialised(values(&x).len());
        layer_norm::forward(values(&x), values(&weight), values(&bias), epsilon as f32, &mut out);
        from_buffer(out, &x.shape())
    }

    fn backward(x: CpuTensor, weight: CpuTensor, epsilon: f64, grad: CpuTensor) -> [CpuTensor; 3] {
        let (x, weight, grad) = (x.to_contiguous(), weight.to_contiguous(), grad.to_contiguous());
        let width = values(&weight).len();
        let mut dx = Buffer::uninitialised(values(&x).len());
        let (mut dw, mut db) = (vec![0.0; width], vec![0.0; width]);
        layer_norm::backward(values(&x), values(&weight), epsilon as f32, values(&grad), &mut dx, &mut dw, &mut db);
        [from_buffer(dx, &x.shape()), from_vec(dw, &[width]), from_vec(db, &[width])]
    }
}
