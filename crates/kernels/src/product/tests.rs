use bmae_architecture::Precision;

use super::*;

fn numbers(n: usize, seed: u32) -> Vec<f32> {
    (0..n as u32).map(|i| ((i + seed).wrapping_mul(2_654_435_761) >> 8) as f32 / 8_388_608.0 - 1.0).collect()
}

fn sets() -> impl Iterator<Item = InstructionSet> {
    InstructionSet::ALL.into_iter().filter(|set| set.is_present())
}

/// left(i, k) right(k, j) summed in f64, and the sum of absolute values for the bound of its rounding.
fn reference(m: usize, k: usize, n: usize, at: impl Fn(usize, usize, usize) -> (f32, f32)) -> Vec<(f64, f64)> {
    let sum = |i, j| {
        (0..k).fold((0.0, 0.0), |(sum, size), l| {
            let (a, b) = at(i, l, j);
            let product = f64::from(a) * f64::from(b);
            (sum + product, size + product.abs())
        })
    };
    (0..m * n).map(|place| sum(place / n, place % n)).collect()
}

fn assert_close(found: &[f32], expected: &[(f64, f64)], what: &str) {
    assert_eq!(found.len(), expected.len());
    for (place, (&found, &(sum, size))) in found.iter().zip(expected).enumerate() {
        assert!((f64::from(found) - sum).abs() <= 1e-6 * size + 1e-6, "{what}, number {place}: {found}, not {sum}");
    }
}

/// Sizes around every edge of the tiles and panels, and some of a model's.
const SIZES: [(usize, usize, usize); 14] = [
    (1, 1, 1),
    (2, 3, 5),
    (7, 4, 12),
    (8, 16, 48),
    (9, 17, 49),
    (15, 5, 47),
    (6, 1, 16),
    (13, 20, 36),
    (17, 12, 96),
    (31, 48, 64),
    (65, 33, 100),
    (24, 8, 8),
    (136, 64, 192),
    (5, 70, 144),
];

#[test]
fn a_linears_product_adds_its_bias_and_the_residual() {
    for set in sets() {
        for (m, k, n) in SIZES {
            let (x, weight, bias, residual) = (numbers(m * k, 1), numbers(n * k, 2), numbers(n, 3), numbers(m * n, 4));
            let packed = PackedMatrix::transposed_for(set, Precision::F32, &weight, n, k);
            let plain = reference(m, k, n, |i, l, j| (x[i * k + l], weight[j * k + l]));
            let mut out = vec![f32::NAN; m * n];
            product_with(set, &x, &packed, Epilogue::Plain, &mut out);
            assert_close(&out, &plain, &format!("{set} {m}x{k}x{n}"));

            product_with(set, &x, &packed, Epilogue::Bias(&bias), &mut out);
            let with = |place: usize| (plain[place].0 + f64::from(bias[place % n]), plain[place].1 + 1.0);
            assert_close(&out, &(0..m * n).map(with).collect::<Vec<_>>(), &format!("{set} {m}x{k}x{n} with bias"));

            product_with(set, &x, &packed, Epilogue::BiasAndResidual(&bias, &residual), &mut out);
            let with = |place: usize| (with(place).0 + f64::from(residual[place]), plain[place].1 + 2.0);
            assert_close(&out, &(0..m * n).map(with).collect::<Vec<_>>(), &format!("{set} {m}x{k}x{n} with rows"));
        }
    }
}

#[test]
fn a_gradient_goes_through_a_linear_by_its_weight_as_it_stands() {
    for set in sets() {
        for (m, k, n) in SIZES {
            let (left, right) = (numbers(m * k, 5), numbers(k * n, 6));
            let expected = reference(m, k, n, |i, l, j| (left[i * k + l], right[l * n + j]));
            let packed = PackedMatrix::new_for(set, Precision::F32, &right, k, n);
            let mut out = vec![f32::NAN; m * n];
            product_with(set, &left, &packed, Epilogue::Plain, &mut out);
            assert_close(&out, &expected, &format!("{set} {m}x{k}x{n}"));
            let twice: Vec<(f64, f64)> = expected.iter().map(|&(sum, size)| (2.0 * sum, 2.0 * size)).collect();
            product_with(set, &left, &packed, Epilogue::Accumulate, &mut out);
            assert_close(&out, &twice, &format!("{set} {m}x{k}x{n}, added"));
        }
    }
}

