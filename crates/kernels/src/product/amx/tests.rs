use super::emulated::EmulatedTiles;
use super::*;

fn numbers(n: usize, seed: u32) -> Vec<f32> {
    (0..n as u32).map(|i| ((i + seed).wrapping_mul(2_654_435_761) >> 8) as f32 / 8_388_608.0 - 1.0).collect()
}

fn bf16(value: f32) -> u16 {
    (crate::bf16::rounded_bits(value) >> 16) as u16
}

/// What a factor's number becomes.
fn rounded(value: f32) -> f64 {
    f64::from(f32::from_bits(u32::from(bf16(value)) << 16))
}

/// Makes one product on emulated registers and, where the machine has them, on the real ones, each into a copy of
/// `out`. Both must give the same bits.
fn product_on_all(left: LeftRows<'_>, right: RightPanels<'_>, epilogue: Epilogue<'_>, out: &mut [f32]) {
    let mut copy = out.to_vec();
    ProductOfTiles { left, right, epilogue, out: Out::Flat(out), first: 0 }.run(&mut EmulatedTiles::default());
    if let Some(permission) = AmxPermission::of_process() {
        product(permission, left, right, epilogue, Out::Flat(&mut copy), 0);
        for (place, (real, emulated)) in copy.iter().zip(&*out).enumerate() {
            let same = real.to_bits() == emulated.to_bits() || real.is_nan() && emulated.is_nan();
            assert!(same, "number {place} is {real:e}, emulated {emulated:e}");
        }
    }
}

fn right_panels(packed: &[u16], k: usize, columns: usize) -> RightPanels<'_> {
    RightPanels { values: packed, depth: padded_depth(k), columns }
}

/// left(i, k) right(k, j) summed in f64, and the sum of absolute values for the bound of its rounding.
fn reference(m: usize, k: usize, n: usize, at: impl Fn(usize, usize, usize) -> (f64, f64)) -> Vec<(f64, f64)> {
    let sum = |i, j| {
        (0..k).fold((0.0, 0.0), |(sum, size), l| {
            let (a, b) = at(i, l, j);
            (sum + a * b, size + (a * b).abs())
        })
    };
    (0..m * n).map(|place| sum(place / n, place % n)).collect()
}

fn assert_close(found: &[f32], expected: &[(f64, f64)], what: &str) {
    assert_eq!(found.len(), expected.len());
    for (place, (&found, &(sum, size))) in found.iter().zip(expected).enumerate() {
        assert!((f64::from(found) - sum).abs() <= 1e-6 * size, "{what}, number {place}: {found}, not {sum}");
    }
}

/// Sizes around every edge of tiles, pairs of tiles, panels and steps, and some of a model's.
const SIZES: [(usize, usize, usize); 16] = [
    (1, 1, 1),
    (2, 3, 5),
    (15, 31, 15),
    (16, 32, 16),
    (17, 33, 17),
    (31, 64, 31),
    (32, 65, 32),
    (33, 32, 33),
    (47, 5, 48),
    (48, 16, 49),
    (49, 1, 64),
    (64, 96, 65),
    (65, 48, 100),
    (3, 130, 8),
    (136, 64, 192),
    (5, 70, 144),
];

