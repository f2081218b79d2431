//! The gradient of a weight [out, in]: the transpose of the outputs' gradient [R, out] times the inputs [R, in].

use rayon::prelude::*;

use super::tile::{Left, Out, Product};
use super::{End, Shape, pack_panel, shape};
use crate::instruction_set::{InstructionSet, dispatch_to};
use crate::pool::Buffer;
use crate::profile::{Operation, time};

/// Rows of both factors that are added up before the result is written: a panel of as many fits into the nearest cache.
const DEPTH: usize = 192;
/// Rows and columns of the result that are one piece of work for one thread: enough that packing is soon forgotten, few
/// enough that all threads have some. A multiple of every tile.
const PIECE: usize = 192;

/// One gradient to be computed.
#[derive(Debug)]
pub struct WeightGradient<'a> {
    /// The gradient of the outputs [R, out].
    pub outputs: &'a [f32],
    /// The inputs [R, in].
    pub inputs: &'a [f32],
    /// [out, in]; overwritten.
    pub gradient: &'a mut [f32],
    /// out.
    pub rows: usize,
    /// in.
    pub columns: usize,
}

/// All `gradients`, over all threads.
///
/// # Panics
/// When lengths disagree.
pub fn weight_gradients(gradients: Vec<WeightGradient<'_>>) {
    weight_gradients_with(InstructionSet::current(), gradients);
}

pub(super) fn weight_gradients_with(set: InstructionSet, gradients: Vec<WeightGradient<'_>>) {
    let pieces: Vec<Piece<'_>> = gradients.into_iter().flat_map(WeightGradient::into_pieces).collect();
    pieces.into_par_iter().for_each_init(
        || Blocks::new(set),
        |blocks, piece| {
            let _timer = time(Operation::LinearWeights);
            piece.compute(set, blocks);
        },
    );
}

impl<'a> WeightGradient<'a> {
    fn into_pieces(self) -> Vec<Piece<'a>> {
        let Self { outputs, inputs, gradient, rows, columns } = self;
        assert_eq!(gradient.len(), rows * columns, "the gradient is [out, in]");
        assert!(rows > 0 && columns > 0, "a weight has rows and columns");
        assert_eq!(outputs.len() * columns, inputs.len() * rows, "both factors have R rows");
        let mut pieces = Vec::new();
        for (band, gradient) in gradient.chunks_mut(PIECE * columns).enumerate() {
            let across = columns.div_ceil(PIECE);
            let first = pieces.len();
            pieces.extend((0..across).map(|number| Piece {
                outputs,
                inputs,
                out: Vec::new(),
                row: band * PIECE,
                column: number * PIECE,
                rows,
                columns,
            }));
            for row in gradient.chunks_exact_mut(columns) {
                for (piece, part) in pieces[first..].iter_mut().zip(row.chunks_mut(PIECE)) {
                    piece.out.push(part);
                }
            }
        }
        pieces
    }
}

/// A part of a gradient.
struct Piece<'a> {
    outputs: &'a [f32],
    inputs: &'a [f32],
    /// The part's rows.
    out: Vec<&'a mut [f32]>,
    /// Where it begins.
    row: usize,
    column: usize,
    /// Of the whole gradient.
    rows: usize,
    columns: usize,
}

/// Packed blocks of both factors, of one thread.
struct Blocks {
    /// [tiles][DEPTH][rows of a tile]
    left: Buffer,
    /// [DEPTH][columns of a tile]
    right: Buffer,
}

impl Blocks {
    fn new(set: InstructionSet) -> Self {
        let Shape { rows, columns } = shape(set);
        Self { left: Buffer::dirty(PIECE.div_ceil(rows) * rows * DEPTH), right: Buffer::dirty(DEPTH * columns) }
    }
}

impl Piece<'_> {
    fn compute(mut self, set: InstructionSet, blocks: &mut Blocks) {
        let tile = shape(set);
        let (m, n) = (self.out.len(), self.out.first().map_or(0, |row| row.len()));
        let blocks_of_rows = self.outputs.chunks(DEPTH * self.rows).zip(self.inputs.chunks(DEPTH * self.columns));
        if blocks_of_rows.len() == 0 {
            self.out.iter_mut().for_each(|row| row.fill(0.0));
        }
        for (number, (outputs, inputs)) in blocks_of_rows.enumerate() {
            let depth = inputs.len() / self.columns;
            let left = &mut blocks.left[..m.div_ceil(tile.rows) * tile.rows * depth];
            pack_columns(outputs, self.rows, self.row, m, tile.rows, left);
            for first in (0..n).step_by(tile.columns) {
                let right = &mut blocks.right[..depth * tile.columns];
                let columns = tile.columns.min(n - first);
                pack_panel(set, inputs, self.columns, self.column + first, columns, tile.columns, right);
                let product = Product {
                    left: Left::Tiles(left),
                    right,
                    m,
                    k: depth,
                    n: columns,
                    first,
                    out: Out::Rows(&mut self.out),
                    end: if number == 0 { End::Plain } else { End::Accumulate },
                };
                dispatch_to(set, product);
            }
        }
    }
}

/// Columns `first` .. `first + m` of rows [K, `stride`] into tiles [ceil(m / rows)][K][rows], padded with zeros.
fn pack_columns(values: &[f32], stride: usize, first: usize, m: usize, rows: usize, tiles: &mut [f32]) {
    match rows {
        8 => pack_tiles::<8>(values, stride, first, m, tiles),
        6 => pack_tiles::<6>(values, stride, first, m, tiles),
        _ => pack_tiles::<2>(values, stride, first, m, tiles),
    }
}

/// [`pack_columns`] for tiles whose size the compiler knows.
fn pack_tiles<const ROWS: usize>(values: &[f32], stride: usize, first: usize, m: usize, tiles: &mut [f32]) {
    let depth = values.len() / stride;
    for (number, tile) in tiles.chunks_exact_mut(depth * ROWS).enumerate() {
        let from = first + number * ROWS;
        let count = ROWS.min(first + m - from);
        let (tile, _) = tile.as_chunks_mut::<ROWS>();
        for (packed, row) in tile.iter_mut().zip(values.chunks_exact(stride)) {
            match row[from..].first_chunk::<ROWS>() {
                Some(whole) => *packed = *whole,
                None => packed[..count].copy_from_slice(&row[from..from + count]),
            }
            packed[count..].fill(0.0);
        }
    }
}
