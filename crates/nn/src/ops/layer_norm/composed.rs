//! LayerNorm, composed of Burn's own operations.

use bmae_architecture::LAYER_NORM_EPSILON;
use burn::tensor::Tensor;

/// As [`layer_norm`](super::layer_norm), for every device without a fused one.
pub fn composed(x: Tensor<2>, weight: Tensor<1>, bias: Tensor<1>) -> Tensor<2> {
    burn::tensor::module::layer_norm(x, weight, Some(bias), LAYER_NORM_EPSILON)
}
