//! The tiles of a product, each summed in registers. The one file of the products that reads through pointers.

#![allow(
    unsafe_code,
    reason = "bounds checks in the innermost loop cost a third of the speed; `check` makes them once"
)]

use super::epilogue::Epilogue;
use super::multiply_add::{MultiplyAdd, OfF32};
use super::prefetch::Prefetch;
use crate::instruction_set::{Simd, WithSimd};

/// A left factor [M, K].
#[derive(Clone, Copy)]
pub(super) enum Left<'a> {
    /// Rows `stride` apart: element (i, k) is number i * stride + k.
    Rows { values: &'a [f32], stride: usize },
    /// Packed tiles [ceil(M / rows)][K][rows of a tile], padded.
    Tiles(&'a [f32]),
}

/// A product to be made on the calling thread.
pub(super) struct Product<'a, 'b> {
    pub left: Left<'a>,
    /// [K, N] in panels [ceil(N / columns)][K][columns of a tile], padded.
    pub right: &'a [f32],
    pub m: usize,
    pub k: usize,
    pub n: usize,
    pub out: Out<'a, 'b>,
    /// The result's columns are `first` .. `first + N` of those rows.
    pub first: usize,
    pub epilogue: Epilogue<'a>,
    /// What the next product reads.
    pub prefetch: Option<&'a mut Prefetch<'b>>,
}

/// Where the result goes.
pub(super) enum Out<'a, 'b> {
    /// [M, N], one row after the other.
    Flat(&'a mut [f32]),
    /// M rows that lie anywhere.
    Rows(&'a mut [&'b mut [f32]]),
}

impl WithSimd for Product<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // SAFETY: f32 need no instruction but those of the set.
        unsafe { self.of::<S, OfF32>(simd) };
    }
}

impl Product<'_, '_> {
    /// The product of elements of the kind `A`.
    ///
    /// # Safety
    /// As [`MultiplyAdd::multiply_add`] of `A`.
    #[inline(always)]
    pub unsafe fn of<S: Simd, A: MultiplyAdd>(self, simd: S) {
        // SAFETY: the caller's promise, all the way down. Tiles as `shape` has them.
        unsafe {
            match S::F32_LANES {
                16 => self.panels::<S, A, 8, 3>(simd),
                8 => self.panels::<S, A, 6, 2>(simd),
                _ => self.panels::<S, A, 2, 16>(simd),
            }
        }
    }

    /// # Safety
    /// As [`of`](Self::of); so are the two below.
    #[inline(always)]
    unsafe fn panels<S: Simd, A: MultiplyAdd, const ROWS: usize, const VECTORS: usize>(mut self, simd: S) {
        let width = VECTORS * S::F32_LANES;
        self.check(ROWS, width);
        for panel in 0..self.n.div_ceil(width) {
            let column = panel * width;
            let columns = width.min(self.n - column);
            // Where vectors are single numbers, a part of a panel is not worth a tile of its own.
            // SAFETY: the caller's promise.
            unsafe {
                match if S::F32_LANES == 1 { VECTORS } else { columns.div_ceil(S::F32_LANES) } {
                    1 => self.rows::<S, A, ROWS, VECTORS, 1>(simd, column, columns),
                    2 => self.rows::<S, A, ROWS, VECTORS, 2>(simd, column, columns),
                    _ => self.rows::<S, A, ROWS, VECTORS, VECTORS>(simd, column, columns),
                }
            }
        }
    }

    /// Asserts that every number that a tile reads or writes lies within its slice.
    #[inline(always)]
    fn check(&self, rows: usize, width: usize) {
        let &Self { m, k, n, first, .. } = self;
        let fits = match &self.out {
            Out::Flat(out) => first == 0 && out.len() == m * n,
            // Their lengths are checked when they are written.
            Out::Rows(rows) => rows.len() == m,
        };
        assert!(m > 0 && n > 0 && fits, "the result is [M, N]");
        match self.epilogue {
            Epilogue::Bias(bias) => assert_eq!(bias.len(), n, "the bias is [N]"),
            Epilogue::BiasAndResidual(bias, added) => {
                assert!(bias.len() == n && added.len() == m * n && first == 0, "[N] and [M, N] are added");
            }
            Epilogue::Plain | Epilogue::Accumulate => {}
        }
        let left = match self.left {
            Left::Rows { values, stride } => k == 0 || (m - 1) * stride + k <= values.len(),
            Left::Tiles(values) => m.div_ceil(rows) * rows * k <= values.len(),
        };
        assert!(left, "the left factor is [M, K]");
        assert!(n.div_ceil(width) * width * k <= self.right.len(), "the right factor is [K, N] in panels");
    }

