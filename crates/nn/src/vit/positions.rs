//! The fixed two-dimensional sin-cos positions of the official MAE.

use bmae_architecture::GridSize;

/// Positions [1 + rows*columns, dim], row by row over the grid, the class token's (zeros) first.
///
/// The first half of the dimensions encodes the column, the second the row; each half holds its sines and then its
/// cosines, of position times 1 / 10000^(i / (dim/4)) for i = 0 .. dim/4 - 1. (Source: `util/pos_embed.py` of the
/// official MAE, where numpy's `meshgrid(w, h)` puts the column first.)
///
/// # Panics
/// When `dim` is not divisible by 4.
pub fn sin_cos(dim: usize, grid: GridSize) -> Vec<f32> {
    assert!(dim.is_multiple_of(4), "sin-cos positions need a width divisible by 4, not {dim}");
    let quarter = dim / 4;
    let mut positions = vec![0.0; (1 + grid.area()) * dim];
    for (cell, out) in positions.chunks_exact_mut(dim.max(1)).skip(1).enumerate() {
        let (row, column) = (cell / grid.columns, cell % grid.columns);
        for (half, position) in out.chunks_exact_mut(2 * quarter).zip([column, row]) {
            for i in 0..quarter {
                let angle = position as f64 / 10000f64.powf(i as f64 / quarter as f64);
                half[i] = angle.sin() as f32;
                half[quarter + i] = angle.cos() as f32;
            }
        }
    }
    positions
}
