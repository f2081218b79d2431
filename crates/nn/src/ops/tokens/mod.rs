//! Token sequences put together: rows at their places, one token at all others, and positions added.

mod fused;

use std::sync::Arc;

use bmae_kernels::tokens::{Placement, Source};
use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::fused::applies;
use super::indices;
use fused::FusedTokens;

/// At each of the M places its row of `rows` [R, D], or `token` `[D]`, plus its row of `positions` [P, D]; gives [M, D].
///
/// # Panics
/// When the placement is of other rows or positions.
pub fn place_tokens(rows: Tensor<2>, token: Tensor<1>, positions: Tensor<2>, placement: &Arc<Placement>) -> Tensor<2> {
    assert_eq!(
        [rows.dims()[0], positions.dims()[0]],
        [placement.rows(), placement.positions()],
        "the placement is of these rows and positions"
    );
    if !applies(&rows) {
        return composed(rows, token, positions, placement);
    }
    Tensor::from_dispatch(<Dispatch as FusedTokens>::fused_place_tokens(
        rows.into_dispatch(),
        token.into_dispatch(),
        positions.into_dispatch(),
        Arc::clone(placement),
    ))
}

/// The same of Burn's own operations, for every other device.
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
