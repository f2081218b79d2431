use bmae_nn::vit::positions::sin_cos;

use crate::tiny::assert_close;

#[test]
fn the_class_token_has_position_zero() {
    assert!(sin_cos(8, 2)[..8].iter().all(|&x| x == 0.0));
}

/// dim 8, so two frequencies: 1 and 1/10000^(1/2) = 0.01. The patch in row 1, column 2 of a 3x3 grid is number 5.
#[test]
fn a_worked_example_column_first_then_row_sines_before_cosines() {
    let positions = sin_cos(8, 3);
    let of_patch = &positions[(1 + 5) * 8..(1 + 6) * 8];
    let want =
        [2f32.sin(), 0.02f32.sin(), 2f32.cos(), 0.02f32.cos(), 1f32.sin(), 0.01f32.sin(), 1f32.cos(), 0.01f32.cos()];
    assert_close(of_patch, &want, 1e-6);
}

#[test]
fn there_is_one_position_for_each_patch_and_the_class_token() {
    assert_eq!(sin_cos(12, 4).len(), (1 + 16) * 12);
}
