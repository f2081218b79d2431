//! Row numbers as a tensor.

use burn::tensor::{Device, Int, Tensor, TensorData};

/// Row numbers as an index tensor.
pub(crate) fn indices(rows: impl Iterator<Item = usize>, device: &Device) -> Tensor<1, Int> {
    let rows: Vec<i64> = rows.map(|row| row as i64).collect();
    let shape = [rows.len()];
    Tensor::from_data(TensorData::new(rows, shape), device)
}
