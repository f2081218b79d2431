//! Picked rows, composed of Burn's own operations.

use burn::tensor::Tensor;

use crate::ops::indices::indices;

/// As [`pick_rows`](super::pick_rows), for every device without kernels for it.
pub(super) fn composed(x: Tensor<2>, rows: &[u32]) -> Tensor<2> {
    let rows = indices(rows.iter().map(|&row| row as usize), &x.device());
    x.select(0, rows)
}
