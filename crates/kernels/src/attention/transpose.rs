//! Rows of a head, transposed: what the vectors of the scores run along.

use super::product::Rows;
use super::unit;
use crate::instruction_set::Simd;
use crate::lanes::LANES;

/// `across` [width][stride] = the first `count` of `rows` [M, width], transposed; columns up to the next whole [`unit`] are
/// filled with repetitions of the last row. The width is a multiple of [`unit`].
#[inline(always)]
pub(super) fn transpose<S: Simd>(
    simd: S,
    rows: Rows<'_>,
    count: usize,
    width: usize,
    across: &mut [f32],
    stride: usize,
) {
    let row = |i: usize| &rows.values[i.min(count - 1) * rows.stride..][..width];
    let columns = count.next_multiple_of(unit::<S>());
    for first in (0..columns).step_by(unit::<S>()) {
        match S::F32_LANES {
            16 => {
                let rows: [&[f32]; 16] = std::array::from_fn(|lane| row(first + lane));
                for h in (0..width).step_by(4) {
                    let quads: [[f32; 4]; 16] = std::array::from_fn(|lane| quad(rows[lane], h));
                    let vectors: [S::f32s; 4] = std::array::from_fn(|r| {
                        pulp::bytemuck::cast([quads[r], quads[4 + r], quads[8 + r], quads[12 + r]])
                    });
                    write::<S>(simd.deinterleave_shfl_f32s(vectors), &mut across[h * stride + first..], stride);
                }
            }
            8 => {
                let rows: [&[f32]; 8] = std::array::from_fn(|lane| row(first + lane));
                for h in (0..width).step_by(4) {
                    let quads: [[f32; 4]; 8] = std::array::from_fn(|lane| quad(rows[lane], h));
                    let vectors: [S::f32s; 4] = std::array::from_fn(|r| pulp::bytemuck::cast([quads[r], quads[4 + r]]));
                    write::<S>(simd.deinterleave_shfl_f32s(vectors), &mut across[h * stride + first..], stride);
                }
            }
            _ => {
                for lane in 0..LANES {
                    for (h, value) in row(first + lane).iter().enumerate() {
                        across[h * stride + first + lane] = *value;
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn quad(row: &[f32], first: usize) -> [f32; 4] {
    [row[first], row[first + 1], row[first + 2], row[first + 3]]
}

/// Four vectors, one below the other.
#[inline(always)]
fn write<S: Simd>(vectors: [S::f32s; 4], across: &mut [f32], stride: usize) {
    for (h, vector) in vectors.into_iter().enumerate() {
        S::as_mut_simd_f32s(&mut across[h * stride..][..S::F32_LANES]).0[0] = vector;
    }
}
