//! The exact GELU.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::fused::{Fused, applies};

/// x Phi(x) with the error function, not the tanh approximation; any shape.
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if applies(&x) { Tensor::from_dispatch(<Dispatch as Fused>::fused_gelu(x.into_dispatch())) } else { composed(x) }
}

/// The same of Burn's own operations, for every other device.
pub fn composed<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    burn::tensor::activation::gelu(x)
}
