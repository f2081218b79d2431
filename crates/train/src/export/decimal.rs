//! Numbers of a recipe as other programs' configurations have them.

/// `values` with the few digits that they were written with: 0.4914, not 0.49140000343322754.
pub(super) fn decimal(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| value.to_string().parse().unwrap_or_else(|_| f64::from(*value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_the_digits_that_it_was_written_with() {
        assert_eq!(decimal(&[0.4914, 0.1, 1e-7, -3.0]), [0.4914, 0.1, 1e-7, -3.0]);
    }
}
