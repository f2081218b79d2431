//! Gradients of micro-batches added up, measured and scaled, in place.

use rayon::prelude::*;

use crate::arrays::{add, map};
use crate::instruction_set::{Work, widest};
use crate::lanes::LANES;
use crate::profile::{Operation, time};

/// Values that a thread takes at once.
const PIECE: usize = 1 << 14;

/// sum += other; any length, the same for both.
///
/// # Panics
/// When the lengths differ.
pub fn accumulate(sum: &mut [f32], other: &[f32]) {
    assert_eq!(sum.len(), other.len(), "both are of one length");
    sum.par_chunks_mut(PIECE).zip(other.par_chunks(PIECE)).for_each(|(sum, other)| widest(Accumulate { sum, other }));
}

/// values *= factor; any length.
pub fn scale(values: &mut [f32], factor: f64) {
    let factor = factor as f32;
    values.par_chunks_mut(PIECE).for_each(|values| widest(Scale { values, factor }));
}

/// The sum of the squares of all numbers in `arrays`, over all threads, added up in double precision and in a fixed
/// order.
pub fn sum_of_squares(arrays: &[&[f32]]) -> f64 {
    let pieces: Vec<&[f32]> = arrays.iter().flat_map(|values| values.chunks(PIECE)).collect();
    let sums: Vec<f64> = pieces
        .into_par_iter()
        .map(|values| {
            let _timer = time(Operation::Gradients);
            widest(Squares { values })
        })
        .collect();
    sums.iter().sum()
}

struct Accumulate<'a> {
    sum: &'a mut [f32],
    other: &'a [f32],
}

impl Work for Accumulate<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let (sum, last_sum) = self.sum.as_chunks_mut::<LANES>();
        let (other, last_other) = self.other.as_chunks::<LANES>();
        for (sum, other) in sum.iter_mut().zip(other) {
            *sum = add(*sum, *other);
        }
        for (sum, other) in last_sum.iter_mut().zip(last_other) {
            *sum += other;
        }
    }
}

struct Scale<'a> {
    values: &'a mut [f32],
    factor: f32,
}

impl Work for Scale<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let factor = self.factor;
        let (values, last_values) = self.values.as_chunks_mut::<LANES>();
        for values in values {
            *values = map(*values, |value| value * factor);
        }
        for value in last_values {
            *value *= factor;
        }
    }
}

struct Squares<'a> {
    values: &'a [f32],
}

impl Work for Squares<'_> {
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        let (values, last_values) = self.values.as_chunks::<LANES>();
        let mut sums = [0.0f64; LANES];
        for values in values {
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += f64::from(*value) * f64::from(*value);
            }
        }
        let square = |value: &f32| f64::from(*value) * f64::from(*value);
        sums.iter().sum::<f64>() + last_values.iter().map(square).sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTHS: [usize; 8] = [0, 1, 15, 16, 17, PIECE, PIECE + 1, 3 * PIECE + 5];

    fn values(n: usize) -> Vec<f32> {
        (0..n).map(|i| (i * i % 101) as f32 * 0.01 - 0.5).collect()
    }

    #[test]
    fn sums_and_multiples_are_those_of_each_entry() {
        for n in LENGTHS {
            let mut sum = values(n);
            accumulate(&mut sum, &vec![0.25; n]);
            assert!(sum.iter().zip(values(n)).all(|(sum, value)| *sum == value + 0.25), "{n}");
            scale(&mut sum, 0.5);
            assert!(sum.iter().zip(values(n)).all(|(sum, value)| *sum == (value + 0.25) * 0.5), "{n}");
        }
    }

    #[test]
    fn squares_are_added_in_double_precision() {
        for n in LENGTHS {
            let expected: f64 = values(n).iter().map(|&value| f64::from(value).powi(2)).sum();
            let found = sum_of_squares(&[&values(n)]);
            assert!((found - expected).abs() <= 1e-12 * expected, "{n}: {found}, not {expected}");
        }
        // In single precision the small entries would be lost beside the large one; in double precision an addition to
        // a million rounds by at most 2^-34, and the large entry's lane takes a thousand of them.
        let mut values = vec![1e-4; 4 * PIECE];
        values[0] = 1e3;
        let small = (4 * PIECE - 1) as f64 * f64::from(1e-4f32).powi(2);
        assert!((sum_of_squares(&[&values[..PIECE], &values[PIECE..]]) - 1e6 - small).abs() < 1e-7);
    }
}
