//! Positions for images of another size: the grid resized bicubically, the class token's position kept.
//!
//! As the official code's `interpolate_pos_embed` does it for fine-tuning: PyTorch's
//! `interpolate(mode="bicubic", align_corners=False)`, which has a = -0.75, repeats the border and does not smooth when
//! it shrinks. The decoder's positions are resized the same way rather than computed anew, so that a place of the image
//! keeps its code in encoder and decoder alike.

use std::fmt;

use bmae_architecture::GridSize;

use super::{Array, StateDict};
use crate::vit::positions::sin_cos;

/// The tensors that hold one row for the class token and one for each patch.
const TENSORS: [&str; 2] = ["pos_embed", "decoder_pos_embed"];

/// The cubic's free parameter in PyTorch.
const A: f64 = -0.75;

/// Positions that were made for another grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResizedPositions {
    /// The tensors.
    pub tensors: Vec<String>,
    /// Patches of an image in the weights.
    pub from: GridSize,
    /// Patches of an image now.
    pub to: GridSize,
}

impl fmt::Display for ResizedPositions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tensors, from, to } = self;
        write!(formatter, "{} resized from {from} to {to} patches (bicubic)", tensors.join(" and "))
    }
}

impl StateDict {
    /// Puts the fixed sin-cos positions of a grid of patches where an encoder or a decoder has none;
    /// their names. What has a width that they cannot have is left alone: loading refuses it.
    pub fn add_missing_positions(&mut self, grid: GridSize) -> Vec<&'static str> {
        let widths = [self.first_size("patch_embed.proj.weight"), self.first_size("decoder_embed.weight")];
        let mut added = Vec::new();
        for (name, dim) in TENSORS.into_iter().zip(widths) {
            let Some(dim) = dim.filter(|dim| *dim > 0 && dim.is_multiple_of(4)) else { continue };
            if !self.tensors.contains_key(name) {
                let shape = vec![1, 1 + grid.area(), dim];
                self.tensors.insert(name.to_owned(), Array { shape, values: sin_cos(dim, grid) });
                added.push(name);
            }
        }
        added
    }

    /// The grid of the positions `name`: that of the image size which a recipe or a configuration tells
    /// ([`told_image_size`](Self::told_image_size)), where it has as many patches, else the square of as many. `None` where there are
    /// no such positions, or they are no square and nothing is told.
    pub fn grid_of(&self, name: &str) -> Option<GridSize> {
        let &[1, tokens, _] = self.tensors.get(name)?.shape.as_slice() else { return None };
        let told = self.told_grid().filter(|grid| grid.area() > 0 && grid.area().checked_add(1) == Some(tokens));
        told.or_else(|| square(tokens))
    }

    /// The grid that the positions were made or resized for here, else that which the size told beside them makes.
    fn told_grid(&self) -> Option<GridSize> {
        if self.origin.grid.is_some() {
            return self.origin.grid;
        }
        let &[_, _, height, width] = self.tensors.get("patch_embed.proj.weight")?.shape.as_slice() else { return None };
        let image = self.told_image_size()?;
        let whole =
            |side: usize, of_patch: usize| (of_patch > 0 && side.is_multiple_of(of_patch)).then(|| side / of_patch);
        Some(GridSize { rows: whole(image.height, height)?, columns: whole(image.width, width)? })
    }

    fn first_size(&self, name: &str) -> Option<usize> {
        self.tensors.get(name)?.shape.first().copied()
    }

    /// Resizes the positions, where there are any, to the grid `to`; says so if they were for another one. Positions
    /// whose own grid is not known ([`grid_of`](Self::grid_of)) stay as they are: as many as `to` has are taken for
    /// those of `to`, and loading refuses others by their shape.
    pub fn resize_positions(&mut self, to: GridSize) -> Option<ResizedPositions> {
        let mut done: Option<ResizedPositions> = None;
        for name in TENSORS {
            let Some(from) = self.grid_of(name).filter(|from| *from != to && to.area() > 0) else { continue };
            let Some(array) = self.tensors.get_mut(name) else { continue };
            let Some(&dim) = array.shape.last() else { continue };
            let (class_token, rows) = array.values.split_at(dim);
            let resized = resized(rows, from, to, dim);
            *array = Array { shape: vec![1, 1 + to.area(), dim], values: [class_token, &resized].concat() };
            let done = done.get_or_insert_with(|| ResizedPositions { tensors: Vec::new(), from, to });
            done.tensors.push(name.to_owned());
        }
        self.origin.grid = Some(to);
        done
    }
}

