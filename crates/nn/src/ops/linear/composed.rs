//! The Linear, composed of Burn's own operations.

use bmae_architecture::Precision;
use burn::tensor::Tensor;
use burn::tensor::module;

use crate::ops::rounding::{rounded, with_rounded_gradient};

/// As [`linear`](super::linear), for every device without a fused one.
pub fn composed(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>, precision: Precision) -> Tensor<2> {
    match precision {
        Precision::F32 => module::linear(x, weight.transpose(), Some(bias)),
        Precision::Bf16 => {
            let products = module::linear(rounded(x), rounded(weight).transpose(), None);
            with_rounded_gradient(products) + bias.unsqueeze()
        }
    }
}