#[test]
fn a_linears_product_adds_its_bias_and_the_residual_to_the_product_of_rounded_factors() {
    for (m, k, n) in SIZES {
        let (x, weight, bias, residual) = (numbers(m * k, 1), numbers(n * k, 2), numbers(n, 3), numbers(m * n, 4));
        let plain = reference(m, k, n, |i, l, j| (rounded(x[i * k + l]), rounded(weight[j * k + l])));
        let mut left = vec![7; m * padded_depth(k)];
        round_rows(&x, k, &mut left);
        let mut right = vec![7; padded_columns(n) * padded_depth(k)];
        pack_right_transposed(&weight, n, k, &mut right);
        let left = LeftRows { values: &left, stride: padded_depth(k), rows: m };
        let right = right_panels(&right, k, n);
        let mut out = vec![f32::NAN; m * n];
        product_on_all(left, right, Epilogue::Plain, &mut out);
        assert_close(&out, &plain, &format!("{m}x{k}x{n}"));

        product_on_all(left, right, Epilogue::Bias(&bias), &mut out);
        let with = |place: usize| (plain[place].0 + f64::from(bias[place % n]), plain[place].1 + 1.0);
        assert_close(&out, &(0..m * n).map(with).collect::<Vec<_>>(), &format!("{m}x{k}x{n} with bias"));

        product_on_all(left, right, Epilogue::BiasAndResidual(&bias, &residual), &mut out);
        let with = |place: usize| (with(place).0 + f64::from(residual[place]), plain[place].1 + 2.0);
        assert_close(&out, &(0..m * n).map(with).collect::<Vec<_>>(), &format!("{m}x{k}x{n} with rows"));

        out.fill(3.0);
        product_on_all(left, right, Epilogue::Accumulate, &mut out);
        let with = |place: usize| (plain[place].0 + 3.0, plain[place].1 + 3.0);
        assert_close(&out, &(0..m * n).map(with).collect::<Vec<_>>(), &format!("{m}x{k}x{n}, added"));
    }
}

#[test]
fn a_gradient_goes_through_a_linear_by_its_weight_as_it_stands() {
    for (m, k, n) in SIZES {
        let (grad, weight) = (numbers(m * k, 5), numbers(k * n, 6));
        let expected = reference(m, k, n, |i, l, j| (rounded(grad[i * k + l]), rounded(weight[l * n + j])));
        let mut left = vec![7; m * padded_depth(k)];
        round_rows(&grad, k, &mut left);
        let mut right = vec![7; padded_columns(n) * padded_depth(k)];
        pack_right(&weight, n, 0, n, &mut right);
        let left = LeftRows { values: &left, stride: padded_depth(k), rows: m };
        let mut out = vec![f32::NAN; m * n];
        product_on_all(left, right_panels(&right, k, n), Epilogue::Plain, &mut out);
        assert_close(&out, &expected, &format!("{m}x{k}x{n}"));
    }
}

#[test]
fn a_part_of_a_weights_gradient_is_the_transposed_product_block_by_block() {
    // Rows of outputs and inputs, and the part's columns of each: where they begin, how many there are.
    for (depth, stride, columns) in [
        (70, [40, 50], [(0, 40), (0, 50)]),
        (131, [80, 96], [(16, 33), (48, 48)]),
        (1, [5, 40], [(2, 3), (1, 17)]),
        (64, [48, 40], [(5, 17), (7, 33)]),
    ] {
        let [(row, m), (column, n)] = columns;
        let (outputs, inputs) = (numbers(depth * stride[0], 7), numbers(depth * stride[1], 8));
        let expected = reference(m, depth, n, |i, l, j| {
            (rounded(outputs[l * stride[0] + row + i]), rounded(inputs[l * stride[1] + column + j]))
        });
        let mut out = vec![f32::NAN; m * n];
        let mut epilogue = Epilogue::Plain;
        let block = 48;
        for (outputs, inputs) in outputs.chunks(block * stride[0]).zip(inputs.chunks(block * stride[1])) {
            let k = inputs.len() / stride[1];
            let mut left = vec![7; padded_rows(m) * padded_depth(k)];
            pack_left_transposed(outputs, stride[0], row, m, &mut left);
            let mut right = vec![7; padded_columns(n) * padded_depth(k)];
            pack_right(inputs, stride[1], column, n, &mut right);
            let left = LeftRows { values: &left, stride: padded_depth(k), rows: m };
            product_on_all(left, right_panels(&right, k, n), epilogue, &mut out);
            epilogue = Epilogue::Accumulate;
        }
        assert_close(&out, &expected, &format!("{m}x{depth}x{n}"));
    }
}