/// The square grid of `tokens` positions, the first of which is the class token's.
fn square(tokens: usize) -> Option<GridSize> {
    let patches = tokens.checked_sub(1)?;
    let side = patches.isqrt();
    (side > 0 && side * side == patches).then_some(GridSize::square(side))
}

/// Rows of `dim` values on the grid `from`, as rows on the grid `to`.
fn resized(grid: &[f32], from: GridSize, to: GridSize, dim: usize) -> Vec<f32> {
    let places = |from: usize, to: usize| (0..to).map(|at| Place::of(at, from, to)).collect::<Vec<Place>>();
    let (of_rows, of_columns) = (places(from.rows, to.rows), places(from.columns, to.columns));
    let mut rows = Vec::with_capacity(to.area() * dim);
    for row in &of_rows {
        for column in &of_columns {
            let mut sums = vec![0.0f64; dim];
            for (y, from_row) in row.taps() {
                for (x, from_column) in column.taps() {
                    let start = (y * from.columns + x) * dim;
                    for (sum, value) in sums.iter_mut().zip(&grid[start..start + dim]) {
                        *sum += from_row * from_column * f64::from(*value);
                    }
                }
            }
            rows.extend(sums.into_iter().map(|sum| sum as f32));
        }
    }
    rows
}

/// Where along a side a new cell takes its values from, and how much of each.
struct Place {
    cells: [usize; 4],
    weights: [f64; 4],
}

impl Place {
    fn of(at: usize, from: usize, to: usize) -> Self {
        // Centres of cells lie at half steps, the border at whole ones.
        let centre = (at as f64 + 0.5) * from as f64 / to as f64 - 0.5;
        let (whole, part) = (centre.floor(), centre - centre.floor());
        let last = from - 1;
        let cell = |offset: f64| (whole + offset).clamp(0.0, last as f64) as usize;
        Self {
            cells: [cell(-1.0), cell(0.0), cell(1.0), cell(2.0)],
            weights: [far(part + 1.0), near(part), near(1.0 - part), far(2.0 - part)],
        }
    }

    fn taps(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.cells.into_iter().zip(self.weights)
    }
}

/// The cubic within one cell of the centre (R. Keys, "Cubic convolution interpolation for digital image processing",
/// 1981).
fn near(x: f64) -> f64 {
    ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
}