    /// All tiles of one panel, top to bottom; what is left over at the bottom in smaller tiles, or, where the left
    /// factor is padded, in a whole one of which only a part is written.
    #[inline(always)]
    unsafe fn rows<S: Simd, A: MultiplyAdd, const ROWS: usize, const PANEL: usize, const VECTORS: usize>(
        &mut self,
        simd: S,
        column: usize,
        columns: usize,
    ) {
        let padded = matches!(self.left, Left::Tiles(_));
        let mut row = 0;
        while row + ROWS <= self.m || (padded && row < self.m) {
            if let Some(prefetch) = &mut self.prefetch {
                prefetch.next_step();
            }
            // SAFETY: the caller's promise.
            unsafe { self.tile::<S, A, ROWS, PANEL, VECTORS>(simd, row, column, columns) };
            row += ROWS;
        }
        while row + 4 <= self.m {
            // SAFETY: the caller's promise.
            unsafe { self.tile::<S, A, 4, PANEL, VECTORS>(simd, row, column, columns) };
            row += 4;
        }
        while row + 2 <= self.m {
            // SAFETY: the caller's promise.
            unsafe { self.tile::<S, A, 2, PANEL, VECTORS>(simd, row, column, columns) };
            row += 2;
        }
        if row < self.m {
            // SAFETY: the caller's promise.
            unsafe { self.tile::<S, A, 1, PANEL, VECTORS>(simd, row, column, columns) };
        }
    }

    #[inline(always)]
    unsafe fn tile<S: Simd, A: MultiplyAdd, const ROWS: usize, const PANEL: usize, const VECTORS: usize>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        columns: usize,
    ) {
        // SAFETY: `check` has shown that the panels are as long as K and N say, and that every row of the left factor
        // below M, or every padded tile, lies within its slice; `rows` asks for no others.
        let sums = unsafe {
            let right = self.right.as_ptr().add(column * self.k);
            match self.left {
                Left::Rows { values, stride } => {
                    let left = values.as_ptr().add(row * stride);
                    sums::<S, A, ROWS, PANEL, VECTORS>(simd, self.k, |i, k| *left.add(i * stride + k), right)
                }
                Left::Tiles(values) => {
                    let left = values.as_ptr().add(row * self.k);
                    sums::<S, A, ROWS, PANEL, VECTORS>(simd, self.k, |i, k| *left.add(k * ROWS + i), right)
                }
            }
        };
        if columns == VECTORS * S::F32_LANES && row + ROWS <= self.m {
            self.write_whole::<S, ROWS, VECTORS>(simd, row, column, sums);
        } else {
            self.write_part::<S, ROWS, VECTORS>(simd, row, column..column + columns, sums);
        }
    }

    /// The end of a tile of which every number counts: from registers straight to the result.
    #[inline(always)]
    fn write_whole<S: Simd, const ROWS: usize, const VECTORS: usize>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        sums: [[S::f32s; VECTORS]; ROWS],
    ) {
        let width = VECTORS * S::F32_LANES;
        match self.epilogue {
            Epilogue::Plain => {
                for (i, sums) in sums.into_iter().enumerate() {
                    // SAFETY: `row_of_out` gives as many numbers as are written.
                    unsafe { write::<S, VECTORS>(self.row_of_out(row + i, column, width).as_mut_ptr(), sums) };
                }
            }
            Epilogue::Bias(bias) => {
                // SAFETY: the slices are as long as what is read and written.
                unsafe {
                    let bias = read::<S, VECTORS>(simd, bias[column..column + width].as_ptr());
                    for (i, sums) in sums.into_iter().enumerate() {
                        let out = self.row_of_out(row + i, column, width).as_mut_ptr();
                        write::<S, VECTORS>(out, add::<S, VECTORS>(simd, sums, bias));
                    }
                }
            }
            Epilogue::BiasAndResidual(bias, residual) => {
                // SAFETY: as above.
                unsafe {
                    let bias = read::<S, VECTORS>(simd, bias[column..column + width].as_ptr());
                    for (i, sums) in sums.into_iter().enumerate() {
                        let residual = &residual[(row + i) * self.n + column..][..width];
                        let residual = read::<S, VECTORS>(simd, residual.as_ptr());
                        let out = self.row_of_out(row + i, column, width).as_mut_ptr();
                        let with_bias = add::<S, VECTORS>(simd, sums, bias);
                        write::<S, VECTORS>(out, add::<S, VECTORS>(simd, with_bias, residual));
                    }
                }
            }
            Epilogue::Accumulate => {
                for (i, sums) in sums.into_iter().enumerate() {
                    // SAFETY: as above.
                    unsafe {
                        let out = self.row_of_out(row + i, column, width).as_mut_ptr();
                        let old = read::<S, VECTORS>(simd, out);
                        write::<S, VECTORS>(out, add::<S, VECTORS>(simd, old, sums));
                    }
                }
            }
        }
    }

    /// `width` numbers of row `row` of the result from `column` on.
    #[inline(always)]
    fn row_of_out(&mut self, row: usize, column: usize, width: usize) -> &mut [f32] {
        let out = match &mut self.out {
            Out::Flat(out) => &mut out[row * self.n..(row + 1) * self.n],
            Out::Rows(rows) => &mut rows[row][self.first..self.first + self.n],
        };
        &mut out[column..column + width]
    }

    /// The end of a tile that reaches beyond the last row or column.
    #[inline(always)]
    fn write_part<S: Simd, const ROWS: usize, const VECTORS: usize>(
        &mut self,
        simd: S,
        row: usize,
        columns: std::ops::Range<usize>,
        sums: [[S::f32s; VECTORS]; ROWS],
    ) {
        let rows = ROWS.min(self.m - row);
        for (i, sums) in sums.iter().take(rows).enumerate() {
            let epilogue = self.epilogue;
            let n = self.n;
            let out = self.row_of_out(row + i, columns.start, columns.len());
            let (whole, end) = S::as_mut_simd_f32s(out);
            let bias = match epilogue {
                Epilogue::Bias(bias) | Epilogue::BiasAndResidual(bias, _) => Some(&bias[columns.clone()]),
                Epilogue::Plain | Epilogue::Accumulate => None,
            };
            let residual = match epilogue {
                Epilogue::BiasAndResidual(_, residual) => {
                    Some(&residual[(row + i) * n + columns.start..(row + i) * n + columns.end])
                }
                _ => None,
            };
            let adds_up = matches!(epilogue, Epilogue::Accumulate);
            let lanes = S::F32_LANES;
            let of = |values: Option<&[f32]>, v: usize, width: usize| {
                values.map(|values| simd.partial_load_f32s(&values[v * lanes..v * lanes + width]))
            };
            for (v, out) in whole.iter_mut().enumerate() {
                let mut sum = sums[v];
                if adds_up {
                    sum = simd.add_f32s(*out, sum);
                }
                for added in [of(bias, v, lanes), of(residual, v, lanes)].into_iter().flatten() {
                    sum = simd.add_f32s(sum, added);
                }
                *out = sum;
            }
            if !end.is_empty() {
                let (v, width) = (whole.len(), end.len());
                let mut sum = sums[v];
                if adds_up {
                    sum = simd.add_f32s(simd.partial_load_f32s(end), sum);
                }
                for added in [of(bias, v, width), of(residual, v, width)].into_iter().flatten() {
                    sum = simd.add_f32s(sum, added);
                }
                simd.partial_store_f32s(end, sum);
            }
        }
    }
}

