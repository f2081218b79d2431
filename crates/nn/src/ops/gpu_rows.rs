//! Rows of tensors on a GPU: picked, and added up. Burn's own sums over rows and its gradient of `select` go through all rows one after
//! the other in as many units as a row has columns; these have a unit for each number that they write, and add up in a fixed order.

use burn::backend::TensorMetadata;
use burn::tensor::{DType, Shape};
use burn_cubecl::cubecl::{self, prelude::*};
use burn_cubecl::tensor::CubeTensor;

use super::gpu_tensor::{empty, numbers, units};

/// Rows that a unit adds up where there are many.
const CHUNK: usize = 64;
/// Rows that a unit adds up at most.
const FEW: usize = 512;
/// No row: zeros are taken in its place.
pub(super) const NO_ROW: u32 = u32::MAX;

#[cube(launch)]
fn pick_kernel(from: &[f32], rows: &[u32], out: &mut [f32], width: usize) {
    if ABSOLUTE_POS < out.len() {
        let row = rows[ABSOLUTE_POS / width];
        let mut value = 0.0f32;
        if row != NO_ROW {
            value = from[row as usize * width + ABSOLUTE_POS % width];
        }
        out[ABSOLUTE_POS] = value;
    }
}

/// The `rows` of `from` [R, D], in their order, zeros for [`NO_ROW`]; gives [M, D]. `from` is contiguous.
pub(super) fn pick(from: &CubeTensor, rows: &[u32]) -> CubeTensor {
    let (client, width) = (from.client.clone(), from.shape()[1]);
    let out = empty(from, Shape::new([rows.len(), width]));
    let count = rows.len() * width;
    let (cubes, cube_dim) = units(&client, count);
    let (rows, from) = (row_numbers(from, rows).into_buffer_arg(), from.clone().into_buffer_arg());
    pick_kernel::launch(&client, cubes, cube_dim, from, rows, out.clone().into_buffer_arg(), width);
    out
}

/// `values` as a tensor beside `beside`.
pub(super) fn row_numbers(beside: &CubeTensor, values: &[u32]) -> CubeTensor {
    numbers(beside, bytemuck::cast_slice(values), DType::U32)
}

#[cube(launch)]
fn add_chunks_kernel(from: &[f32], out: &mut [f32], width: usize, chunk: usize) {
    if ABSOLUTE_POS < out.len() {
        let column = ABSOLUTE_POS % width;
        let mut at = ABSOLUTE_POS / width * chunk * width + column;
        let end = min(at - column + chunk * width, from.len());
        let mut sum = 0.0f32;
        while at < end {
            sum += from[at];
            at += width;
        }
        out[ABSOLUTE_POS] = sum;
    }
}

/// The sum over the rows of `of` [R, D]; gives `[D]`. `of` is contiguous.
pub(super) fn column_sums(of: CubeTensor) -> CubeTensor {
    let (client, width) = (of.client.clone(), of.shape()[1]);
    let mut left = of;
    loop {
        let rows = left.shape()[0];
        let chunk = if rows <= FEW { rows.max(1) } else { CHUNK };
        let chunks = rows.div_ceil(chunk).max(1);
        let is_last = chunks == 1;
        let out = empty(&left, if is_last { Shape::new([width]) } else { Shape::new([chunks, width]) });
        let (cubes, cube_dim) = units(&client, chunks * width);
        let (from, to) = (left.into_buffer_arg(), out.clone().into_buffer_arg());
        add_chunks_kernel::launch(&client, cubes, cube_dim, from, to, width, chunk);
        if is_last {
            return out;
        }
        left = out;
    }
}

#[cube(launch)]
fn add_listed_kernel(from: &[f32], rows: &[u32], ends: &[u32], out: &mut [f32], width: usize) {
    if ABSOLUTE_POS < out.len() {
        let list = ABSOLUTE_POS / width;
        let mut at = 0u32;
        if list > 0 {
            at = ends[list - 1];
        }
        let mut sum = 0.0f32;
        while at < ends[list] {
            sum += from[rows[at as usize] as usize * width + ABSOLUTE_POS % width];
            at += 1;
        }
        out[ABSOLUTE_POS] = sum;
    }
}

/// For each of P lists of rows the sum of these rows of `from` [R, D]; gives [P, D]. `from` is contiguous.
pub(super) fn listed_sums(from: &CubeTensor, lists: &[Vec<u32>]) -> CubeTensor {
    let (client, width) = (from.client.clone(), from.shape()[1]);
    let ends = lists.iter().scan(0, |end, list| {
        *end += list.len() as u32;
        Some(*end)
    });
    let ends: Vec<u32> = ends.collect();
    let out = empty(from, Shape::new([lists.len(), width]));
    let count = lists.len() * width;
    let (cubes, cube_dim) = units(&client, count);
    let (rows, ends) = (row_numbers(from, &lists.concat()), row_numbers(from, &ends));
    let (from, to) = (from.clone().into_buffer_arg(), out.clone().into_buffer_arg());
    add_listed_kernel::launch(
        &client,
        cubes,
        cube_dim,
        from,
        rows.into_buffer_arg(),
        ends.into_buffer_arg(),
        to,
        width,
    );
    out
}
