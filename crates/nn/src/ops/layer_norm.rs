//! LayerNorm over rows.

use burn::tensor::Tensor;

/// The epsilon of every LayerNorm in ViT and MAE.
pub const EPSILON: f64 = 1e-6;

/// (x - mean) / sqrt(var + 1e-6) * weight + bias for each row of `x` [R, D], with the biased variance; gives [R, D].
///
/// # Panics
/// When `weight` or `bias` is not [D].
pub fn layer_norm(x: Tensor<2>, weight: Tensor<1>, bias: Tensor<1>) -> Tensor<2> {
    burn::tensor::module::layer_norm(x, weight, Some(bias), EPSILON)
}
