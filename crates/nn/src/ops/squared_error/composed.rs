//! The mean squared error, composed of Burn's own operations.

use burn::tensor::Tensor;

/// As [`mean_squared_error`](super::mean_squared_error), for every device without a fused one.
pub fn composed(prediction: Tensor<2>, target: Tensor<2>) -> Tensor<1> {
    let difference = prediction - target;
    (difference.clone() * difference).mean()
}
