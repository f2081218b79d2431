//! The small products of an attention: tiles summed in registers. The one file of it that reads through pointers.
//!
//! All four kinds have one form: out [M, N] = left [M, K] times right [K, N], the left factor read through two strides
//! (so a transposed one needs no copy), the right one in rows. A tile is as many rows and vectors as the registers
//! hold; M is cut evenly, since a thin last tile would wait for its few sums.

#![allow(
    unsafe_code,
    reason = "bounds checks in the innermost loop cost a third of the speed; `check` makes them once"
)]

use crate::instruction_set::{Simd, WithSimd};
use crate::lanes::{LANES, unit};

/// A left factor [M, K]: element (i, k) is number i * row + k * column.
#[derive(Clone, Copy)]
pub(super) struct StridedFactor<'a> {
    pub values: &'a [f32],
    pub row: usize,
    pub column: usize,
}

/// Rows of numbers, each `stride` after the one before.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub values: &'a [f32],
    pub stride: usize,
}

/// What is done with a finished row of a tile while it is still in registers.
pub(super) enum HeadEpilogue<'a> {
    /// It is the result, times the number of its row.
    Times(&'a [f32]),
    /// It is the result; the largest of each column is gathered here.
    Largest(&'a mut [f32]),
    /// It is the result; its products with these rows [M, N], as far apart as those of the result, are added up by
    /// column.
    Inner(&'a [f32], &'a mut [f32]),
}

/// out [M, N] = left [M, K] times right [K, N], where N is a multiple of [`unit`].
pub(super) struct HeadProduct<'a> {
    pub left: StridedFactor<'a>,
    pub right: Rows<'a>,
    pub m: usize,
    pub k: usize,
    pub n: usize,
    pub epilogue: HeadEpilogue<'a>,
    pub out: &'a mut [f32],
    /// From one row of the result to the next.
    pub stride: usize,
}

impl WithSimd for HeadProduct<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        self.check::<S>();
        let units = self.n / unit::<S>();
        let mut done = 0;
        while done < units {
            let first = done * unit::<S>();
            // Rows and vectors of a tile.
            done += match (S::F32_LANES, units - done) {
                (16, 1) => self.panel::<S, 9, 1>(simd, first),
                (16, 2) => self.panel::<S, 9, 2>(simd, first),
                (16, 3 | 5) => self.panel::<S, 8, 3>(simd, first),
                (16, _) => self.panel::<S, 6, 4>(simd, first),
                (8, 1) => self.panel::<S, 9, 1>(simd, first),
                (8, _) => self.panel::<S, 6, 2>(simd, first),
                _ => self.panel::<S, 2, LANES>(simd, first),
            };
        }
    }
}

