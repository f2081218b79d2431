//! How batches are mixed.

use std::collections::BTreeMap;

use bmae_architecture::ImageSize;
use bmae_data::mixing::{DrawnMixing, Mixing};
use bmae_data::random::Purpose;

use super::goodness_of_fit::{assert_counts, assert_follows, assert_frequency, beta};
use super::{DRAWS, generators};

const BOTH: Mixing = Mixing { mixup: 0.8, cutmix: 1.0, probability: 1.0, switch_probability: 0.5 };

fn draws(mixing: Mixing, image_size: usize) -> Vec<DrawnMixing> {
    let draw = |mut generator| mixing.draw(ImageSize::square(image_size), &mut generator).expect("good numbers");
    generators(Purpose::Mixing).map(draw).collect()
}

#[test]
fn lambda_follows_its_beta_distribution() {
    for alpha in [0.2, 0.8, 1.0, 3.0] {
        let mixing = Mixing { mixup: alpha, cutmix: 0.0, ..BOTH };
        let lambdas = draws(mixing, 32).iter().map(|mix| mix.lambda(ImageSize::square(32))).collect();
        assert_follows(&format!("mixup lambda, alpha {alpha}"), lambdas, beta(alpha, |_| 1.0));
    }
}

#[test]
fn batches_are_mixed_and_methods_switched_with_their_probabilities() {
    for (probability, switch_probability) in [(1.0, 0.5), (0.7, 0.2)] {
        let mut counts = [0; 3];
        for mix in draws(Mixing { probability, switch_probability, ..BOTH }, 32) {
            counts[match mix {
                DrawnMixing::Nothing => 0,
                DrawnMixing::Mixup { .. } => 1,
                DrawnMixing::CutMix { .. } => 2,
            }] += 1;
        }
        let cut = probability * switch_probability;
        let what = format!("mixed with {probability}, cut with {switch_probability}");
        assert_counts(&what, &counts, &[1.0 - probability, probability - cut, cut]);
    }
}

#[test]
fn with_one_method_on_the_switch_does_not_matter() {
    let only_mixup = Mixing { cutmix: 0.0, switch_probability: 1.0, ..BOTH };
    assert!(draws(only_mixup, 8).iter().all(|mix| matches!(mix, DrawnMixing::Mixup { .. })));
    let only_cutmix = Mixing { mixup: 0.0, switch_probability: 0.0, ..BOTH };
    assert!(draws(only_cutmix, 8).iter().all(|mix| matches!(mix, DrawnMixing::CutMix { .. })));
}

#[test]
fn each_method_uses_its_own_alpha() {
    let both = draws(Mixing { mixup: 0.3, cutmix: 5.0, ..BOTH }, 1 << 20);
    let lambdas = both
        .iter()
        .filter(|mix| matches!(mix, DrawnMixing::Mixup { .. }))
        .map(|mix| mix.lambda(ImageSize::square(1 << 20)));
    assert_follows("mixup lambda beside CutMix", lambdas.collect(), beta(0.3, |_| 1.0));
}

/// Where a rectangle's rows lie within a large image, their share c is seen whole: with the probability 1 - c. Without
/// that, c^2 = 1 - lambda follows the Beta distribution.
#[test]
fn the_rectangles_side_is_the_root_of_one_minus_lambda() {
    const SIDE: usize = 1 << 24;
    for alpha in [0.5, 1.0, 2.0] {
        let mut squares = Vec::new();
        for mix in draws(Mixing { mixup: 0.0, cutmix: alpha, ..BOTH }, SIDE) {
            if let DrawnMixing::CutMix { rows, .. } = mix
                && rows.start > 0
                && rows.end < SIDE
            {
                squares.push((rows.len() as f64 / SIDE as f64).powi(2));
            }
        }
        assert_follows(&format!("CutMix side, alpha {alpha}"), squares, beta(alpha, |square| 1.0 - square.sqrt()));
    }
}

/// In an image of six pixels and with a uniform lambda, every rectangle has a probability that can be counted out: the
/// side is k (before halving) with (2 k + 1) / 36, each centre has 1 / 36.
#[test]
fn every_rectangle_is_as_likely_as_its_side_and_its_centre() {
    const SIDE: usize = 6;
    let mut probabilities = BTreeMap::new();
    for side in 0..SIDE {
        let span = |centre: usize| (centre.saturating_sub(side / 2), (centre + side / 2).min(SIDE));
        for (row, column) in (0..SIDE).flat_map(|row| (0..SIDE).map(move |column| (row, column))) {
            *probabilities.entry((span(row), span(column))).or_insert(0.0) += (2 * side + 1) as f64 / 36.0 / 36.0;
        }
    }
    let mut counts: BTreeMap<_, u64> = probabilities.keys().map(|&rectangle| (rectangle, 0)).collect();
    for mix in draws(Mixing { mixup: 0.0, ..BOTH }, SIDE) {
        let DrawnMixing::CutMix { rows, columns } = mix else { panic!("only CutMix is on") };
        let rectangle = ((rows.start, rows.end), (columns.start, columns.end));
        *counts.get_mut(&rectangle).expect("a rectangle that can be drawn") += 1;
    }
    let (counts, probabilities): (Vec<u64>, Vec<f64>) = counts.into_values().zip(probabilities.into_values()).unzip();
    assert_counts("CutMix rectangles", &counts, &probabilities);
}

#[test]
fn the_share_is_what_the_rectangle_leaves() {
    let large = draws(Mixing { mixup: 0.0, ..BOTH }, 1000);
    let untouched = large.iter().filter(|mix| mix.lambda(ImageSize::square(1000)) == 1.0).count() as u64;
    // The side is 0 or 1, and then no row is cut, if 1 - lambda < (2 / 1000)^2.
    assert!(untouched < 10, "{untouched} of {DRAWS}");
    for mix in large {
        let lambda = mix.lambda(ImageSize::square(1000));
        let DrawnMixing::CutMix { rows, columns } = mix else { panic!("only CutMix is on") };
        assert!((1.0 - lambda - rows.len() as f64 / 1000.0 * columns.len() as f64 / 1000.0).abs() < 1e-12);
    }
    let half = draws(Mixing { probability: 0.5, ..BOTH }, 8);
    let nothing = half.iter().filter(|mix| matches!(mix, DrawnMixing::Nothing)).count() as u64;
    assert_frequency("not mixed", nothing, DRAWS, 0.5);
}
