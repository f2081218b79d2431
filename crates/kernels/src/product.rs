//! Matrix products of single precision: the work between which everything else of a training step has to fit.
//!
//! 1. A micro-kernel keeps a tile of the result in registers: 8 rows by 3 vectors with AVX-512, 6 by 2 with AVX2. Each
//!    step along K loads the tile's columns of the right factor once and broadcasts one number of each row of the left.
//! 2. The right factor is packed into panels, a panel being the columns of one tile, so that a step reads one run of
//!    memory. Weights are packed once for each pass over a batch ([`PackedMatrix`]) and then serve all its pieces.
//! 3. The left factor of activations is read by its rows as it stands. A weight's gradient reads both factors by
//!    columns; there both are packed, in blocks that stay in the nearest cache.
//! 4. Bias and residual are added while the tile is still in registers.
//!
//! Sums run over K in order, a weight's gradient in blocks of a few hundred rows: the same bits for any number of
//! threads. Products and sums are fused where the instruction set can, so the bits differ between sets.

use rayon::prelude::*;

use crate::instruction_set::InstructionSet;
use crate::profile::{Operation, time};

mod amx;
mod amx_buffers;
#[cfg(target_arch = "x86_64")]
mod avx512_bf16;
mod dispatch;
mod elements;
mod epilogue;
mod gradient;
mod multiply_add;
mod packed;
mod prefetch;
mod shape;
mod tile;

pub use elements::Bf16Products;
pub(crate) use elements::{Elements, Factor};
pub use epilogue::Epilogue;
pub(crate) use gradient::{GradientPart, PackedBlocks, parts_of_gradient, side_of_part};
pub use gradient::{WeightGradient, weight_gradients};
pub use packed::PackedMatrix;

use dispatch::run;
use tile::{Left, Out, Product};

/// Rows of a piece of [`product_on_all_threads`].
const ROWS: usize = 256;

/// `out` [M, N] = `left` [M, K] times the packed [K, N], on the calling thread.
///
/// # Panics
/// When the lengths disagree.
pub fn product(left: &[f32], right: &PackedMatrix, epilogue: Epilogue<'_>, out: &mut [f32]) {
    product_with(InstructionSet::current(), left, right, epilogue, out);
}

/// `out` [M, N] = `left` [M, K] times the packed [K, N], plus `bias` `[N]` if there is one, over all threads, some
/// hundred rows a piece; each thread's time counts under `operation`.
///
/// # Panics
/// When the lengths disagree.
pub fn product_on_all_threads(
    operation: Operation,
    left: &[f32],
    right: &PackedMatrix,
    bias: Option<&[f32]>,
    out: &mut [f32],
) {
    let (k, n) = (right.depth, right.columns);
    assert_eq!(left.len() * n, out.len() * k, "the factors are [M, K] and [K, N], the result is [M, N]");
    out.par_chunks_mut((ROWS * n).max(1)).enumerate().for_each(|(piece, out)| {
        let _timer = time(operation);
        let (first, rows) = (piece * ROWS, out.len() / n);
        product(&left[first * k..(first + rows) * k], right, bias.map_or(Epilogue::Plain, Epilogue::Bias), out);
    });
}

fn product_with(set: InstructionSet, left: &[f32], right: &PackedMatrix, epilogue: Epilogue<'_>, out: &mut [f32]) {
    let (k, n) = (right.depth, right.columns);
    if out.is_empty() {
        return;
    }
    let m = out.len() / n;
    assert_eq!(left.len(), m * k, "the left factor is [M, K]");
    if let Elements::AmxTiles(permission) = right.elements {
        return amx_buffers::product_of_rows(permission, left, &right.panels, [m, k, n], epilogue, out);
    }
    let left = Factor::along_rows(left, k, right.elements);
    let places = right.elements.places(k);
    let left = Left::Rows { values: left.values(), stride: places };
    let product = Product {
        left,
        right: &right.panels,
        m,
        k: places,
        n,
        first: 0,
        out: Out::Flat(out),
        epilogue,
        prefetch: None,
    };
    run(set, right.elements, product);
}

#[cfg(test)]
mod tests;