#[test]
fn rows_that_lie_anywhere_take_the_same_sums_between_their_other_columns() {
    let (m, k, n, width, first) = (37, 40, 50, 60, 4);
    let (x, weight) = (numbers(m * k, 9), numbers(n * k, 10));
    let mut left = vec![0; m * padded_depth(k)];
    round_rows(&x, k, &mut left);
    let mut right = vec![0; padded_columns(n) * padded_depth(k)];
    pack_right_transposed(&weight, n, k, &mut right);
    let left = LeftRows { values: &left, stride: padded_depth(k), rows: m };
    let right = right_panels(&right, k, n);
    let mut flat = vec![f32::NAN; m * n];
    product_on_all(left, right, Epilogue::Plain, &mut flat);
    for permission in [None, AmxPermission::of_process()] {
        let mut wide = vec![5.0; m * width];
        let mut rows: Vec<&mut [f32]> = wide.chunks_mut(width).collect();
        let (epilogue, out) = (Epilogue::Plain, Out::Rows(&mut rows));
        match permission {
            Some(permission) => product(permission, left, right, epilogue, out, first),
            None => ProductOfTiles { left, right, epilogue, out, first }.run(&mut EmulatedTiles::default()),
        }
        for (row, expected) in wide.chunks(width).zip(flat.chunks(n)) {
            assert_eq!(&row[first..first + n], expected);
            assert!(row[..first].iter().chain(&row[first + n..]).all(|&value| value == 5.0));
        }
    }
}

#[test]
fn a_left_factor_may_be_a_part_of_longer_rows() {
    let (m, k, n) = (20, 32, 16);
    let (x, weight) = (numbers(m * 3 * k, 11), numbers(n * k, 12));
    let mut left = vec![0; m * 3 * k];
    round_rows(&x, 3 * k, &mut left);
    let mut right = vec![0; padded_columns(n) * k];
    pack_right_transposed(&weight, n, k, &mut right);
    let mut out = vec![f32::NAN; m * n];
    // The last third of each row: the last row ends with the slice.
    let left = LeftRows { values: &left[2 * k..], stride: 3 * k, rows: m };
    product_on_all(left, right_panels(&right, k, n), Epilogue::Plain, &mut out);
    let expected = reference(m, k, n, |i, l, j| (rounded(x[(i * 3 + 2) * k + l]), rounded(weight[j * k + l])));
    assert_close(&out, &expected, "a part of the rows");
}

#[test]
fn a_product_without_depth_is_zero_and_one_without_rows_or_columns_is_nothing() {
    let mut out = vec![f32::NAN; 6];
    let empty = LeftRows { values: &[], stride: 0, rows: 2 };
    product_on_all(empty, right_panels(&[], 0, 3), Epilogue::Plain, &mut out);
    assert_eq!(out, [0.0; 6]);
    let none = LeftRows { rows: 0, ..empty };
    product_on_all(none, right_panels(&[], 0, 3), Epilogue::Plain, &mut []);
    product_on_all(empty, right_panels(&[], 0, 0), Epilogue::Plain, &mut []);
}

