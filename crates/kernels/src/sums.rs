//! Sums over the rows of a matrix: the gradient of a bias.

use rayon::prelude::*;

use crate::instruction_set::{InstructionSet, Simd, WithSimd, dispatch_to};
use crate::pool::Buffer;

/// Vectors of one row that are summed in registers while all rows pass by.
const VECTORS: usize = 8;
/// Rows that a thread sums at once.
const PIECE: usize = 512;

/// `columns` `[D]` += the sum over the rows of `x` [R, D], on the calling thread, row by row.
///
/// # Panics
/// When D does not divide the length of `x`, or is 0 where `x` is not empty.
pub fn add_column_sums(x: &[f32], columns: &mut [f32]) {
    add_column_sums_on(InstructionSet::current(), x, columns);
}

/// The sum over the rows of `x` [R, `width`], over all threads: pieces of rows, and these in order.
///
/// # Panics
/// When `width` is 0 or does not divide the length of `x`.
pub fn column_sums(x: &[f32], width: usize) -> Buffer {
    assert!(width > 0, "x is [R, D]");
    let sum = |x: &[f32]| {
        let mut columns = Buffer::zeros(width);
        add_column_sums(x, &mut columns);
        columns
    };
    let pieces: Vec<Buffer> = x.par_chunks(PIECE * width).map(sum).collect();
    sum_in_order(pieces, width)
}

/// The sum of arrays of `length` numbers, one added after the other; zeros of none.
pub(crate) fn sum_in_order(arrays: Vec<Buffer>, length: usize) -> Buffer {
    let plus = |mut sum: Buffer, other: Buffer| {
        add(&mut sum, &other);
        sum
    };
    arrays.into_iter().reduce(plus).unwrap_or_else(|| Buffer::zeros(length))
}

/// sum += other on the calling thread; both of one length.
pub(crate) fn add(sum: &mut [f32], other: &[f32]) {
    sum.iter_mut().zip(other).for_each(|(sum, other)| *sum += other);
}

fn add_column_sums_on(set: InstructionSet, x: &[f32], columns: &mut [f32]) {
    assert!(x.is_empty() || !columns.is_empty() && x.len().is_multiple_of(columns.len()), "x is [R, D]");
    dispatch_to(set, AddColumns { x, columns });
}

struct AddColumns<'a> {
    x: &'a [f32],
    columns: &'a mut [f32],
}

impl WithSimd for AddColumns<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let width = self.columns.len();
        let block = VECTORS * S::F32_LANES;
        let whole = width - width % block;
        for first in (0..whole).step_by(block) {
            let mut sums = [simd.splat_f32s(0.0); VECTORS];
            for row in self.x.chunks_exact(width) {
                let (row, _) = S::as_simd_f32s(&row[first..first + block]);
                for (sum, x) in sums.iter_mut().zip(row) {
                    *sum = simd.add_f32s(*sum, *x);
                }
            }
            let (columns, _) = S::as_mut_simd_f32s(&mut self.columns[first..first + block]);
            for (column, sum) in columns.iter_mut().zip(sums) {
                *column = simd.add_f32s(*column, sum);
            }
        }
        for first in (whole..width).step_by(S::F32_LANES) {
            let last = (first + S::F32_LANES).min(width);
            let mut sum = simd.splat_f32s(0.0);
            for row in self.x.chunks_exact(width) {
                sum = simd.add_f32s(sum, simd.partial_load_f32s(&row[first..last]));
            }
            let columns = &mut self.columns[first..last];
            let sum = simd.add_f32s(simd.partial_load_f32s(columns), sum);
            simd.partial_store_f32s(columns, sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_over_rows_are_added_to_what_stands_there_at_any_width() {
        for set in InstructionSet::present() {
            for width in (1..70).chain([128, 192, 200, 512]) {
                for rows in [0, 1, 5] {
                    // Small integers: every sum is exact.
                    let x: Vec<f32> = (0..rows * width).map(|i| (i * 7 % 23) as f32 - 11.0).collect();
                    let mut columns: Vec<f32> = (0..width).map(|i| i as f32).collect();
                    add_column_sums_on(set, &x, &mut columns);
                    for (i, column) in columns.iter().enumerate() {
                        let want = i as f32 + (0..rows).map(|row| x[row * width + i]).sum::<f32>();
                        assert_eq!(*column, want, "{set}: column {i} of {rows} x {width}");
                    }
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "x is [R, D]")]
    fn rows_of_another_width_are_refused() {
        add_column_sums(&[0.0; 7], &mut [0.0; 3]);
    }
}
