//! The exact GELU.

mod composed;
mod cpu;
mod fused;
#[cfg(feature = "gpu")]
mod gpu;

pub use composed::composed;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::choice::{runs_fused, runs_on_gpu};
use fused::FusedGelu;

/// x Phi(x) with the error function, not the tanh approximation; any shape.
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if runs_fused(&x) || runs_on_gpu(&x) {
        Tensor::from_dispatch(<Dispatch as FusedGelu>::fused_gelu(x.into_dispatch()))
    } else {
        composed(x)
    }
}
