//! The exact GELU.

mod composed;
mod cpu;

pub use composed::composed;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::choice::runs_fused;
use cpu::FusedGelu;

/// x Phi(x) with the error function, not the tanh approximation; any shape.
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if runs_fused(&x) {
        Tensor::from_dispatch(<Dispatch as FusedGelu>::fused_gelu(x.into_dispatch()))
    } else {
        composed(x)
    }
}
