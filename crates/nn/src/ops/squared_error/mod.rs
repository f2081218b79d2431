//! The mean squared error.

mod fused;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::fused::applies;
use fused::FusedSquaredError;

/// Mean over all rows and columns of (prediction - target)^2, for two [R, P]; gives `[1]`.
///
/// # Panics
/// When the shapes differ.
pub fn mean_squared_error(prediction: Tensor<2>, target: Tensor<2>) -> Tensor<1> {
    assert_eq!(prediction.dims(), target.dims(), "prediction and target differ in shape");
    if !applies(&prediction) {
        return composed(prediction, target);
    }
    Tensor::from_dispatch(<Dispatch as FusedSquaredError>::fused_mean_squared_error(
        prediction.into_dispatch(),
        target.into_dispatch(),
    ))
}

/// The same of Burn's own operations, for every other device.
pub fn composed(prediction: Tensor<2>, target: Tensor<2>) -> Tensor<1> {
    let difference = prediction - target;
    (difference.clone() * difference).mean()
}
