//! Products on AMX whose factors, laid out for its tiles, lie in buffers of the pool: two bfloat16 in a place of 32 bits.

use pulp::bytemuck::{cast_slice, cast_slice_mut};

use super::amx::{
    AmxPermission, LeftRows, RightPanels, pack_left_transposed, pack_right, pack_right_transposed, padded_columns,
    padded_depth, padded_rows, product, round_rows,
};
use super::epilogue::Epilogue;
use super::tile::Out;
use crate::pool::Buffer;

/// A weight [out, in] as the right factor of x W^T.
pub(super) fn transposed_weight(weight: &[f32], outputs: usize, inputs: usize) -> Buffer {
    let mut panels = Buffer::uninitialised(places(padded_columns(outputs), inputs));
    pack_right_transposed(weight, outputs, inputs, cast_slice_mut(&mut panels));
    panels
}

/// A right factor [K, N] as it stands.
pub(super) fn right_factor(rows: &[f32], depth: usize, columns: usize) -> Buffer {
    let mut panels = Buffer::uninitialised(places(padded_columns(columns), depth));
    if columns > 0 {
        pack_right(rows, columns, 0, columns, cast_slice_mut(&mut panels));
    }
    panels
}

/// `out` [M, N] = `left` [M, K] times a right factor [K, N] in panels.
pub(super) fn product_of_rows(
    permission: AmxPermission,
    left: &[f32],
    panels: &[f32],
    [m, k, n]: [usize; 3],
    epilogue: Epilogue<'_>,
    out: &mut [f32],
) {
    let depth = padded_depth(k);
    let mut rows = Buffer::uninitialised(places(m, k));
    round_rows(left, k, cast_slice_mut(&mut rows));
    let left = LeftRows { values: cast_slice(&rows), stride: depth, rows: m };
    let right = RightPanels { values: cast_slice(panels), depth, columns: n };
    product(permission, left, right, epilogue, Out::Flat(out), 0);
}

/// Columns `first` .. `first + count` of rows [K, `stride`].
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    pub rows: &'a [f32],
    pub stride: usize,
    pub first: usize,
    pub count: usize,
}

/// The rows of `out` [M, N] = the transpose of `left` [K, M] times `right` [K, N].
pub(super) fn product_of_columns(
    permission: AmxPermission,
    left: Columns<'_>,
    right: Columns<'_>,
    epilogue: Epilogue<'_>,
    out: &mut [&mut [f32]],
) {
    let k = left.rows.len() / left.stride;
    let depth = padded_depth(k);
    let mut rows = Buffer::uninitialised(places(padded_rows(left.count), k));
    pack_left_transposed(left.rows, left.stride, left.first, left.count, cast_slice_mut(&mut rows));
    let mut panels = Buffer::uninitialised(places(padded_columns(right.count), k));
    pack_right(right.rows, right.stride, right.first, right.count, cast_slice_mut(&mut panels));
    let rows = LeftRows { values: cast_slice(&rows), stride: depth, rows: left.count };
    let panels = RightPanels { values: cast_slice(&panels), depth, columns: right.count };
    product(permission, rows, panels, epilogue, Out::Rows(out), 0);
}

/// Places of rows or columns, padded already, of `k` numbers each.
fn places(count: usize, k: usize) -> usize {
    // The depth is even.
    count * padded_depth(k) / 2
}
