//! Factors rounded to bfloat16 and laid out as tiles want them.
//!
//! Factors are transposed in blocks of 16 times 16 pairs. A pair is two numbers that follow each other along K
//! ([`crate::bf16`]), so that pairs are moved whole.

use pulp::bytemuck::cast;

use super::tiles::{COLUMNS, DEPTH};
use crate::bf16::{pair, rounded_bits};
use crate::instruction_set::{Simd, WithSimd, dispatch};

/// Rows and columns of a block.
const SIDE: usize = 16;

/// Pairs, in rows.
type Block = [[u32; SIDE]; SIDE];

/// K as the factors are padded to it.
pub(in crate::product) fn padded_depth(k: usize) -> usize {
    k.next_multiple_of(DEPTH)
}

/// N as the panels of a right factor are padded to it.
pub(in crate::product) fn padded_columns(n: usize) -> usize {
    n.next_multiple_of(COLUMNS)
}

/// M as a left factor is padded to it when it is transposed.
pub(in crate::product) fn padded_rows(m: usize) -> usize {
    m.next_multiple_of(SIDE)
}

/// `out` [M, padded depth] = `rows` [M, K], rounded, zeros behind each row.
///
/// # Panics
/// When the lengths disagree.
pub(in crate::product) fn round_rows(rows: &[f32], k: usize, out: &mut [u16]) {
    dispatch(RoundRows { rows, k, out });
}

/// Columns `first` .. `first + n` of `rows` [K, `stride`], rounded, as `panels` [padded n / 32][padded depth / 2][32][2]
/// of a right factor.
///
/// # Panics
/// When the lengths disagree.
pub(in crate::product) fn pack_right(rows: &[f32], stride: usize, first: usize, n: usize, panels: &mut [u16]) {
    let source = ColumnsOfRows::new(rows, stride, first, n);
    assert_eq!(panels.len(), padded_columns(n) * padded_depth(source.k), "the panels are of [K, N]");
    dispatch(PackRight { source, panels });
}

/// `rows` [N, K], rounded, as `panels` [padded N / 32][padded depth / 2][32][2] of the right factor [K, N]: a weight
/// [out, in] as PyTorch's Linear has it.
///
/// # Panics
/// When the lengths disagree.
pub(in crate::product) fn pack_right_transposed(rows: &[f32], n: usize, k: usize, panels: &mut [u16]) {
    assert_eq!(rows.len(), n * k, "the rows are [N, K]");
    assert_eq!(panels.len(), padded_columns(n) * padded_depth(k), "the panels are of [K, N]");
    dispatch(PackRightTransposed { rows, n, k, panels });
}

/// Columns `first` .. `first + m` of `rows` [K, `stride`], rounded, as rows `out` [padded m, padded depth] of a left
/// factor, zeros below and behind them: the left factor of a weight's gradient.
///
/// # Panics
/// When the lengths disagree.
pub(in crate::product) fn pack_left_transposed(rows: &[f32], stride: usize, first: usize, m: usize, out: &mut [u16]) {
    let source = ColumnsOfRows::new(rows, stride, first, m);
    assert_eq!(out.len(), padded_rows(m) * padded_depth(source.k), "the result is [M, K]");
    dispatch(PackLeftTransposed { source, out });
}

struct RoundRows<'a> {
    rows: &'a [f32],
    k: usize,
    out: &'a mut [u16],
}

impl WithSimd for RoundRows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { rows, k, out } = self;
        let depth = padded_depth(k);
        assert_eq!(rows.len() * depth, out.len() * k, "the rows are [M, K] and the result [M, depth]");
        if k == 0 {
            return;
        }
        for (row, out) in rows.chunks_exact(k).zip(out.chunks_exact_mut(depth)) {
            let (out, end) = out.split_at_mut(k);
            for (out, value) in out.iter_mut().zip(row) {
                *out = rounded(*value);
            }
            end.fill(0);
        }
    }
}

struct PackRight<'a> {
    source: ColumnsOfRows<'a>,
    panels: &'a mut [u16],
}

impl WithSimd for PackRight<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { source, panels } = self;
        let depth = padded_depth(source.k);
        for step in 0..depth / DEPTH {
            for group in 0..padded_columns(source.columns) / SIDE {
                place(panels, depth, group, step, &source.block(step, group));
            }
        }
    }
}

struct PackRightTransposed<'a> {
    rows: &'a [f32],
    n: usize,
    k: usize,
    panels: &'a mut [u16],
}

impl WithSimd for PackRightTransposed<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { rows, n, k, panels } = self;
        let depth = padded_depth(k);
        for group in 0..padded_columns(n) / SIDE {
            for step in 0..depth / DEPTH {
                let mut block = [[0; SIDE]; SIDE];
                for (i, pairs) in block.iter_mut().enumerate().take(n.saturating_sub(group * SIDE)) {
                    let row = (group * SIDE + i) * k;
                    *pairs = pairs_of_row(&rows[row + step * DEPTH..row + k]);
                }
                place(panels, depth, group, step, &transposed(simd, &block));
            }
        }
    }
}

struct PackLeftTransposed<'a> {
    source: ColumnsOfRows<'a>,
    out: &'a mut [u16],
}

