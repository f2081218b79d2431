//! Matrix products of single precision: the work between which everything else of a training step has to fit.
//!
//! 1. A micro-kernel keeps a tile of the result in registers: 8 rows by 3 vectors with AVX-512, 6 by 2 with AVX2. Each step
//!    along K loads the tile's columns of the right factor once and broadcasts one number of each row of the left.
//! 2. The right factor is packed into panels, a panel being the columns of one tile, so that a step reads one run of memory.
//!    Weights are packed once for each pass over a batch ([`Packed`]) and then serve all its pieces.
//! 3. The left factor of activations is read by its rows as it stands. A weight's gradient reads both factors by columns;
//!    there both are packed, in blocks that stay in the nearest cache.
//! 4. Bias and residual are added while the tile is still in registers.
//!
//! Sums run over K in order, a weight's gradient in blocks of a few hundred rows: the same bits for any number of threads. Products and
//! sums are fused where the instruction set can, so the bits differ between sets.

use rayon::prelude::*;

use crate::instruction_set::{InstructionSet, Simd, WithSimd, dispatch_to};
use crate::pool::Buffer;
use crate::profile::{Operation, time};

mod ahead;
mod gradient;
mod tile;

pub use gradient::{WeightGradient, weight_gradients};

use tile::{Left, Out, Product};

/// Rows of a piece of [`product_on_all_threads`].
const ROWS: usize = 256;

/// Rows and columns of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    rows: usize,
    columns: usize,
}

/// The tile of an instruction set: as many sums as its registers hold beside a row of the right factor.
fn shape(set: InstructionSet) -> Shape {
    match set {
        InstructionSet::Avx512 => Shape { rows: 8, columns: 48 },
        InstructionSet::Avx2 => Shape { rows: 6, columns: 16 },
        InstructionSet::Portable => Shape { rows: 2, columns: 16 },
    }
}

/// Inputs of a weight that are transposed together: a cache line.
const TRANSPOSED_AT_ONCE: usize = 16;

/// A right factor [K, N] in panels, `[ceil(N / columns)][K][columns]`, padded with zeros, for the current instruction set.
#[derive(Debug)]
pub struct Packed {
    panels: Buffer,
    depth: usize,
    columns: usize,
}

impl Packed {
    /// The transpose [in, out] of a weight [out, in] as PyTorch's Linear has it: the right factor of x W^T.
    ///
    /// # Panics
    /// When `weight` is not outputs x inputs long.
    pub fn transposed(weight: &[f32], outputs: usize, inputs: usize) -> Self {
        Self::transposed_for(InstructionSet::current(), weight, outputs, inputs)
    }

    /// A weight [out, in] as it is: the right factor of the gradient through a Linear.
    ///
    /// # Panics
    /// When `weight` is not outputs x inputs long.
    pub fn rows(weight: &[f32], outputs: usize, inputs: usize) -> Self {
        Self::rows_for(InstructionSet::current(), weight, outputs, inputs)
    }

    /// K.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// N.
    pub fn columns(&self) -> usize {
        self.columns
    }

    fn transposed_for(set: InstructionSet, weight: &[f32], outputs: usize, inputs: usize) -> Self {
        assert_eq!(weight.len(), outputs * inputs, "the weight is [out, in]");
        let width = shape(set).columns;
        let mut panels = panels(outputs, inputs, width);
        if inputs > 0 {
            for (panel, rows) in panels.chunks_exact_mut(inputs * width).zip(weight.chunks(width * inputs)) {
                // A few rows of the panel at a time stay in the nearest cache while all columns are filled in.
                for (number, panel) in panel.chunks_mut(TRANSPOSED_AT_ONCE * width).enumerate() {
                    let from = number * TRANSPOSED_AT_ONCE;
                    for (column, row) in rows.chunks_exact(inputs).enumerate() {
                        for (packed, &value) in panel.chunks_exact_mut(width).zip(&row[from..]) {
                            packed[column] = value;
                        }
                    }
                }
            }
        }
        Self { panels, depth: inputs, columns: outputs }
    }

