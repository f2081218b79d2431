use bmae_architecture::GridSize;
use bmae_nn::vit::positions::sin_cos;

use crate::tiny::assert_close;

#[test]
fn the_class_token_has_position_zero() {
    assert!(sin_cos(8, GridSize::square(2))[..8].iter().all(|&x| x == 0.0));
}

/// dim 8, so two frequencies: 1 and 1/10000^(1/2) = 0.01. The patch in row 1, column 2 of a 3x3 grid is number 5.
#[test]
fn a_worked_example_column_first_then_row_sines_before_cosines() {
    let positions = sin_cos(8, GridSize::square(3));
    let of_patch = &positions[(1 + 5) * 8..(1 + 6) * 8];
    let want =
        [2f32.sin(), 0.02f32.sin(), 2f32.cos(), 0.02f32.cos(), 1f32.sin(), 0.01f32.sin(), 1f32.cos(), 0.01f32.cos()];
    assert_close(of_patch, &want, 1e-6);
}

#[test]
fn there_is_one_position_for_each_patch_and_the_class_token() {
    assert_eq!(sin_cos(12, GridSize::square(4)).len(), (1 + 16) * 12);
}

/// The rows of a grid that is not square count to its height, its columns to its width.
#[test]
fn a_grid_that_is_not_square_has_the_positions_of_a_square_one_in_its_rows_and_columns() {
    let (wide, square) = (sin_cos(8, GridSize { rows: 2, columns: 5 }), sin_cos(8, GridSize::square(5)));
    assert_eq!(wide.len(), (1 + 10) * 8);
    assert_eq!(wide, square[..wide.len()], "the first two rows");
    let high = sin_cos(8, GridSize { rows: 5, columns: 2 });
    for (row, column) in (0..5).flat_map(|row| [0, 1].map(|column| (row, column))) {
        let of = |positions: &[f32], patch: usize| positions[(1 + patch) * 8..(2 + patch) * 8].to_vec();
        assert_eq!(of(&high, 2 * row + column), of(&square, 5 * row + column), "row {row}, column {column}");
    }
}
