//! LayerNorm, composed of Burn's own operations.

use burn::tensor::Tensor;

/// As [`layer_norm`](super::layer_norm), for every device without a fused one.
pub fn composed(x: Tensor<2>, weight: Tensor<1>, bias: Tensor<1>, epsilon: f64) -> Tensor<2> {
    burn::tensor::module::layer_norm(x, weight, Some(bias), epsilon)
}