/// The cubic between one and two cells of the centre.
fn far(x: f64) -> f64 {
    ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A grid of 3 x 3 rows of one value.
    const GRID: [f32; 9] = [0.5, -1.0, 2.0, 0.25, 1.5, -0.75, 3.0, -2.0, 1.0];

    fn positions(tokens: usize, dim: usize) -> StateDict {
        let mut weights = StateDict::default();
        let values = (0..tokens * dim).map(|i| i as f32).collect();
        weights.tensors.insert("pos_embed".to_owned(), Array { shape: vec![1, tokens, dim], values });
        weights
    }

    /// Computed by torch 2.15.0: `torch.nn.functional.interpolate(torch.tensor(GRID).reshape(1, 1, 3, 3), size=(n, n),
    /// mode="bicubic", align_corners=False)`.
    #[test]
    fn a_grid_is_resized_as_pytorch_does_it() {
        let smaller = [0.140614, 0.923939, 1.520908, 0.01585];
        let larger = [
            0.693344, -0.41272, -1.24, 0.777441, 2.600384, 0.203369, 0.169476, 0.222, 0.581244, 0.86316, 0.13, 0.897,
            1.5, 0.213, -0.966, 2.143193, 0.950603, -0.462001, -0.275123, 0.179161, 3.8016, 0.838911, -2.336,
            -0.594751, 1.504384,
        ];
        for (side, want) in [(2, &smaller[..]), (5, &larger[..])] {
            let got = resized(&GRID, GridSize::square(3), GridSize::square(side), 1);
            assert_eq!(got.len(), want.len());
            for (got, want) in got.iter().zip(want) {
                // torch computes in f32, and prints six digits.
                assert!((got - want).abs() < 3e-6, "{side}: {got} and {want}");
            }
        }
    }

    /// By torch, as above, of `GRID[..6]` as 2 rows and 3 columns.
    #[test]
    fn a_grid_that_is_not_square_is_resized_over_rows_and_columns_by_themselves() {
        let higher = [-0.004124, 1.42197, 0.181023, 0.935921, 0.48597, 0.135368, 0.671116, -0.350681];
        let wider = [0.387, 0.2995, 0.25, 0.4705, 0.661];
        let from = GridSize { rows: 2, columns: 3 };
        for (rows, columns, want) in [(4, 2, &higher[..]), (1, 5, &wider[..])] {
            let got = resized(&GRID[..6], from, GridSize { rows, columns }, 1);
            assert_eq!(got.len(), want.len());
            for (got, want) in got.iter().zip(want) {
                assert!((got - want).abs() < 3e-6, "{rows} x {columns}: {got} and {want}");
            }
        }
    }

    /// Weights with positions for `patches` patches of 2 x 2 pixels, and the size of their images as a recipe tells it.
    fn told(patches: usize, image_size: &str) -> StateDict {
        let mut weights = positions(1 + patches, 4);
        let array = Array { shape: vec![4, 3, 2, 2], values: vec![0.0; 48] };
        weights.tensors.insert("patch_embed.proj.weight".to_owned(), array);
        if !image_size.is_empty() {
            let text = format!("data.image_size = {image_size}");
            weights.metadata.insert(super::super::CONFIG_KEY.to_owned(), text);
        }
        weights
    }

    #[test]
    fn a_grid_is_that_of_the_image_size_told_beside_the_weights_else_a_square() {
        let grid = |patches, image_size| told(patches, image_size).grid_of("pos_embed").map(|grid| grid.to_string());
        assert_eq!(grid(16, "[4, 16]").as_deref(), Some("2 x 8"));
        assert_eq!(grid(16, "8").as_deref(), Some("4 x 4"));
        assert_eq!(grid(16, "").as_deref(), Some("4 x 4"));
        assert_eq!(grid(12, "[8, 6]").as_deref(), Some("4 x 3"));
        assert_eq!(grid(16, "[8, 6]").as_deref(), Some("4 x 4"), "a size of other weights");
        assert_eq!([grid(12, ""), grid(12, "8")], [None, None]);
    }

    #[test]
    fn weights_of_as_many_patches_in_another_form_are_resized_once() {
        let mut weights = told(8, "[4, 8]");
        let high = GridSize { rows: 4, columns: 2 };
        let said = weights.resize_positions(high).map(|resized| resized.to_string());
        assert_eq!(said.as_deref(), Some("pos_embed resized from 2 x 4 to 4 x 2 patches (bicubic)"));
        let resized = weights.clone();
        assert_eq!(weights.resize_positions(high), None);
        assert_eq!((weights.grid_of("pos_embed"), weights.tensors == resized.tensors), (Some(high), true));
    }

    #[test]
    fn the_class_tokens_position_is_kept_and_each_dimension_resized_by_itself() {
        let mut weights = StateDict::default();
        let rows = GRID.iter().flat_map(|value| [*value, 10.0 * value]);
        let values = [7.0, 8.0].into_iter().chain(rows).collect();
        weights.tensors.insert("pos_embed".to_owned(), Array { shape: vec![1, 10, 2], values });
        let said = weights.resize_positions(GridSize::square(2)).map(|interpolated| interpolated.to_string());
        assert_eq!(said.as_deref(), Some("pos_embed resized from 3 x 3 to 2 x 2 patches (bicubic)"));
        let array = &weights.tensors["pos_embed"];
        assert_eq!(array.shape, [1, 5, 2]);
        assert_eq!(array.values[..2], [7.0, 8.0]);
        let one = resized(&GRID, GridSize::square(3), GridSize::square(2), 1);
        for (row, want) in array.values[2..].chunks(2).zip(one) {
            assert!((row[0] - want).abs() < 1e-6 && (row[1] - 10.0 * want).abs() < 1e-5, "{row:?} and {want}");
        }
    }

    #[test]
    fn positions_that_are_not_there_are_the_fixed_ones() {
        let mut weights = StateDict::default();
        let array = Array { shape: vec![8, 3, 1, 1], values: vec![0.0; 24] };
        weights.tensors.insert("patch_embed.proj.weight".to_owned(), array);
        assert_eq!(weights.add_missing_positions(GridSize::square(2)), ["pos_embed"]);
        assert_eq!(
            weights.tensors["pos_embed"],
            Array { shape: vec![1, 5, 8], values: sin_cos(8, GridSize::square(2)) }
        );
        assert!(weights.add_missing_positions(GridSize::square(2)).is_empty());
    }

    #[test]
    fn positions_that_fit_or_are_no_square_grid_stay_as_they_are() {
        for (tokens, side) in [(10, 3), (9, 2), (1, 2), (11, 2)] {
            let mut weights = positions(tokens, 2);
            assert_eq!(weights.resize_positions(GridSize::square(side)), None);
            assert_eq!(weights.tensors, positions(tokens, 2).tensors, "{tokens} tokens");
        }
    }
}