impl HeadProduct<'_> {
    /// Asserts that every index that a tile reads is within its slice.
    #[inline(always)]
    fn check<S: Simd>(&self) {
        let &Self { m, k, n, stride, .. } = self;
        assert!(m > 0 && k > 0 && n.is_multiple_of(unit::<S>()) && n <= stride, "columns are whole units");
        assert!((m - 1) * self.left.row + (k - 1) * self.left.column < self.left.values.len(), "the left factor");
        assert!((k - 1) * self.right.stride + n <= self.right.values.len(), "the right factor");
        let results = (m - 1) * stride + n;
        assert!(results <= self.out.len(), "the result");
        match &self.epilogue {
            HeadEpilogue::Times(factors) => assert!(m <= factors.len(), "a factor for each row"),
            HeadEpilogue::Largest(largest) => assert!(n <= largest.len(), "a number for each column"),
            HeadEpilogue::Inner(rows, sums) => {
                assert!(results <= rows.len() && n <= sums.len(), "as many as the result, a sum for each column");
            }
        }
    }

    /// All tiles of `VECTORS` vectors of columns; returns how many units that is.
    #[inline(always)]
    fn panel<S: Simd, const ROWS: usize, const VECTORS: usize>(&mut self, simd: S, first: usize) -> usize {
        let tiles = self.m.div_ceil(ROWS);
        let (fewer, with_one_more) = (self.m / tiles, self.m % tiles);
        let mut row = 0;
        for tile in 0..tiles {
            let rows = fewer + usize::from(tile < with_one_more);
            match rows {
                1 => self.tile::<S, 1, VECTORS>(simd, row, first),
                2 => self.tile::<S, 2, VECTORS>(simd, row, first),
                3 if ROWS >= 3 => self.tile::<S, 3, VECTORS>(simd, row, first),
                4 if ROWS >= 4 => self.tile::<S, 4, VECTORS>(simd, row, first),
                5 if ROWS >= 5 => self.tile::<S, 5, VECTORS>(simd, row, first),
                6 if ROWS >= 6 => self.tile::<S, 6, VECTORS>(simd, row, first),
                7 if ROWS >= 7 => self.tile::<S, 7, VECTORS>(simd, row, first),
                8 if ROWS >= 8 => self.tile::<S, 8, VECTORS>(simd, row, first),
                9 if ROWS >= 9 => self.tile::<S, 9, VECTORS>(simd, row, first),
                _ => unreachable!("a tile has at most {ROWS} rows"),
            }
            row += rows;
        }
        VECTORS * S::F32_LANES / unit::<S>()
    }

    #[inline(always)]
    fn tile<S: Simd, const ROWS: usize, const VECTORS: usize>(&mut self, simd: S, row: usize, first: usize) {
        let (left, right) = (self.left, self.right);
        // SAFETY: `check` has shown that all M rows of the left factor and all K rows of the right one, up to column N,
        // lie within their slices; `panel` asks for no others.
        let sums = unsafe {
            let left = Source { from: left.values.as_ptr().add(row * left.row), row: left.row, column: left.column };
            sums::<S, ROWS, VECTORS>(simd, left, right.values.as_ptr().add(first), right.stride, self.k)
        };
        let place = row * self.stride + first;
        // SAFETY: `check` has shown that the result, and what is as large, holds M rows up to column N, `stride` apart,
        // and that there is a factor for each row and a number for each column.
        unsafe {
            let out = self.out.as_mut_ptr().add(place);
            match &mut self.epilogue {
                HeadEpilogue::Times(factors) => {
                    for (i, sums) in sums.into_iter().enumerate() {
                        let factor = simd.splat_f32s(*factors.as_ptr().add(row + i));
                        for (v, sum) in sums.into_iter().enumerate() {
                            write::<S>(out.add(i * self.stride), v, simd.mul_f32s(sum, factor));
                        }
                    }
                }
                HeadEpilogue::Largest(largest) => {
                    let largest = largest.as_mut_ptr().add(first);
                    let mut most = row_of::<S, VECTORS>(simd, largest);
                    for (i, sums) in sums.into_iter().enumerate() {
                        for (v, (sum, most)) in sums.into_iter().zip(&mut most).enumerate() {
                            write::<S>(out.add(i * self.stride), v, sum);
                            *most = simd.max_f32s(*most, sum);
                        }
                    }
                    for (v, most) in most.into_iter().enumerate() {
                        write::<S>(largest, v, most);
                    }
                }
                HeadEpilogue::Inner(rows, inner) => {
                    let (rows, inner) = (rows.as_ptr().add(place), inner.as_mut_ptr().add(first));
                    let mut totals = row_of::<S, VECTORS>(simd, inner);
                    for (i, sums) in sums.into_iter().enumerate() {
                        let factors = row_of::<S, VECTORS>(simd, rows.add(i * self.stride));
                        for (v, ((sum, factor), total)) in sums.into_iter().zip(factors).zip(&mut totals).enumerate() {
                            write::<S>(out.add(i * self.stride), v, sum);
                            *total = simd.mul_add_e_f32s(factor, sum, *total);
                        }
                    }
                    for (v, total) in totals.into_iter().enumerate() {
                        write::<S>(inner, v, total);
                    }
                }
            }
        }
    }
}

/// `VECTORS` vectors from `from` on, which need not be aligned.
///
/// # Safety
/// They must be readable.
#[inline(always)]
unsafe fn row_of<S: Simd, const VECTORS: usize>(simd: S, from: *const f32) -> [S::f32s; VECTORS] {
    let mut vectors = [simd.splat_f32s(0.0); VECTORS];
    for (v, vector) in vectors.iter_mut().enumerate() {
        // SAFETY: as the caller promises.
        *vector = unsafe { from.add(v * S::F32_LANES).cast::<S::f32s>().read_unaligned() };
    }
    vectors
}

/// Writes vector `v` from `to` on, which need not be aligned.
///
/// # Safety
/// It must be writable.
#[inline(always)]
unsafe fn write<S: Simd>(to: *mut f32, v: usize, vector: S::f32s) {
    // SAFETY: as the caller promises.
    unsafe { to.add(v * S::F32_LANES).cast::<S::f32s>().write_unaligned(vector) }
}

/// Where a tile reads its left factor: element (i, k) is i * row + k * column numbers after `from`.
#[derive(Clone, Copy)]
struct Source {
    from: *const f32,
    row: usize,
    column: usize,
}

/// The sums of one tile.
///
/// # Safety
/// `left` must be readable at all i < ROWS, k < `k`, and `right` at k * stride + j for all j < VECTORS vectors.
#[inline(always)]
unsafe fn sums<S: Simd, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    left: Source,
    right: *const f32,
    stride: usize,
    k: usize,
) -> [[S::f32s; VECTORS]; ROWS] {
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
    for k in 0..k {
        // SAFETY: the caller promises that these are readable.
        unsafe {
            let of_row = row_of::<S, VECTORS>(simd, right.add(k * stride));
            for (i, sums) in sums.iter_mut().enumerate() {
                let factor = simd.splat_f32s(*left.from.add(i * left.row + k * left.column));
                for (sum, right) in sums.iter_mut().zip(of_row) {
                    *sum = simd.mul_add_e_f32s(factor, right, *sum);
                }
            }
        }
    }
    sums
}
