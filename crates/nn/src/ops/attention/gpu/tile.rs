//! What the kernels of attention share: where the rows of a head lie, and products of tiles of them.
//!
//! A block of [`ROWS`] rows is multiplied with a tile of [`OTHERS`] others. The units of a group stand as [`DOWN`] x [`ACROSS`] over
//! every such product: a unit has the rows `down + DOWN * i` and the columns `across + ACROSS * j`.

use burn_cubecl::cubecl::{self, prelude::*};

/// Rows of a block.
pub(super) const ROWS: usize = 32;
/// Rows of a tile that a block goes through.
pub(super) const OTHERS: usize = 16;
/// Units across a product.
const ACROSS: usize = 8;
/// Units down a product.
const DOWN: usize = 8;
/// Units of a group.
pub(super) const UNITS: usize = ACROSS * DOWN;
/// Rows of a product that a unit has.
const OWN_ROWS: usize = ROWS / DOWN;
/// Columns of the scores that a unit has.
const OWN_OTHERS: usize = OTHERS / ACROSS;

/// Values from one row of a tile in shared memory to the next: one more than a row has, so that rows below each other do not lie in
/// one bank.
pub(super) const fn stride(head_dim: usize) -> usize {
    head_dim + 1
}

/// Columns of a row of a head that a unit has.
const fn own_columns(head_dim: usize) -> usize {
    head_dim.div_ceil(ACROSS)
}

/// The rows of one head of one image within a matrix [N*T, width].
#[derive(CubeType)]
pub(super) struct HeadRows {
    /// The matrix row of the image's first token.
    pub first_row: usize,
    /// Columns of the matrix.
    pub width: usize,
    /// The first column.
    pub column: usize,
    /// Tokens of an image.
    pub tokens: usize,
}

#[cube]
impl HeadRows {
    /// Where value `column` of `token` lies.
    pub fn at(&self, token: usize, column: usize) -> usize {
        (self.first_row + token) * self.width + self.column + column
    }
}

/// Which rows of which head a group of units has.
#[derive(CubeType)]
pub(super) struct HeadBlock {
    /// Image times heads plus head.
    pub pair: usize,
    /// The first token of the block.
    pub first: usize,
    /// Query, key, value.
    pub query: HeadRows,
    pub key: HeadRows,
    pub value: HeadRows,
    /// The result's rows.
    pub out: HeadRows,
}

/// The block of this group.
#[cube]
pub(super) fn head_block(tokens: usize, heads: usize, #[comptime] head_dim: usize) -> HeadBlock {
    let blocks = (tokens + comptime!(ROWS - 1)) / ROWS;
    let pair = CUBE_POS / blocks;
    let first_row = pair / heads * tokens;
    let dim = heads * head_dim;
    let column = pair % heads * head_dim;
    let width = 3 * dim;
    HeadBlock {
        pair,
        first: CUBE_POS % blocks * ROWS,
        query: HeadRows { first_row, width, column, tokens },
        key: HeadRows { first_row, width, column: column + dim, tokens },
        value: HeadRows { first_row, width, column: column + 2 * dim, tokens },
        out: HeadRows { first_row, width: dim, column, tokens },
    }
}

/// Copies `count` rows of a head from token `first` on into `tile`, times `scale`; rows after the last token are zeros.
#[cube]
pub(super) fn load(
    from: &[f32],
    rows: &HeadRows,
    first: usize,
    scale: f32,
    tile: &mut Shared<[f32]>,
    #[comptime] count: usize,
    #[comptime] head_dim: usize,
) {
    let mut at = UNIT_POS as usize;
    while at < comptime!(count * head_dim) {
        let row = at / head_dim;
        let column = at % head_dim;
        let mut value = 0.0f32;
        if first + row < rows.tokens {
            value = from[rows.at(first + row, column)] * scale;
        }
        tile[row * comptime!(stride(head_dim)) + column] = value;
        at += UNITS;
    }
}

