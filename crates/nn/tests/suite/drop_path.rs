//! Stochastic depth: what it leaves out, what it keeps, and where it does nothing.

use bmae_nn::ops;
use bmae_nn::vit::DropPath;
use bmae_nn::{Classifier, HeadInit, Pooling, cross_entropy, gradients, map_parameters};
use burn::module::Module;

use crate::tiny::*;

const IMAGES: usize = 4;

fn batch(seed: u64) -> burn::tensor::Tensor<3> {
    tensor(patches(IMAGES, seed), [IMAGES, PATCHES, PATCH_LEN], &device())
}

fn is_kept(factors: &[f32]) -> Vec<bool> {
    factors.iter().map(|&factor| factor > 0.0).collect()
}

#[test]
fn rates_rise_from_zero_at_the_first_block_to_the_whole_at_the_last_in_equal_steps() {
    let close = |found: Vec<f64>, expected: &[f64]| {
        assert_eq!(found.len(), expected.len());
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{found:?}");
    };
    close(DropPath::rates(0.1, 5), &[0.0, 0.025, 0.05, 0.075, 0.1]);
    close(DropPath::rates(0.3, 2), &[0.0, 0.3]);
    // PyTorch's linspace of one number is its start.
    close(DropPath::rates(0.3, 1), &[0.0]);
}

#[test]
fn branches_are_kept_as_often_as_their_rate_says_and_scaled_so_that_the_expectation_stays() {
    const DRAWS: usize = 40_000;
    let drawn = DropPath::draw(0.4, 3, DRAWS, &mut rng(80));
    assert_eq!(drawn.branch_factors(0), None, "the first block never drops anything");
    for (block, rate) in [(1, 0.2), (2, 0.4)] {
        let two = drawn.branch_factors(block).unwrap();
        for factors in two {
            let kept = is_kept(factors).into_iter().filter(|&kept| kept).count() as f64;
            // Five standard deviations of the share of 40,000 draws are about 0.012.
            assert!((kept / DRAWS as f64 - (1.0 - rate)).abs() < 0.012, "block {block}: {kept} kept");
            assert!(factors.iter().all(|&factor| factor == 0.0 || factor == (1.0 / (1.0 - rate)) as f32));
            let mean = factors.iter().map(|&factor| f64::from(factor)).sum::<f64>() / DRAWS as f64;
            assert!((mean - 1.0).abs() < 0.02, "block {block}: the mean factor is {mean}");
        }
        assert_ne!(is_kept(two[0]), is_kept(two[1]), "attention and MLP are drawn apart");
    }
}

#[test]
fn without_a_rate_the_pass_is_bit_identical_and_nothing_is_drawn() {
    use rand::RngExt;
    let encoder = encoder(81);
    let mut generator = rng(82);
    let none = DropPath::draw(0.0, 2, IMAGES, &mut generator);
    assert_eq!(generator.random::<u64>(), rng(82).random::<u64>());
    let plain = values(encoder.forward(batch(83)));
    assert_eq!(values(encoder.forward_train(batch(83), &none)), plain);
    assert_eq!(values(encoder.forward_train(batch(83), &DropPath::none())), plain);
}

/// A pair of factors for each sample: both branches kept, one of them, none.
const FACTORS: [[f32; IMAGES]; 2] = [[2.0, 0.0, 2.0, 0.0], [2.0, 2.0, 0.0, 0.0]];

#[test]
fn a_dropped_branch_passes_the_sample_through_and_a_kept_one_is_scaled() {
    let block = &encoder(84).blocks[0];
    let tokens = 3;
    let x = || tensor(uniform(IMAGES * tokens * 8, 85), [IMAGES * tokens, 8], &device());
    let got = values(block.forward_with(x(), tokens, Some([&FACTORS[0], &FACTORS[1]]), None));

    let attended = values(block.attn.forward(block.norm1.forward(x()), tokens));
    let per_image = tokens * 8;
    let middle: Vec<f32> =
        values(x()).iter().zip(&attended).enumerate().map(|(at, (x, a))| x + a * FACTORS[0][at / per_image]).collect();
    let of_middle = || tensor(middle.clone(), [IMAGES * tokens, 8], &device());
    let thought = values(block.mlp.forward(block.norm2.forward(of_middle())));
    let want: Vec<f32> =
        middle.iter().zip(&thought).enumerate().map(|(at, (x, m))| x + m * FACTORS[1][at / per_image]).collect();
    assert_close(&got, &want, 1e-6);
    // The last sample dropped both: it is itself, bit for bit.
    assert_eq!(got[3 * per_image..], values(x())[3 * per_image..]);
}

