//! The exact GELU, composed of Burn's own operations.

use burn::tensor::Tensor;

/// As [`gelu`](super::gelu), for every device without a fused one.
pub fn composed<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    burn::tensor::activation::gelu(x)
}
