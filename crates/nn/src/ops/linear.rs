//! Affine map of rows.

use burn::tensor::Tensor;

/// x W^T + b for `x` [R, in], `weight` [out, in] (PyTorch's layout), `bias` `[out]`; gives [R, out].
///
/// # Panics
/// When the shapes disagree.
pub fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    burn::tensor::module::linear(x, weight.transpose(), Some(bias))
}
