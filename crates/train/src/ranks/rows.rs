//! Rows of tensors over all ranks.

use burn::tensor::{Tensor, TensorData};

use super::Ranks;

/// The rows [M, D] of all `ranks`, whose own may differ in number, behind each other in the order of the ranks; without autodiff.
pub(crate) fn rows_of_all(ranks: &Ranks, own: Tensor<2>) -> Tensor<2> {
    if ranks.count() == 1 {
        return own;
    }
    let ([_, width], device) = (own.dims(), own.device());
    let all = ranks.behind_each_other(own.into_data().iter::<f32>().collect::<Vec<f32>>());
    let shape = [all.len() / width, width];
    Tensor::from_data(TensorData::new(all, shape), &device)
}
