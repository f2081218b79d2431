//! Affine map of rows.

mod composed;
mod cpu;
mod fused;
#[cfg(feature = "gpu")]
mod gpu;

pub use composed::composed;

use bmae_architecture::Precision;
use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::choice::{runs_fused, runs_on_gpu};
use fused::FusedLinear;

/// x W^T + b for `x` [R, in], `weight` [out, in] (PyTorch's layout), `bias` `[out]`; gives [R, out].
///
/// The products of both passes, of x with the weight and of the incoming gradient with the weight and with x, take
/// factors of `precision` and add up in f32. Bias, outputs and gradients stay f32.
///
/// # Panics
/// When the shapes disagree.
pub fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>, precision: Precision) -> Tensor<2> {
    // A GPU takes factors of bfloat16 by rounding them first.
    if !runs_fused(&x) && (!runs_on_gpu(&x) || precision == Precision::Bf16) {
        return composed(x, weight, bias, precision);
    }
    let ([_, inputs], [outputs, expected]) = (x.dims(), weight.dims());
    assert_eq!([inputs, outputs], [expected, bias.dims()[0]], "x is [R, in], the weight [out, in], the bias [out]");
    Tensor::from_dispatch(<Dispatch as FusedLinear>::fused_linear(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        precision,
    ))
}