fn gradient(set: InstructionSet, outputs: &[f32], inputs: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    gradient_in(set, Precision::F32, outputs, inputs, (rows, inputs.len() / columns, columns))
}

/// [M, N] of `outputs` [R, M] and `inputs` [R, N].
fn gradient_in(
    set: InstructionSet,
    precision: Precision,
    outputs: &[f32],
    inputs: &[f32],
    (rows, _, columns): (usize, usize, usize),
) -> Vec<f32> {
    let mut out = vec![f32::NAN; rows * columns];
    let gradient = WeightGradient { outputs, inputs, gradient: &mut out, rows, columns };
    gradient::weight_gradients_with(set, vec![gradient], precision);
    out
}

#[test]
fn a_weights_gradient_is_the_transposed_product_at_any_depth() {
    for set in sets() {
        for (m, depth, n) in
            SIZES.into_iter().chain([(70, 131, 20), (16, 256, 48), (3, 128, 16), (5, 0, 4), (130, 60, 50)])
        {
            let (left, right) = (numbers(depth * m, 7), numbers(depth * n, 8));
            let expected = reference(m, depth, n, |i, l, j| (left[l * m + i], right[l * n + j]));
            assert_close(&gradient(set, &left, &right, m, n), &expected, &format!("{set} {m}x{depth}x{n}"));
        }
    }
}

/// `values` as a product of bfloat16 takes them, and what its elements are in this process.
fn to_bfloat16(values: &[f32]) -> Vec<f32> {
    crate::bf16::rounded_copy(values).to_vec()
}

#[test]
fn products_of_bfloat16_are_those_of_the_rounded_factors_added_up_in_f32() {
    for set in sets() {
        for (m, k, n) in SIZES {
            let what = format!("{set} {m}x{k}x{n} in bfloat16, {}", Bf16Products::current());
            let (left, right) = (numbers(m * k, 21), numbers(k * n, 22));
            let (rounded_left, rounded_right) = (to_bfloat16(&left), to_bfloat16(&right));
            let mut out = vec![f32::NAN; m * n];

            let of_linear = PackedMatrix::transposed_for(set, Precision::Bf16, &right, n, k);
            product_with(set, &left, &of_linear, Epilogue::Plain, &mut out);
            let expected = reference(m, k, n, |i, l, j| (rounded_left[i * k + l], rounded_right[j * k + l]));
            assert_close(&out, &expected, &what);

            let as_it_stands = PackedMatrix::new_for(set, Precision::Bf16, &right, k, n);
            product_with(set, &left, &as_it_stands, Epilogue::Plain, &mut out);
            let expected = reference(m, k, n, |i, l, j| (rounded_left[i * k + l], rounded_right[l * n + j]));
            assert_close(&out, &expected, &what);

            let gradient = gradient_in(set, Precision::Bf16, &left, &right, (m, k, n));
            let expected = reference(m, k, n, |i, l, j| (rounded_left[l * m + i], rounded_right[l * n + j]));
            assert_close(&gradient, &expected, &format!("{what}, gradient"));
        }
    }
}

#[test]
fn one_thread_and_three_give_the_same_bits() {
    let (left, right) = (numbers(700 * 200, 9), numbers(700 * 96, 10));
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| gradient(InstructionSet::current(), &left, &right, 200, 96))
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn a_product_on_all_threads_has_the_bits_of_one_on_the_calling_thread() {
    let (x, weight) = (numbers(700 * 40, 11), numbers(60 * 40, 12));
    let packed = PackedMatrix::transposed(&weight, 60, 40, Precision::F32);
    let (mut alone, mut together) = (vec![f32::NAN; 700 * 60], vec![f32::NAN; 700 * 60]);
    product(&x, &packed, Epilogue::Plain, &mut alone);
    product_on_all_threads(Operation::Linear, &x, &packed, None, &mut together);
    assert_eq!(alone, together);
}

#[test]
#[should_panic(expected = "the left factor is [M, K]")]
fn a_left_factor_of_another_length_is_refused() {
    product(&[0.0; 5], &PackedMatrix::transposed(&[0.0; 12], 4, 3, Precision::F32), Epilogue::Plain, &mut [0.0; 8]);
}
