//! Rows that become columns, of which vectors are then read along what was the rows' number.

#![allow(
    unsafe_code,
    reason = "a bounds check for each four numbers costs more than moving them; one check covers all"
)]

use pulp::bytemuck::cast;

use crate::instruction_set::Simd;
use crate::lanes::{LANES, unit};

/// `across` [width][stride] = the first `count` rows of `values`, each `width` numbers and `row_stride` from the one
/// before, transposed; columns up to the next whole [`unit`] are filled with repetitions of the last row. The width is a
/// multiple of [`unit`].
#[inline(always)]
pub(crate) fn transpose<S: Simd>(
    simd: S,
    (values, row_stride): (&[f32], usize),
    count: usize,
    width: usize,
    across: &mut [f32],
    stride: usize,
) {
    let columns = count.next_multiple_of(unit::<S>());
    assert!(count > 0 && (count - 1) * row_stride + width <= values.len(), "rows are [M, width]");
    assert!(columns <= stride && width * stride <= across.len(), "their transpose is [width][stride]");
    for first in (0..columns).step_by(unit::<S>()) {
        let mut offsets = [0; LANES];
        for (lane, offset) in offsets.iter_mut().enumerate() {
            *offset = (first + lane).min(count - 1) * row_stride;
        }
        if S::F32_LANES == 1 {
            for (lane, offset) in offsets.into_iter().enumerate() {
                for (h, value) in values[offset..offset + width].iter().enumerate() {
                    across[h * stride + first + lane] = *value;
                }
            }
            continue;
        }
        let from = values.as_ptr();
        for h in (0..width).step_by(4) {
            // Four numbers each of rows 0, 4, 8, .. become one vector, of rows 1, 5, 9, .. another: what is left to do
            // is to transpose within these places.
            let quad = |lane: usize| {
                // Whole units are told apart so that their offsets need not be looked up.
                let offset = if first + S::F32_LANES <= count { (first + lane) * row_stride } else { offsets[lane] };
                // SAFETY: the offset is that of a row below `count`, of which h .. h + 4 is within the width, a
                // multiple of 4; the rows lie within `values`, as asserted above. Arrays of f32 need no further
                // alignment.
                unsafe { from.add(offset + h).cast::<[f32; 4]>().read() }
            };
            let mut vectors = [simd.splat_f32s(0.0); 4];
            for (r, vector) in vectors.iter_mut().enumerate() {
                *vector = match S::F32_LANES {
                    16 => cast([quad(r), quad(4 + r), quad(8 + r), quad(12 + r)]),
                    _ => cast([quad(r), quad(4 + r)]),
                };
            }
            for (i, vector) in simd.deinterleave_shfl_f32s(vectors).into_iter().enumerate() {
                // SAFETY: row h + i is below the width, and the columns of a unit are below `columns`, so below the
                // stride: all of it lies within `across`, as asserted above. Vectors need no alignment here.
                unsafe { across.as_mut_ptr().add((h + i) * stride + first).cast::<S::f32s>().write_unaligned(vector) }
            }
        }
    }
}
