//! LayerNorm over rows.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::fused::{Fused, applies};

/// The epsilon of every LayerNorm in ViT and MAE.
pub const EPSILON: f64 = 1e-6;

/// (x - mean) / sqrt(var + 1e-6) * weight + bias for each row of `x` [R, D], with the biased variance; gives [R, D].
///
/// # Panics
/// When `weight` or `bias` is not `[D]`.
pub fn layer_norm(x: Tensor<2>, weight: Tensor<1>, bias: Tensor<1>) -> Tensor<2> {
    let [_, width] = x.dims();
    assert!(weight.dims() == [width] && bias.dims() == [width], "weight and bias are as wide as the rows: {width}");
    if applies(&x) {
        let (x, weight, bias) = (x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch());
        Tensor::from_dispatch(<Dispatch as Fused>::fused_layer_norm(x, weight, bias))
    } else {
        composed(x, weight, bias)
    }
}

/// The same of Burn's own operations, for every other device.
pub fn composed(x: Tensor<2>, weight: Tensor<1>, bias: Tensor<1>) -> Tensor<2> {
    burn::tensor::module::layer_norm(x, weight, Some(bias), EPSILON)
}
