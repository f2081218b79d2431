//! Principal component analysis: the directions along which features differ most (Pearson 1901).

use nalgebra::{DMatrix, DVector, SymmetricEigen};

/// The first principal axes of some features.
pub(crate) struct PrincipalAxes {
    mean: DVector<f64>,
    /// [A, D]: a row for each axis, of length 1.
    axes: DMatrix<f64>,
    /// Of each axis its share of the variance, from 0 to 1; 0 where all rows are the same.
    pub shares: Vec<f64>,
}

impl PrincipalAxes {
    /// The `count` axes of most variance of `rows` [R, D], flat and finite (`dim` is D), or D where that is less, and the
    /// rows along them [R, A]. The sign of each axis is chosen so that its largest entry is positive: the same rows
    /// always have the same axes.
    pub fn of(rows: &[f32], dim: usize, count: usize) -> (Self, DMatrix<f64>) {
        let number = rows.len() / dim.max(1);
        let rows = DMatrix::from_row_iterator(number, dim, rows.iter().map(|value| f64::from(*value)));
        let mean = rows.row_mean().transpose();
        let mut centred = rows;
        centred.row_iter_mut().for_each(|mut row| row -= mean.transpose());
        let eigen = SymmetricEigen::new(centred.tr_mul(&centred));
        let mut order: Vec<usize> = (0..dim).collect();
        order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
        order.truncate(count);
        let axes = order.iter().map(|&index| {
            let axis = eigen.eigenvectors.column(index).transpose();
            let largest = axis.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(1.0);
            axis * largest.signum()
        });
        let axes = DMatrix::from_rows(&axes.collect::<Vec<_>>());
        let total: f64 = eigen.eigenvalues.iter().sum();
        let share = |index: &usize| if total > 0.0 { eigen.eigenvalues[*index].max(0.0) / total } else { 0.0 };
        let shares = order.iter().map(share).collect();
        let along = &centred * axes.transpose();
        (Self { mean, axes, shares }, along)
    }

    /// One row `[D]` along the axes, from the mean of the rows that they are of: `[A]`.
    pub fn along(&self, row: &[f32]) -> DVector<f64> {
        let row = DVector::from_iterator(row.len(), row.iter().map(|value| f64::from(*value)));
        &self.axes * (row - &self.mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_axis_is_that_of_most_variance_and_its_largest_entry_is_positive() {
        // Along (-3, 4) / 5 with variance 4, across it with variance 1.
        let rows: Vec<f32> = [(2.0, 0.0), (-2.0, 0.0), (0.0, 1.0), (0.0, -1.0)]
            .iter()
            .flat_map(|(along, across)| [10.0 - 0.6 * along + 0.8 * across, 0.8 * along + 0.6 * across])
            .map(|value: f64| value as f32)
            .collect();
        let (axes, along) = PrincipalAxes::of(&rows, 2, 2);
        assert!((axes.shares[0] - 0.8).abs() < 1e-6 && (axes.shares[1] - 0.2).abs() < 1e-6, "{:?}", axes.shares);
        for (row, expected) in [[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]].into_iter().enumerate() {
            let single = axes.along(&rows[2 * row..2 * row + 2]);
            for axis in 0..2 {
                assert!((along[(row, axis)] - expected[axis]).abs() < 1e-5, "{along}");
                assert!((single[axis] - expected[axis]).abs() < 1e-5, "{single}");
            }
        }
    }

    #[test]
    fn rows_without_variance_have_no_share_and_one_dimension_has_one_axis() {
        assert_eq!(PrincipalAxes::of(&[2.0; 12], 4, 2).0.shares, [0.0; 2]);
        assert_eq!(PrincipalAxes::of(&[0.0, 1.0], 1, 2).0.shares, [1.0]);
    }
}
