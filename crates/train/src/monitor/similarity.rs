//! How alike the features of the same patches are, before and after something changed: `docs/methods.md`, "How
//! stability is measured".

use burn::tensor::Tensor;

/// Mean over rows of the cosine between a row of `a` and the same row of `b`, both [M, D] without autodiff. A row of
/// zeros has the cosine 0 to any other; NaN where a row holds NaN or there is none.
pub(super) fn mean_cosine(a: &Tensor<2>, b: &Tensor<2>) -> f64 {
    let dot = |a: &Tensor<2>, b: &Tensor<2>| values((a.clone() * b.clone()).sum_dim(1));
    let (products, of_a, of_b) = (dot(a, b), dot(a, a), dot(b, b));
    let cosine = |((product, a), b): ((&f64, f64), f64)| {
        let norms = (a * b).sqrt();
        if norms == 0.0 { 0.0 } else { product / norms }
    };
    products.iter().zip(of_a).zip(of_b).map(cosine).sum::<f64>() / products.len() as f64
}

/// Linear CKA (Kornblith et al. 2019, section 3) of `a` [M, D] and `b` [M, E], both without autodiff: with their columns
/// centred, |a' b|^2 / (|a' a| |b' b|) in Frobenius norms. 1 where one is the other turned and scaled; NaN where the
/// rows of either are all the same.
pub(super) fn linear_cka(a: &Tensor<2>, b: &Tensor<2>) -> f64 {
    let centred = |rows: &Tensor<2>| rows.clone() - rows.clone().mean_dim(0);
    let (a, b) = (centred(a), centred(b));
    let squared = |a: &Tensor<2>, b: &Tensor<2>| -> f64 {
        values(a.clone().transpose().matmul(b.clone())).iter().map(|value| value * value).sum()
    };
    squared(&a, &b) / (squared(&a, &a) * squared(&b, &b)).sqrt()
}

fn values(tensor: Tensor<2>) -> Vec<f64> {
    tensor.into_data().iter::<f32>().map(f64::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bmae_data::random::{Purpose, keyed};
    use burn::tensor::{Device, TensorData};
    use rand::RngExt;

    fn tensor(values: &[f32], width: usize) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values.to_vec(), [values.len() / width, width]), &Device::flex())
    }

    /// `rows` rows around (`mean`, .., `mean`), as features are: their mean is no zero.
    fn features(rows: usize, width: usize, mean: f32, seed: u64) -> Vec<f32> {
        let mut generator = keyed(seed, 0, 0, Purpose::Initialisation);
        (0..rows * width).map(|_| mean + generator.random::<f32>() - 0.5).collect()
    }

    #[test]
    fn the_mean_cosine_is_over_rows_whatever_their_lengths() {
        let a = tensor(&[3.0, 4.0, 0.0, 2.0, 1.0, 0.0], 2);
        let b = tensor(&[4.0, 3.0, 0.0, 9.0, -5.0, 0.0], 2);
        let found = mean_cosine(&a, &b);
        assert!((found - (24.0 / 25.0 + 1.0 - 1.0) / 3.0).abs() < 1e-7, "{found}");
        assert_eq!(mean_cosine(&a, &a), 1.0, "nothing moved");
        assert_eq!(mean_cosine(&tensor(&[0.0, 0.0, 1.0, 0.0], 2), &tensor(&[1.0, 2.0, 1.0, 0.0], 2)), 0.5);
        assert!(mean_cosine(&tensor(&[f32::NAN, 0.0], 2), &tensor(&[1.0, 0.0], 2)).is_nan());
    }

    /// The other form of the same, from the M x M products of rows: tr(K H L H) / sqrt(tr(K H K H) tr(L H L H)).
    fn cka_by_rows(a: &[f32], of_a: usize, b: &[f32], of_b: usize) -> f64 {
        let centred_products = |values: &[f32], width: usize| -> Vec<f64> {
            let rows: Vec<&[f32]> = values.chunks(width).collect();
            let product = |i: usize, j: usize| -> f64 {
                rows[i].iter().zip(rows[j]).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
            };
            let n = rows.len();
            let products: Vec<f64> = (0..n * n).map(|at| product(at / n, at % n)).collect();
            let of_row: Vec<f64> = products.chunks(n).map(|row| row.iter().sum::<f64>() / n as f64).collect();
            let of_all = of_row.iter().sum::<f64>() / n as f64;
            (0..n * n).map(|at| products[at] - of_row[at / n] - of_row[at % n] + of_all).collect()
        };
        let (k, l) = (centred_products(a, of_a), centred_products(b, of_b));
        let trace = |k: &[f64], l: &[f64]| k.iter().zip(l).map(|(k, l)| k * l).sum::<f64>();
        trace(&k, &l) / (trace(&k, &k) * trace(&l, &l)).sqrt()
    }

    #[test]
    fn linear_cka_equals_its_definition_by_products_of_rows_in_double_precision() {
        let a = features(300, 7, 2.0, 1);
        for (mixed, noise) in [(1.0, 0.01), (1.0, 0.5), (0.0, 1.0)] {
            let other = features(300, 7, -1.0, 2);
            let b: Vec<f32> = a.iter().zip(&other).map(|(a, b)| mixed * a + noise * b).collect();
            let (found, expected) = (linear_cka(&tensor(&a, 7), &tensor(&b, 7)), cka_by_rows(&a, 7, &b, 7));
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        let wider = features(300, 11, 0.5, 3);
        let (found, expected) = (linear_cka(&tensor(&a, 7), &tensor(&wider, 11)), cka_by_rows(&a, 7, &wider, 11));
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }

    #[test]
    fn linear_cka_is_one_for_features_that_were_turned_moved_and_scaled_and_nan_for_constant_ones() {
        let a = features(50, 2, 1.0, 4);
        // A quarter turn, three times as long, elsewhere.
        let turned: Vec<f32> = a.chunks(2).flat_map(|row| [5.0 - 3.0 * row[1], 3.0 * row[0] - 8.0]).collect();
        let found = linear_cka(&tensor(&a, 2), &tensor(&turned, 2));
        assert!((found - 1.0).abs() < 1e-6, "{found}");
        assert!(linear_cka(&tensor(&a, 2), &tensor(&[2.0; 100], 2)).is_nan());
    }
}
