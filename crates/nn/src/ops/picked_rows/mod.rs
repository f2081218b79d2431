//! Some rows of a matrix.

mod composed;
#[cfg(feature = "gpu")]
mod gpu;

use burn::tensor::Tensor;

/// The `rows` of `x` [R, D], no row twice; gives [M, D].
#[cfg(feature = "gpu")]
pub(crate) fn pick_rows(x: Tensor<2>, rows: Vec<u32>) -> Tensor<2> {
    match super::choice::runs_on_gpu(&x) {
        true => gpu::pick_rows(x, rows),
        false => composed::composed(x, &rows),
    }
}

/// The `rows` of `x` [R, D], no row twice; gives [M, D].
#[cfg(not(feature = "gpu"))]
pub(crate) fn pick_rows(x: Tensor<2>, rows: Vec<u32>) -> Tensor<2> {
    composed::composed(x, &rows)
}
