//! The exact GELU.

use burn::tensor::Tensor;

/// x Phi(x) with the error function, not the tanh approximation; any shape.
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    burn::tensor::activation::gelu(x)
}