    fn rows_for(set: InstructionSet, rows: &[f32], depth: usize, columns: usize) -> Self {
        assert_eq!(rows.len(), depth * columns, "the factor is [K, N]");
        let width = shape(set).columns;
        let mut panels = Buffer::dirty(columns.div_ceil(width) * depth * width);
        if depth > 0 {
            for (number, panel) in panels.chunks_exact_mut(depth * width).enumerate() {
                let first = number * width;
                pack_panel(set, rows, columns, first, width.min(columns - first), width, panel);
            }
        }
        Self { panels, depth, columns }
    }
}

/// Room for the panels of `columns` columns, zero where the last panel has none.
fn panels(columns: usize, depth: usize, width: usize) -> Buffer {
    let mut panels = Buffer::dirty(columns.div_ceil(width) * depth * width);
    if !columns.is_multiple_of(width) {
        let last = panels.len() - depth * width;
        panels[last..].fill(0.0);
    }
    panels
}

/// Columns `first` .. `first + columns` of rows [K, `stride`] into `panel` [K][width], zeros beside them.
fn pack_panel(
    set: InstructionSet,
    rows: &[f32],
    stride: usize,
    first: usize,
    columns: usize,
    width: usize,
    panel: &mut [f32],
) {
    if columns == width {
        return dispatch_to(set, PackWhole { rows, stride, first, width, panel });
    }
    for (packed, row) in panel.chunks_exact_mut(width).zip(rows.chunks_exact(stride)) {
        packed[..columns].copy_from_slice(&row[first..first + columns]);
        packed[columns..].fill(0.0);
    }
}

/// [`pack_panel`] of a whole panel, vector by vector: a call to copy memory for each short row would cost as much again.
struct PackWhole<'a> {
    rows: &'a [f32],
    stride: usize,
    first: usize,
    width: usize,
    panel: &'a mut [f32],
}

impl WithSimd for PackWhole<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { rows, stride, first, width, panel } = self;
        for (packed, row) in panel.chunks_exact_mut(width).zip(rows.chunks_exact(stride)) {
            let (packed, _) = S::as_mut_simd_f32s(packed);
            let (row, _) = S::as_simd_f32s(&row[first..first + width]);
            for (packed, value) in packed.iter_mut().zip(row) {
                *packed = *value;
            }
        }
    }
}

/// What becomes of a finished sum.
#[derive(Debug, Clone, Copy)]
pub enum End<'a> {
    /// It is the result.
    Plain,
    /// `[N]` is added to every row.
    Bias(&'a [f32]),
    /// `[N]` and the rows of [M, N] are added.
    BiasAndRows(&'a [f32], &'a [f32]),
    /// It is added to what stands in the result.
    Accumulate,
}

/// `out` [M, N] = `left` [M, K] times the packed [K, N], on the calling thread.
///
/// # Panics
/// When the lengths disagree.
pub fn product(left: &[f32], right: &Packed, end: End<'_>, out: &mut [f32]) {
    product_with(InstructionSet::current(), left, right, end, out);
}

/// `out` [M, N] = `left` [M, K] times the packed [K, N], plus `bias` `[N]` if there is one, over all threads, some hundred rows a
/// piece; each thread's time counts under `operation`.
///
/// # Panics
/// When the lengths disagree.
pub fn product_on_all_threads(
    operation: Operation,
    left: &[f32],
    right: &Packed,
    bias: Option<&[f32]>,
    out: &mut [f32],
) {
    let (k, n) = (right.depth, right.columns);
    assert_eq!(left.len() * n, out.len() * k, "the factors are [M, K] and [K, N], the result is [M, N]");
    out.par_chunks_mut((ROWS * n).max(1)).enumerate().for_each(|(piece, out)| {
        let _timer = time(operation);
        let (first, rows) = (piece * ROWS, out.len() / n);
        product(&left[first * k..(first + rows) * k], right, bias.map_or(End::Plain, End::Bias), out);
    });
}

fn product_with(set: InstructionSet, left: &[f32], right: &Packed, end: End<'_>, out: &mut [f32]) {
    let (k, n) = (right.depth, right.columns);
    if out.is_empty() {
        return;
    }
    let m = out.len() / n;
    assert_eq!(left.len(), m * k, "the left factor is [M, K]");
    let left = Left::Rows { values: left, stride: k };
    dispatch_to(set, Product { left, right: &right.panels, m, k, n, first: 0, out: Out::Flat(out), end, ahead: None });
}

#[cfg(test)]
mod tests;
