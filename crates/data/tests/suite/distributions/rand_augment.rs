//! Which operations RandAugment applies, and how strongly.

use bmae_data::Image;
use bmae_data::random::Purpose;
use bmae_data::transforms::RandAugment;
use bmae_data::transforms::rand_augment::{DrawnOperation, Operation};

use super::goodness_of_fit::{assert_counts, assert_follows_below, assert_frequency, normal};
use super::{DRAWS, generators};

const RECIPE: RandAugment = RandAugment::M9_MSTD05_INC1;
const OPERATIONS: usize = 15;

/// The two draws of every image.
fn draws() -> Vec<[Option<DrawnOperation>; 2]> {
    let pair = |mut generator| [RECIPE.draw(&mut generator), RECIPE.draw(&mut generator)];
    generators(Purpose::RandAugment).map(pair).collect()
}

fn place(step: &DrawnOperation) -> usize {
    Operation::ALL.iter().position(|operation| *operation == step.operation).expect("one of the fifteen")
}

#[test]
fn each_of_two_operations_is_applied_half_of_the_time() {
    let mut counts = [0; 3];
    for pair in draws() {
        counts[pair.iter().flatten().count()] += 1;
    }
    assert_counts("operations applied", &counts, &[0.25, 0.5, 0.25]);
}

#[test]
fn an_image_gets_exactly_two_draws() {
    let original = Image::new(32, 32, (0..3072_u32).map(|i| (i * 7 % 199) as u8).collect()).expect("32x32");
    for mut generator in generators(Purpose::RandAugment).take(300) {
        let (mut expected, mut image) = (original.clone(), original.clone());
        let steps = {
            let mut same = generator.clone();
            [RECIPE.draw(&mut same), RECIPE.draw(&mut same)]
        };
        for step in steps.iter().flatten() {
            step.apply(&mut expected, &[1.0 / 255.0, 2.0 / 255.0, 3.0 / 255.0]);
        }
        RECIPE.apply(&mut image, &[1.0 / 255.0, 2.0 / 255.0, 3.0 / 255.0], &mut generator);
        assert_eq!(image, expected);
    }
}

#[test]
fn all_fifteen_operations_are_equally_likely() {
    let mut counts = [0; OPERATIONS];
    for step in draws().iter().flatten().flatten() {
        counts[place(step)] += 1;
    }
    assert_counts("operations", &counts, &[1.0 / 15.0; OPERATIONS]);
}

#[test]
fn the_second_operation_does_not_depend_on_the_first() {
    let mut counts = [0; OPERATIONS * OPERATIONS];
    for pair in draws() {
        if let [Some(first), Some(second)] = pair {
            counts[place(&first) * OPERATIONS + place(&second)] += 1;
        }
    }
    assert_counts("pairs of operations", &counts, &[1.0 / 225.0; OPERATIONS * OPERATIONS]);
}

#[test]
fn magnitudes_are_normal_and_clipped_at_ten() {
    let levels: Vec<f64> = draws().iter().flatten().flatten().map(|step| step.magnitude).collect();
    assert!(levels.iter().all(|level| (0.0..=10.0).contains(level)));
    let clipped = levels.iter().filter(|&&level| level == 10.0).count() as u64;
    assert_frequency("magnitudes clipped", clipped, levels.len() as u64, 1.0 - normal(9.0, 0.5)(10.0));
    // The lower half, which nothing clips, shows the deviation: of n squares with the mean 1, each with the variance 2.
    let squares: Vec<f64> =
        levels.iter().filter(|&&level| level < 9.0).map(|level| ((level - 9.0) / 0.5).powi(2)).collect();
    let n = squares.len() as f64;
    let excess = (squares.iter().sum::<f64>() - n) / (2.0 * n).sqrt();
    assert!(excess.abs() < 3.9, "the squares of the deviations are {excess:.1} standard errors off");
    assert_follows_below("magnitudes", levels, 10.0, normal(9.0, 0.5));
}

#[test]
fn magnitudes_below_zero_become_zero() {
    let low = RandAugment { magnitude: 0.0, probability: 1.0, ..RECIPE };
    let zeros = generators(Purpose::RandAugment)
        .filter_map(|mut generator| low.draw(&mut generator))
        .filter(|step| step.magnitude == 0.0)
        .count() as u64;
    assert_frequency("magnitudes of zero", zeros, DRAWS, 0.5);
}

#[test]
fn both_directions_are_equally_likely_for_every_operation() {
    let mut counts = [0; 2 * OPERATIONS];
    for step in draws().iter().flatten().flatten() {
        counts[2 * place(step) + usize::from(step.negative)] += 1;
    }
    assert_counts("operations and directions", &counts, &[1.0 / 30.0; 2 * OPERATIONS]);
}