impl WithSimd for PackLeftTransposed<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { source, out } = self;
        let depth = padded_depth(source.k);
        for step in 0..depth / DEPTH {
            for group in 0..padded_rows(source.columns) / SIDE {
                let block = transposed(simd, &source.block(step, group));
                let rows = out[group * SIDE * depth..(group + 1) * SIDE * depth].chunks_exact_mut(depth);
                for (row, pairs) in rows.zip(block) {
                    let numbers: [u16; DEPTH] = cast(pairs);
                    row[step * DEPTH..(step + 1) * DEPTH].copy_from_slice(&numbers);
                }
            }
        }
    }
}

/// Columns `first` .. `first + columns` of rows [K, `stride`].
struct ColumnsOfRows<'a> {
    rows: &'a [f32],
    stride: usize,
    first: usize,
    columns: usize,
    k: usize,
}

impl<'a> ColumnsOfRows<'a> {
    fn new(rows: &'a [f32], stride: usize, first: usize, columns: usize) -> Self {
        assert!(stride > 0 && rows.len().is_multiple_of(stride), "the rows are [K, stride]");
        assert!(first + columns <= stride, "the columns lie within the rows");
        Self { rows, stride, first, columns, k: rows.len() / stride }
    }

    /// Pairs of the rows of this step along K, [16 pairs][16 columns], zeros where there are none.
    #[inline(always)]
    fn block(&self, step: usize, group: usize) -> Block {
        let column = group * SIDE;
        let count = SIDE.min(self.columns.saturating_sub(column));
        let row = |k: usize| -> [f32; SIDE] {
            let mut numbers = [0.0; SIDE];
            if k < self.k {
                let start = k * self.stride + self.first + column.min(self.columns);
                if count == SIDE {
                    numbers.copy_from_slice(&self.rows[start..start + SIDE]);
                } else {
                    numbers[..count].copy_from_slice(&self.rows[start..start + count]);
                }
            }
            numbers
        };
        let mut block = [[0; SIDE]; SIDE];
        for (p, pairs) in block.iter_mut().enumerate() {
            let k = step * DEPTH + 2 * p;
            let (a, b) = (row(k), row(k + 1));
            *pairs = std::array::from_fn(|i| pair(a[i], b[i]).to_bits());
        }
        block
    }
}

/// The pairs of a row's next numbers, zeros behind its end.
#[inline(always)]
fn pairs_of_row(row: &[f32]) -> [u32; SIDE] {
    let mut numbers = [0_u16; DEPTH];
    match row.first_chunk::<DEPTH>() {
        Some(row) => {
            for (number, value) in numbers.iter_mut().zip(row) {
                *number = rounded(*value);
            }
        }
        None => {
            for (number, value) in numbers.iter_mut().zip(row) {
                *number = rounded(*value);
            }
        }
    }
    cast(numbers)
}

/// A block [16 pairs][16 columns] into its place of `panels`: the 16 columns number `group`, the 32 numbers along K
/// number `step`.
#[inline(always)]
fn place(panels: &mut [u16], depth: usize, group: usize, step: usize, block: &Block) {
    const GROUPS: usize = COLUMNS / SIDE;
    let start = group / GROUPS * COLUMNS * depth + step * DEPTH * COLUMNS;
    let rows = panels[start..start + DEPTH * COLUMNS].chunks_exact_mut(2 * COLUMNS);
    for (row, pairs) in rows.zip(block) {
        let numbers: [u16; 2 * SIDE] = cast(*pairs);
        row[group % GROUPS * 2 * SIDE..][..2 * SIDE].copy_from_slice(&numbers);
    }
}

/// Rows become columns.
#[inline(always)]
fn transposed<S: Simd>(simd: S, block: &Block) -> Block {
    let mut across = [[0; SIDE]; SIDE];
    if S::F32_LANES == 1 {
        for (i, row) in block.iter().enumerate() {
            for (across, &pair) in across.iter_mut().zip(row) {
                across[i] = pair;
            }
        }
        return across;
    }
    for first in (0..SIDE).step_by(S::F32_LANES) {
        for h in 0..SIDE / 4 {
            // As in the transpose of attention: four pairs each of rows 0, 4, 8, .. become one vector, of rows 1, 5,
            // 9, .. another, and what is left to do is to transpose within these places.
            let quad = |lane: usize| block[first + lane].as_chunks::<4>().0[h];
            let mut vectors = [simd.splat_f32s(0.0); 4];
            for (r, vector) in vectors.iter_mut().enumerate() {
                *vector = match S::F32_LANES {
                    16 => cast([quad(r), quad(4 + r), quad(8 + r), quad(12 + r)]),
                    _ => cast([quad(r), quad(4 + r)]),
                };
            }
            for (i, vector) in simd.deinterleave_shfl_f32s(vectors).into_iter().enumerate() {
                let pairs = &mut across[4 * h + i][first..];
                match S::F32_LANES {
                    16 => pairs[..16].copy_from_slice(&cast::<S::f32s, [u32; 16]>(vector)),
                    _ => pairs[..8].copy_from_slice(&cast::<S::f32s, [u32; 8]>(vector)),
                }
            }
        }
    }
    across
}

/// `value` rounded to bfloat16.
#[inline(always)]
fn rounded(value: f32) -> u16 {
    (rounded_bits(value) >> 16) as u16
}
