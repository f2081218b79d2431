//! The mean squared error.

mod composed;
mod cpu;

pub use composed::composed;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::choice::runs_fused;
use cpu::FusedSquaredError;

/// Mean over all rows and columns of (prediction - target)^2, for two [R, P]; gives `[1]`.
///
/// # Panics
/// When the shapes differ.
pub fn mean_squared_error(prediction: Tensor<2>, target: Tensor<2>) -> Tensor<1> {
    assert_eq!(prediction.dims(), target.dims(), "prediction and target differ in shape");
    if !runs_fused(&prediction) {
        return composed(prediction, target);
    }
    Tensor::from_dispatch(<Dispatch as FusedSquaredError>::fused_mean_squared_error(
        prediction.into_dispatch(),
        target.into_dispatch(),
    ))
}
