//! Token sequences put together: rows at their places, one token at all others, and positions added.

mod composed;
mod cpu;
mod fused;
#[cfg(feature = "gpu")]
mod gpu;

pub use composed::composed;

use std::sync::Arc;

use bmae_kernels::tokens::Placement;
use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::choice::{runs_fused, runs_on_gpu};
use fused::FusedTokens;

/// At each of the M places its row of `rows` [R, D], or `token` `[D]`, plus its row of `positions` [P, D]; gives
/// [M, D].
///
/// # Panics
/// When the placement is of other rows or positions.
pub fn place_tokens(rows: Tensor<2>, token: Tensor<1>, positions: Tensor<2>, placement: &Arc<Placement>) -> Tensor<2> {
    assert_eq!(
        [rows.dims()[0], positions.dims()[0]],
        [placement.rows(), placement.positions()],
        "the placement is of these rows and positions"
    );
    if !runs_fused(&rows) && !runs_on_gpu(&rows) {
        return composed(rows, token, positions, placement);
    }
    Tensor::from_dispatch(<Dispatch as FusedTokens>::fused_place_tokens(
        rows.into_dispatch(),
        token.into_dispatch(),
        positions.into_dispatch(),
        Arc::clone(placement),
    ))
}