#[test]
fn a_block_is_attention_after_norm1_and_then_mlp_after_norm2_each_added_to_its_input() {
    let block = &encoder(84).blocks[1];
    let x = || tensor(uniform(IMAGES * 3 * 8, 85), [IMAGES * 3, 8], &device());
    let middle = || x() + block.attn.forward(block.norm1.forward(x()), 3);
    let want = values(middle() + block.mlp.forward(block.norm2.forward(middle())));
    assert_close(&values(block.forward(x(), 3)), &want, 1e-5);
    assert_close(&values(block.forward_with(x(), 3, Some([&[1.0; IMAGES], &[1.0; IMAGES]]), None)), &want, 1e-5);
}

#[test]
fn a_dropped_branch_gets_no_gradient() {
    let model = encoder(86);
    let gradient_of = |factors: [&[f32]; 2]| {
        let x = tensor(uniform(IMAGES * 2 * 8, 87), [IMAGES * 2, 8], &device());
        let out = model.blocks[0].forward_with(x, 2, Some(factors), None);
        let weights = tensor(uniform(IMAGES * 2 * 8, 88), [IMAGES * 2, 8], &device());
        gradients(&model.blocks[0], &mut (out * weights).sum().backward())
    };
    let zero = |name: &str, of: &std::collections::BTreeMap<String, burn::tensor::Tensor<1>>| {
        of.get(name).is_none_or(|gradient| values(gradient.clone()).iter().all(|&x| x == 0.0))
    };
    let (kept, dropped) = ([1.25; IMAGES], [0.0; IMAGES]);
    let attention = gradient_of([&dropped, &kept]);
    assert!(zero("attn.qkv.weight", &attention) && zero("norm1.weight", &attention));
    assert!(!zero("mlp.fc1.weight", &attention) && !zero("norm2.weight", &attention));
    let mlp = gradient_of([&kept, &dropped]);
    assert!(zero("mlp.fc2.bias", &mlp) && zero("norm2.bias", &mlp) && !zero("attn.qkv.weight", &mlp));
}

#[test]
fn a_part_of_the_batch_sees_its_own_samples_draws() {
    let encoder = encoder(89);
    let drawn = DropPath::draw(0.9, 2, IMAGES, &mut rng(90));
    let whole = values(encoder.forward_train(batch(91), &drawn));
    let half = IMAGES / 2;
    let second =
        tensor(patches(IMAGES, 91)[half * PATCHES * PATCH_LEN..].to_vec(), [half, PATCHES, PATCH_LEN], &device());
    let got = values(encoder.forward_train(second, &drawn.for_images(half..IMAGES)));
    assert_close(&got, &whole[whole.len() / 2..], 1e-5);
    assert_ne!(whole, values(encoder.forward(batch(91))), "something was dropped");
}

#[test]
fn evaluation_is_untouched_by_it() {
    let model = Classifier::init(encoder(92), 3, Pooling::Mean, HeadInit::PROBE, &mut rng(93));
    let before = values(model.forward(batch(94)));
    let drawn = DropPath::draw(0.9, 2, IMAGES, &mut rng(95));
    let trained = model.forward_train(batch(94), &drawn);
    assert_ne!(values(trained.clone()), before);
    cross_entropy(trained, &[0, 1, 2, 0], 0.1).unwrap().backward();
    assert_eq!(values(model.forward(batch(94))), before);
    let valid = values(model.valid().forward(batch(94).inner()));
    if ops::is_fused() {
        assert_eq!(valid, before);
    } else {
        // Burn's own operations round otherwise with autodiff than without.
        assert_close(&valid, &before, 1e-6);
    }
}

#[test]
fn an_encoder_whose_branches_are_all_dropped_is_its_embedding_and_final_norm() {
    let model = encoder(96);
    let all = DropPath::draw(1.0 - 1e-12, 2, IMAGES, &mut rng(97));
    // Block 0 has rate 0: silence it by its own output projections.
    let silent = map_parameters(model.clone(), |name, _, old| {
        let is_output = name.starts_with("blocks.0.attn.proj.") || name.starts_with("blocks.0.mlp.fc2.");
        is_output.then(|| old.zeros_like())
    });
    let mut empty = model;
    empty.blocks.clear();
    assert_eq!(values(silent.forward_train(batch(98), &all)), values(empty.forward(batch(98))));
}
