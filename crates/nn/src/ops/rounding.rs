//! Rounding to bfloat16, composed of Burn's own operations: for products whose factors are rounded on devices without a
//! fused one.

use burn::tensor::{FloatDType, Tensor};

/// `x` [R, C] rounded to bfloat16, to the nearest, ties to even, as f32; an infinity becomes NaN. Its gradient passes as it
/// is: what is rounded for a product is not what is learned.
pub(super) fn rounded(x: Tensor<2>) -> Tensor<2> {
    let fixed = x.clone().detach();
    // The difference is exact, and so is its sum with x.
    x + (through_bf16(fixed.clone()) - fixed)
}

/// `x` [R, C] as it is, but for infinities, which become NaN; its incoming gradient is rounded to bfloat16.
pub(super) fn with_rounded_gradient(x: Tensor<2>) -> Tensor<2> {
    let through = through_bf16(x.clone());
    // A cast rounds the gradient on its way back, too.
    through.clone() + (x.detach() - through.detach())
}

fn through_bf16(x: Tensor<2>) -> Tensor<2> {
    x.cast(FloatDType::BF16).cast(FloatDType::F32)
}