/// `VECTORS` vectors from `from` on, which need not be aligned.
///
/// # Safety
/// They must be readable.
#[inline(always)]
unsafe fn read<S: Simd, const VECTORS: usize>(simd: S, from: *const f32) -> [S::f32s; VECTORS] {
    let mut vectors = [simd.splat_f32s(0.0); VECTORS];
    for (v, vector) in vectors.iter_mut().enumerate() {
        // SAFETY: as the caller promises.
        *vector = unsafe { from.add(v * S::F32_LANES).cast::<S::f32s>().read_unaligned() };
    }
    vectors
}

/// Writes `vectors` from `to` on, which need not be aligned.
///
/// # Safety
/// They must be writable.
#[inline(always)]
unsafe fn write<S: Simd, const VECTORS: usize>(to: *mut f32, vectors: [S::f32s; VECTORS]) {
    for (v, vector) in vectors.into_iter().enumerate() {
        // SAFETY: as the caller promises.
        unsafe { to.add(v * S::F32_LANES).cast::<S::f32s>().write_unaligned(vector) };
    }
}

#[inline(always)]
fn add<S: Simd, const VECTORS: usize>(
    simd: S,
    mut left: [S::f32s; VECTORS],
    right: [S::f32s; VECTORS],
) -> [S::f32s; VECTORS] {
    for (left, right) in left.iter_mut().zip(right) {
        *left = simd.add_f32s(*left, right);
    }
    left
}

/// The sums of one tile over `depth` steps; `left` gives element (i, k). Panels are PANEL vectors wide, of which the
/// first VECTORS are summed.
///
/// # Safety
/// `left` must be readable for all i < ROWS and k < `depth`, and `right` must have `depth` rows of PANEL vectors; `A` as
/// [`MultiplyAdd::multiply_add`] says.
#[inline(always)]
unsafe fn sums<S: Simd, A: MultiplyAdd, const ROWS: usize, const PANEL: usize, const VECTORS: usize>(
    simd: S,
    depth: usize,
    left: impl Fn(usize, usize) -> f32,
    right: *const f32,
) -> [[S::f32s; VECTORS]; ROWS] {
    let right = right.cast::<S::f32s>();
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
    for k in 0..depth {
        // SAFETY: the caller promises that the row is there; vectors need no alignment here.
        let right: [S::f32s; VECTORS] = std::array::from_fn(|v| unsafe { right.add(k * PANEL + v).read_unaligned() });
        for (i, sums) in sums.iter_mut().enumerate() {
            let factor = simd.splat_f32s(left(i, k));
            for (sum, right) in sums.iter_mut().zip(right) {
                // SAFETY: the caller's promise.
                *sum = unsafe { A::multiply_add(simd, factor, right, *sum) };
            }
        }
    }
    sums
}