/// The inner products of the rows of a block with those of a tile, into `out` [ROWS, OTHERS].
#[cube]
pub(super) fn inner_products(
    block: &Shared<[f32]>,
    tile: &Shared<[f32]>,
    out: &mut Shared<[f32]>,
    #[comptime] head_dim: usize,
) {
    let stride = comptime!(stride(head_dim));
    let down = UNIT_POS as usize / ACROSS;
    let across = UNIT_POS as usize % ACROSS;
    let mut sums = Array::<f32>::new(comptime!(OWN_ROWS * OWN_OTHERS));
    #[unroll]
    for i in 0..comptime!(OWN_ROWS * OWN_OTHERS) {
        sums[i] = 0.0f32;
    }
    for column in 0..head_dim {
        let mut others = Array::<f32>::new(OWN_OTHERS);
        #[unroll]
        for j in 0..OWN_OTHERS {
            others[j] = tile[(across + j * ACROSS) * stride + column];
        }
        #[unroll]
        for i in 0..OWN_ROWS {
            let own = block[(down + i * DOWN) * stride + column];
            #[unroll]
            for j in 0..OWN_OTHERS {
                sums[i * OWN_OTHERS + j] += own * others[j];
            }
        }
    }
    #[unroll]
    for i in 0..OWN_ROWS {
        #[unroll]
        for j in 0..OWN_OTHERS {
            out[(down + i * DOWN) * OTHERS + across + j * ACROSS] = sums[i * OWN_OTHERS + j];
        }
    }
}

/// Adds `weights` [ROWS, OTHERS] times the rows of a tile to this unit's part of a sum [ROWS, head_dim].
#[cube]
pub(super) fn add_weighted_rows(
    weights: &Shared<[f32]>,
    tile: &Shared<[f32]>,
    sums: &mut Array<f32>,
    #[comptime] head_dim: usize,
) {
    let stride = comptime!(stride(head_dim));
    let own_columns = comptime!(own_columns(head_dim));
    let down = UNIT_POS as usize / ACROSS;
    let across = UNIT_POS as usize % ACROSS;
    for other in 0..OTHERS {
        let mut own = Array::<f32>::new(OWN_ROWS);
        #[unroll]
        for i in 0..OWN_ROWS {
            own[i] = weights[(down + i * DOWN) * OTHERS + other];
        }
        #[unroll]
        for j in 0..own_columns {
            // The last columns of a unit may be none of the head's; what is there counts for nothing.
            let column = min(across + j * ACROSS, comptime!(head_dim - 1));
            let value = tile[other * stride + column];
            #[unroll]
            for i in 0..OWN_ROWS {
                sums[i * own_columns + j] += own[i] * value;
            }
        }
    }
}

/// Multiplies each row of this unit's part of a sum [ROWS, head_dim] by its factor, of `factors` `[ROWS]`.
#[cube]
pub(super) fn scale_rows(sums: &mut Array<f32>, factors: &Shared<[f32]>, #[comptime] head_dim: usize) {
    let own_columns = comptime!(own_columns(head_dim));
    let down = UNIT_POS as usize / ACROSS;
    #[unroll]
    for i in 0..OWN_ROWS {
        let factor = factors[down + i * DOWN];
        #[unroll]
        for j in 0..own_columns {
            sums[i * own_columns + j] *= factor;
        }
    }
}

/// This unit's part of a sum [ROWS, head_dim], all zeros.
#[cube]
pub(super) fn zeros(#[comptime] head_dim: usize) -> Array<f32> {
    let mut sums = Array::<f32>::new(comptime!(OWN_ROWS * own_columns(head_dim)));
    #[unroll]
    for i in 0..comptime!(OWN_ROWS * own_columns(head_dim)) {
        sums[i] = 0.0f32;
    }
    sums
}

/// Writes this unit's part of a sum, times `scale`, to the rows of a head from token `first` on.
#[cube]
pub(super) fn store(
    sums: &Array<f32>,
    scale: f32,
    to: &mut [f32],
    rows: &HeadRows,
    first: usize,
    #[comptime] head_dim: usize,
) {
    let own_columns = comptime!(own_columns(head_dim));
    let down = UNIT_POS as usize / ACROSS;
    let across = UNIT_POS as usize % ACROSS;
    #[unroll]
    for i in 0..OWN_ROWS {
        let token = first + down + i * DOWN;
        #[unroll]
        for j in 0..own_columns {
            let column = across + j * ACROSS;
            if token < rows.tokens && column < head_dim {
                to[rows.at(token, column)] = sums[i * own_columns + j] * scale;
            }
        }
    }
}
