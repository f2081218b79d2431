//! The placing of tokens, composed of Burn's own operations.

use bmae_kernels::tokens::{Placement, Source};
use burn::tensor::Tensor;

use crate::ops::indices::indices;

/// As [`place_tokens`](super::place_tokens), for every device without a fused one.
pub fn composed(rows: Tensor<2>, token: Tensor<1>, positions: Tensor<2>, placement: &Placement) -> Tensor<2> {
    let ([count, dim], device) = (rows.dims(), rows.device());
    let table = Tensor::cat(vec![rows, token.reshape([1, dim])], 0);
    let sources = placement.places().iter().map(|&(source, _)| match source {
        Source::Row(row) => row as usize,
        Source::Token => count,
    });
    let at = placement.places().iter().map(|&(_, position)| position as usize);
    table.select(0, indices(sources, &device)) + positions.select(0, indices(at, &device))
}
