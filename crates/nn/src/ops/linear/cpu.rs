//! The Linear of `bmae-kernels` on tensors of the CPU backend.

use bmae_architecture::Precision;
use bmae_kernels::linear;
use bmae_kernels::pool::Buffer;
use burn::backend::{Flex, TensorMetadata};

use super::fused::LinearKernels;
use crate::ops::cpu_tensor::{CpuTensor, from_buffer, values};

impl LinearKernels for Flex {
    fn forward(x: CpuTensor, weight: CpuTensor, bias: CpuTensor, precision: Precision) -> CpuTensor {
        let (x, weight, bias) = (x.to_contiguous(), weight.to_contiguous(), bias.to_contiguous());
        let (rows, outputs) = (x.shape()[0], values(&bias).len());
        let mut out = Buffer::uninitialised(rows * outputs);
        linear::forward(values(&x), values(&weight), values(&bias), precision, &mut out);
        from_buffer(out, &[rows, outputs])
    }

    fn backward_input(weight: &CpuTensor, precision: Precision, grad: &CpuTensor) -> CpuTensor {
        let (weight, grad) = (weight.to_contiguous(), grad.to_contiguous());
        let (rows, outputs, inputs) = (grad.shape()[0], weight.shape()[0], weight.shape()[1]);
        let mut dx = Buffer::uninitialised(rows * inputs);
        linear::backward_input(values(&grad), values(&weight), outputs, precision, &mut dx);
        from_buffer(dx, &[rows, inputs])
    }

    fn backward_weights(x: &CpuTensor, precision: Precision, grad: &CpuTensor) -> [CpuTensor; 2] {
        let (x, grad) = (x.to_contiguous(), grad.to_contiguous());
        let (outputs, inputs) = (grad.shape()[1], x.shape()[1]);
        let [dw, db] = linear::backward_weights(values(&x), values(&grad), inputs, outputs, precision);
        [from_buffer(dw, &[outputs, inputs]), from_buffer(db, &[outputs])]
    }
}
