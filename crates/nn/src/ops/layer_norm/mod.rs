//! LayerNorm over rows.

mod composed;
mod cpu;
mod fused;
#[cfg(feature = "gpu")]
mod gpu;

pub use composed::composed;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::choice::{runs_fused, runs_on_gpu};
use fused::FusedLayerNorm;

/// (x - mean) / sqrt(var + `epsilon`) * weight + bias for each row of `x` [R, D], with the biased variance; gives [R, D].
///
/// # Panics
/// When `weight` or `bias` is not `[D]`.
pub fn layer_norm(x: Tensor<2>, weight: Tensor<1>, bias: Tensor<1>, epsilon: f64) -> Tensor<2> {
    let [_, width] = x.dims();
    assert!(weight.dims() == [width] && bias.dims() == [width], "weight and bias are as wide as the rows: {width}");
    if runs_fused(&x) || runs_on_gpu(&x) {
        let (x, weight, bias) = (x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch());
        Tensor::from_dispatch(<Dispatch as FusedLayerNorm>::fused_layer_norm(x, weight, bias, epsilon))
    } else {
        composed(x, weight, bias, epsilon)
    }
}
