//! Features as colours: their three main components, as red, green and blue.

use crate::principal_axes::PrincipalAxes;

/// Of the values along a component so many lie below black and above full colour: a single outlier must not grey the
/// rest.
const BEYOND: f64 = 0.02;

/// How features become colours.
pub(super) struct Colours {
    /// Three, or fewer where the features have fewer dimensions.
    axes: PrincipalAxes,
    /// Of each axis the value that is black, and the one that is full colour.
    ranges: Vec<(f64, f64)>,
}

impl Colours {
    /// The principal components of `rows` [R, D], flat; the same features always have the same colours.
    pub fn of(rows: &[f32], dim: usize) -> Self {
        let (axes, along) = PrincipalAxes::of(rows, dim, 3);
        let ranges = along.column_iter().map(|column| range(column.iter().copied().collect())).collect();
        Self { axes, ranges }
    }

    /// The colour of one row `[D]`.
    pub fn colour(&self, row: &[f32]) -> [u8; 3] {
        let along = self.axes.along(row);
        let mut colour = [0; 3];
        for ((colour, value), (least, most)) in colour.iter_mut().zip(along.iter()).zip(&self.ranges) {
            let share = if most > least { (value - least) / (most - least) } else { 0.5 };
            // From a float, `as` saturates; no number becomes 0.
            *colour = (share * 255.0).round() as u8;
        }
        colour
    }
}

/// What all but the outermost values lie between.
fn range(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    let at = |share: f64| values.get((share * last as f64).round() as usize).copied().unwrap_or(0.0);
    (at(BEYOND), at(1.0 - BEYOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_main_components_are_red_green_and_blue_from_their_least_to_their_largest_value() {
        // Along the first dimension most, along the third least.
        let rows: Vec<f32> = (0..27)
            .flat_map(|index| {
                let step = |divisor: usize| (index / divisor % 3) as f32 - 1.0;
                [9.0 * step(1), 3.0 * step(3), step(9)]
            })
            .collect();
        let colours = Colours::of(&rows, 3);
        assert_eq!(colours.colour(&[-9.0, -3.0, -1.0]), [0, 0, 0]);
        assert_eq!(colours.colour(&[9.0, 3.0, 1.0]), [255, 255, 255]);
        assert_eq!(colours.colour(&[9.0, -3.0, 0.0]), [255, 0, 128]);
        assert_eq!(colours.colour(&[100.0, 0.0, 0.0]), [255, 128, 128], "beyond the range it stays at its end");
    }

    #[test]
    fn features_without_any_spread_have_one_colour_and_so_have_those_of_one_dimension() {
        assert_eq!(Colours::of(&[2.0; 12], 4).colour(&[2.0; 4]), [128; 3]);
        assert_eq!(Colours::of(&[0.0, 1.0], 1).colour(&[1.0]), [255, 0, 0]);
    }
}
