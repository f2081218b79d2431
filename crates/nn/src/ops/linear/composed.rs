//! The Linear, composed of Burn's own operations.

use burn::tensor::Tensor;

/// As [`linear`](super::linear), for every device without a fused one.
pub fn composed(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    burn::tensor::module::linear(x, weight.transpose(), Some(bias))
}
