//! The gradient of a weight [out, in]: the transpose of the outputs' gradient [R, out] times the inputs [R, in].

use bmae_architecture::Precision;
use rayon::prelude::*;

use super::amx_buffers::{Columns, product_of_columns};
use super::dispatch::run;
use super::elements::{Elements, Factor};
use super::epilogue::Epilogue;
use super::packed::pack_panel;
use super::prefetch::{Prefetch, Region};
use super::shape::{Shape, shape};
use super::tile::{Left, Out, Product};
use crate::instruction_set::{InstructionSet, Simd, WithSimd, dispatch_to};
use crate::pool::Buffer;
use crate::profile::{Operation, time};

/// Rows of both factors at most that are added up before the result is written: a panel of as many fits into the nearest
/// cache, and pieces of blocks are often twice as many.
const DEPTH: usize = 136;
/// The same for AMX, a multiple of its depth, to which pieces are padded.
const AMX_DEPTH: usize = 512;
/// Rows and columns at most of a part of the result that one thread computes at a time: the larger, the more often a
/// packed number is used. Multiples of every tile. Sums do not depend on it.
const PARTS: [usize; 3] = [384, 192, 96];
/// Parts that each thread should have at least, so that none waits long for the others.
const PARTS_OF_THREAD: usize = 3;

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

/// All `gradients`, over all threads, their factors of this precision.
///
/// # Panics
/// When lengths disagree.
pub fn weight_gradients(gradients: Vec<WeightGradient<'_>>, precision: Precision) {
    weight_gradients_with(InstructionSet::current(), gradients, precision);
}

pub(super) fn weight_gradients_with(set: InstructionSet, gradients: Vec<WeightGradient<'_>>, precision: Precision) {
    let elements = Elements::of(precision, set);
    let sizes: Vec<[usize; 2]> = gradients.iter().map(|g| [g.rows, g.columns]).collect();
    let side = side_of_part(&sizes);
    for g in &gradients {
        assert_eq!(g.outputs.len() * g.columns, g.inputs.len() * g.rows, "both factors have R rows");
    }
    let factors: Vec<[Factor<'_>; 2]> = gradients
        .par_iter()
        .map(|g| [(g.outputs, g.rows), (g.inputs, g.columns)].map(|(rows, n)| Factor::along_columns(rows, n, elements)))
        .collect();
    let parts: Vec<(GradientPart<'_>, &[Factor<'_>; 2])> = gradients
        .into_iter()
        .zip(&factors)
        .flat_map(|(g, factors)| {
            parts_of_gradient(g.gradient, g.rows, g.columns, side).into_iter().map(move |part| (part, factors))
        })
        .collect();
    parts.into_par_iter().with_max_len(1).for_each_init(
        || PackedBlocks::new(set, side),
        |blocks, (part, [outputs, inputs])| {
            let _timer = time(Operation::LinearWeights);
            part.compute(set, elements, [(outputs.values(), inputs.values())], blocks);
        },
    );
}

/// The side of parts of gradients of these rows and columns: the largest of which all threads have enough.
pub(crate) fn side_of_part(gradients: &[[usize; 2]]) -> usize {
    let threads = rayon::current_num_threads();
    let parts =
        |side| -> usize { gradients.iter().map(|[rows, columns]| rows.div_ceil(side) * columns.div_ceil(side)).sum() };
    let [.., smallest] = PARTS;
    PARTS.into_iter().find(|&side| parts(side) >= PARTS_OF_THREAD * threads).unwrap_or(smallest)
}

/// A part of a weight's gradient, which one thread computes.
pub(crate) struct GradientPart<'a> {
    /// The part's rows.
    out: Vec<&'a mut [f32]>,
    /// Where it begins.
    row: usize,
    column: usize,
    /// Of the whole gradient.
    rows: usize,
    columns: usize,
}

/// `gradient` [`rows`, `columns`] in parts of `side` rows and columns at most.
///
/// # Panics
/// When it has another length, or none.
pub(crate) fn parts_of_gradient(
    gradient: &mut [f32],
    rows: usize,
    columns: usize,
    side: usize,
) -> Vec<GradientPart<'_>> {
    assert_eq!(gradient.len(), rows * columns, "the gradient is [out, in]");
    assert!(rows > 0 && columns > 0, "a weight has rows and columns");
    let mut parts = Vec::new();
    for (band, gradient) in gradient.chunks_mut(side * columns).enumerate() {
        let across = columns.div_ceil(side);
        let first = parts.len();
        parts.extend((0..across).map(|number| GradientPart {
            out: Vec::new(),
            row: band * side,
            column: number * side,
            rows,
            columns,
        }));
        for row in gradient.chunks_exact_mut(columns) {
            for (part, row) in parts[first..].iter_mut().zip(row.chunks_mut(side)) {
                part.out.push(row);
            }
        }
    }
    parts
}

