//! How the products of a recipe's precision were computed.

use bmae_architecture::Precision;
use bmae_kernels::product::Bf16Products;
use bmae_nn::ops::is_fused;
use burn::tensor::Device;

/// How products of `precision` are computed on `device` whose factors are rounded to bfloat16; `None` where they round
/// nothing. Composed operations multiply rounded numbers in f32.
pub(super) fn bf16_products(precision: Precision, device: &Device) -> Option<Bf16Products> {
    let by_kernels = is_fused() && *device == Device::flex();
    (precision == Precision::Bf16).then(|| if by_kernels { Bf16Products::current() } else { Bf16Products::RoundedF32 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_rounds_its_factors_says_how() {
        assert_eq!(bf16_products(Precision::F32, &Device::flex()), None);
        assert!(bf16_products(Precision::Bf16, &Device::flex()).is_some());
    }
}
