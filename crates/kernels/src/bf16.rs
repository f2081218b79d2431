//! Numbers of bfloat16: the upper half of an f32.
//!
//! Two of them fill a place of 32 bits. A product adds up along K, so the two numbers of a place follow each other
//! there: neighbours in a row of a left factor, in a column of a right one. Apart from its innermost step, a product of
//! such pairs is then one of f32 with half the depth, and everything around it (panels, tiles, packing) is the same.

use crate::instruction_set::{Work, widest};
use crate::pool::Buffer;

/// `value` rounded to bfloat16, to the nearest, ties to even, as an f32. NaN stays NaN.
#[inline(always)]
fn rounded(value: f32) -> f32 {
    f32::from_bits(rounded_bits(value) & 0xffff_0000)
}

/// The bits of `value` rounded to bfloat16 in the upper half; the lower half is any.
#[inline(always)]
pub(crate) fn rounded_bits(value: f32) -> u32 {
    let bits = value.to_bits();
    let nearest = bits.wrapping_add(0x7fff + (bits >> 16 & 1));
    if value.is_nan() { bits | 0x0040_0000 } else { nearest }
}

/// Two numbers in one place, the one that comes first along K in the lower half.
#[inline(always)]
pub(crate) fn pair(first: f32, second: f32) -> f32 {
    f32::from_bits(rounded_bits(first) >> 16 | rounded_bits(second) & 0xffff_0000)
}

/// All `values`, rounded to bfloat16, as f32.
pub(crate) fn rounded_copy(values: &[f32]) -> Buffer {
    let mut copy = Buffer::uninitialised(values.len());
    widest(Round { values, copy: &mut copy });
    copy
}

/// Neighbours in each row of `values` [R, `width`] as pairs [R, ceil(`width` / 2)]; beside the last of an odd row stands
/// a zero.
pub(crate) fn pairs_in_rows(values: &[f32], width: usize) -> Buffer {
    let rows = values.len().checked_div(width).unwrap_or(0);
    let mut pairs = Buffer::uninitialised(rows * width.div_ceil(2));
    widest(PairsInRows { values, width, pairs: &mut pairs });
    pairs
}

/// Numbers below each other in two rows of `values` [R, `width`] as pairs [ceil(R / 2), `width`]; below the last of odd
/// rows stand zeros.
pub(crate) fn pairs_of_rows(values: &[f32], width: usize) -> Buffer {
    let rows = values.len().checked_div(width).unwrap_or(0);
    let mut pairs = Buffer::uninitialised(rows.div_ceil(2) * width);
    widest(PairsOfRows { values, width, pairs: &mut pairs });
    pairs
}

struct Round<'a> {
    values: &'a [f32],
    copy: &'a mut [f32],
}

impl Work for Round<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (copy, &value) in self.copy.iter_mut().zip(self.values) {
            *copy = rounded(value);
        }
    }
}

struct PairsInRows<'a> {
    values: &'a [f32],
    width: usize,
    pairs: &'a mut [f32],
}

impl Work for PairsInRows<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { values, width, pairs } = self;
        // Rows of even width follow each other without a gap.
        let (width, rows) = if width.is_multiple_of(2) { (values.len(), 1) } else { (width, usize::MAX) };
        if width == 0 {
            return;
        }
        for (row, pairs) in values.chunks_exact(width).zip(pairs.chunks_exact_mut(width.div_ceil(2))).take(rows) {
            let (whole, last) = row.as_chunks::<2>();
            for (place, &[first, second]) in pairs.iter_mut().zip(whole) {
                *place = pair(first, second);
            }
            if let &[last] = last {
                pairs[whole.len()] = pair(last, 0.0);
            }
        }
    }
}

struct PairsOfRows<'a> {
    values: &'a [f32],
    width: usize,
    pairs: &'a mut [f32],
}

impl Work for PairsOfRows<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { values, width, pairs } = self;
        if width == 0 {
            return;
        }
        for (rows, pairs) in values.chunks(2 * width).zip(pairs.chunks_exact_mut(width)) {
            let (first, second) = rows.split_at(width);
            if second.is_empty() {
                pairs.iter_mut().zip(first).for_each(|(place, &first)| *place = pair(first, 0.0));
            } else {
                for ((place, &first), &second) in pairs.iter_mut().zip(first).zip(second) {
                    *place = pair(first, second);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bfloat16 nearest to `value`, found by looking at both neighbours in f64.
    fn nearest(value: f32) -> f32 {
        let below = f32::from_bits(value.to_bits() & 0xffff_0000);
        let above = f32::from_bits(below.to_bits().wrapping_add(0x1_0000));
        // Beyond the largest bfloat16 lies what would be the next power of two.
        let size = |number: f32| if number.is_infinite() { 2f64.powi(128) } else { f64::from(number).abs() };
        let (to_below, to_above) = (f64::from(value).abs() - size(below), size(above) - f64::from(value).abs());
        let is_even = (below.to_bits() >> 16).is_multiple_of(2);
        if to_below < to_above || (to_below == to_above && is_even) { below } else { above }
    }

    #[test]
    fn numbers_are_rounded_to_the_nearest_and_ties_to_even() {
        let numbers = (0..200_000u32).map(|i| f32::from_bits(i.wrapping_mul(2_654_435_761)));
        let ties = (0..1000u32).map(|i| f32::from_bits(0x3f80_8000 + (i << 16)));
        for number in numbers.chain(ties).chain([0.0, -0.0, f32::MAX, -f32::MAX, 1e-45]).filter(|x| x.is_finite()) {
            assert_eq!(rounded(number).to_bits(), nearest(number).to_bits(), "{number:e}");
        }
        assert_eq!(rounded(f32::INFINITY), f32::INFINITY);
        assert!(rounded(f32::from_bits(0x7f80_0001)).is_nan(), "a NaN of low bits alone stays one");
    }

    #[test]
    fn pairs_follow_each_other_along_a_row_or_a_column_and_end_with_zeros() {
        let halves = |place: f32| {
            let bits = place.to_bits();
            [f32::from_bits(bits << 16), f32::from_bits(bits & 0xffff_0000)]
        };
        let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
        let of = |pairs: Buffer| pairs.iter().map(|&place| halves(place)).collect::<Vec<_>>();
        assert_eq!(
            of(pairs_in_rows(&values, 3)),
            [[1.0, 2.0], [3.0, 0.0], [4.0, 5.0], [6.0, 0.0], [7.0, 8.0], [9.0, 0.0]]
        );
        assert_eq!(
            of(pairs_of_rows(&values, 3)),
            [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0], [7.0, 0.0], [8.0, 0.0], [9.0, 0.0]]
        );
        assert_eq!(of(pairs_in_rows(&values[..8], 4)), [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]);
        assert_eq!(of(pairs_in_rows(&[], 0)), [[0.0; 2]; 0]);
    }
}