/// Packed blocks of both factors, of one thread.
pub(crate) struct PackedBlocks {
    /// [tiles][DEPTH][rows of a tile]
    left: Buffer,
    /// [DEPTH][columns of a tile]
    right: Buffer,
}

impl PackedBlocks {
    /// For parts of this side.
    pub fn new(set: InstructionSet, side: usize) -> Self {
        let Shape { rows, columns } = shape(set);
        Self {
            left: Buffer::uninitialised(side.div_ceil(rows) * rows * DEPTH),
            right: Buffer::uninitialised(DEPTH * columns),
        }
    }
}

impl<'a> GradientPart<'a> {
    /// Computes the part from `pieces` of both factors in their order, each the places of some rows of the outputs'
    /// gradient [r, out] and of the inputs [r, in].
    pub fn compute(
        mut self,
        set: InstructionSet,
        elements: Elements,
        pieces: impl IntoIterator<Item = (&'a [f32], &'a [f32])>,
        blocks: &mut PackedBlocks,
    ) {
        let tile = shape(set);
        let (m, n) = (self.out.len(), self.out.first().map_or(0, |row| row.len()));
        let (rows, columns) = (self.rows, self.columns);
        let depth = if matches!(elements, Elements::AmxTiles(_)) { AMX_DEPTH } else { DEPTH };
        let mut blocks_of_rows = pieces
            .into_iter()
            .flat_map(|(outputs, inputs)| outputs.chunks(depth * rows).zip(inputs.chunks(depth * columns)))
            .peekable();
        let mut epilogue = Epilogue::Plain;
        if blocks_of_rows.peek().is_none() {
            self.out.iter_mut().for_each(|row| row.fill(0.0));
        }
        while let Some((outputs, inputs)) = blocks_of_rows.next() {
            if let Elements::AmxTiles(permission) = elements {
                let left = Columns { rows: outputs, stride: rows, first: self.row, count: m };
                let right = Columns { rows: inputs, stride: columns, first: self.column, count: n };
                product_of_columns(permission, left, right, epilogue, &mut self.out);
                epilogue = Epilogue::Accumulate;
                continue;
            }
            let depth = inputs.len() / columns;
            let tiles = m.div_ceil(tile.rows);
            let left = &mut blocks.left[..tiles * tile.rows * depth];
            dispatch_to(set, PackTiles { values: outputs, stride: rows, first: self.row, m, tiles: left });
            let mut prefetch = blocks_of_rows.peek().map(|(outputs, inputs)| {
                let outputs = Region { values: outputs, stride: rows, first: self.row, columns: m };
                let inputs = Region { values: inputs, stride: columns, first: self.column, columns: n };
                Prefetch::new([outputs, inputs], tiles * n.div_ceil(tile.columns))
            });
            for first in (0..n).step_by(tile.columns) {
                let right = &mut blocks.right[..depth * tile.columns];
                let width = tile.columns.min(n - first);
                pack_panel(set, inputs, columns, self.column + first, width, tile.columns, right);
                let product = Product {
                    left: Left::Tiles(left),
                    right,
                    m,
                    k: depth,
                    n: width,
                    first,
                    out: Out::Rows(&mut self.out),
                    epilogue,
                    prefetch: prefetch.as_mut(),
                };
                run(set, elements, product);
            }
            epilogue = Epilogue::Accumulate;
        }
    }
}

/// Columns `first` .. `first + m` of rows [K, `stride`] into `tiles` [ceil(m / rows)][K][rows of a tile], padded with
/// zeros.
struct PackTiles<'a> {
    values: &'a [f32],
    stride: usize,
    first: usize,
    m: usize,
    tiles: &'a mut [f32],
}

impl WithSimd for PackTiles<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        // As `shape` has them.
        match S::F32_LANES {
            16 => self.pack::<8>(),
            8 => self.pack::<6>(),
            _ => self.pack::<2>(),
        }
    }
}

impl PackTiles<'_> {
    #[inline(always)]
    fn pack<const ROWS: usize>(self) {
        let Self { values, stride, first, m, tiles } = self;
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
}