/// What is not finite, what is denormal, and what becomes either: [`product_on_all`] compares the instructions with the
/// emulation.
#[test]
fn infinities_and_what_is_no_number_pass_through_and_denormal_numbers_count_as_zero() {
    let (tiny, huge) = (f32::MIN_POSITIVE, f32::from_bits(0x7f7f_0000));
    let special =
        [0.0, -0.0, 1.0, -1.5, tiny, -tiny, tiny / 2.0, huge, -huge, f32::INFINITY, f32::NAN, 2.0_f32.powi(-75)];
    let (m, k, n) = (special.len() * special.len(), 2, special.len());
    // Every pair of them is a row, and every one with -0.75 * 2^-75 a column.
    let x: Vec<f32> = special.iter().flat_map(|&a| special.iter().flat_map(move |&b| [a, b])).collect();
    let weight: Vec<f32> = special.iter().flat_map(|&a| [a, -0.75 * 2.0_f32.powi(-75)]).collect();
    let mut left = vec![0; m * padded_depth(k)];
    round_rows(&x, k, &mut left);
    let mut right = vec![0; padded_columns(n) * padded_depth(k)];
    pack_right_transposed(&weight, n, k, &mut right);
    let left = LeftRows { values: &left, stride: padded_depth(k), rows: m };
    let mut out = vec![f32::NAN; m * n];
    product_on_all(left, right_panels(&right, k, n), Epilogue::Plain, &mut out);
    let at = |row: [usize; 2], column: usize| out[(row[0] * special.len() + row[1]) * n + column];
    assert_eq!(at([7, 0], 7), f32::INFINITY, "too large");
    assert_eq!(at([9, 0], 2), f32::INFINITY);
    assert!(at([9, 0], 0).is_nan() && at([10, 2], 2).is_nan());
    assert_eq!(at([6, 0], 7), 0.0, "half the smallest normal number counts as zero");
    assert_eq!(at([4, 0], 3), -1.5 * tiny);
    for bits in out.iter().map(|value| value.to_bits()) {
        assert!(!f32::from_bits(bits).is_subnormal(), "a denormal sum");
    }
}

#[test]
fn packed_factors_are_rounded_numbers_in_their_places_and_zeros_elsewhere() {
    for (k, n) in [(1, 1), (31, 15), (32, 16), (33, 17), (70, 50), (64, 64)] {
        let (stride, first) = (n + 3, 2);
        let rows = numbers(k * stride, 13);
        let (depth, columns) = (padded_depth(k), padded_columns(n));
        let at = |l: usize, j: usize| if l < k && j < n { bf16(rows[l * stride + first + j]) } else { 0 };
        let in_panels = |place: usize| {
            let (panel, place) = (place / (depth * 32), place % (depth * 32));
            at(place / 64 * 2 + place % 2, panel * 32 + place % 64 / 2)
        };
        let expected: Vec<u16> = (0..columns * depth).map(in_panels).collect();
        let mut panels = vec![7; columns * depth];
        pack_right(&rows, stride, first, n, &mut panels);
        assert!(panels == expected, "the right factor {k}x{n}");

        let transposed: Vec<f32> = (0..n * k).map(|place| rows[place % k * stride + first + place / k]).collect();
        panels.fill(7);
        pack_right_transposed(&transposed, n, k, &mut panels);
        assert!(panels == expected, "the right factor {k}x{n} from its transpose");

        let mut left = vec![7; padded_rows(n) * depth];
        pack_left_transposed(&rows, stride, first, n, &mut left);
        let expected: Vec<u16> = (0..left.len()).map(|place| at(place % depth, place / depth)).collect();
        assert!(left == expected, "the left factor {n}x{k}");
        let mut left = vec![7; n * depth];
        round_rows(&transposed, k, &mut left);
        assert!(left == expected[..n * depth], "the left factor {n}x{k} from its rows");
    }
}

#[test]
#[should_panic(expected = "the left factor is [M, K], its rows padded")]
fn a_left_factor_whose_last_row_is_not_padded_is_refused() {
    let left = LeftRows { values: &[0; 32 + 31], stride: 32, rows: 2 };
    product_on_all(left, right_panels(&[0; 32 * 32], 32, 1), Epilogue::Plain, &mut [0.0; 2]);
}

#[test]
#[should_panic(expected = "the right factor is [K, N] in panels")]
fn a_right_factor_whose_last_panel_is_not_padded_is_refused() {
    let left = LeftRows { values: &[0; 32], stride: 32, rows: 1 };
    product_on_all(left, right_panels(&[0; 32 * 32], 32, 33), Epilogue::Plain, &mut [0.0; 33]);
}
