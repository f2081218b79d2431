use std::collections::BTreeMap;

use bmae_architecture::{Autoencoder, GridSize, PatchGrid, Precision, Transformer};
use bmae_nn::{Classifier, Encoder, EncoderInit, HeadInit, Linear, MaskedAutoencoder, Pooling, parameters};
use burn::module::Module;

use crate::tiny::*;

const WIDE: Autoencoder = Autoencoder {
    grid: PatchGrid::rgb(16, 4),
    encoder: Transformer::new(64, 1, 4, 4.0),
    decoder: Transformer::decoder(32, 1, 4),
};

fn by_name(module: &impl Module) -> BTreeMap<String, Vec<f32>> {
    parameters(module).into_iter().map(|p| (p.name, values(p.values))).collect()
}

/// Uniform within the bound: nothing outside, the largest close to it, deviation bound / sqrt 3 (to 3 %: thousands of
/// draws).
#[track_caller]
fn assert_uniform(values: &[f32], bound: f64) {
    let largest = values.iter().fold(0f32, |m, x| m.max(x.abs()));
    assert!(
        f64::from(largest) <= bound * 1.000_001 && f64::from(largest) > 0.95 * bound,
        "largest {largest}, bound {bound}"
    );
    if values.len() > 1000 {
        assert_deviation(values, bound / 3f64.sqrt(), 0.03);
    }
}

#[track_caller]
fn assert_deviation(values: &[f32], want: f64, tolerance: f64) {
    let n = values.len() as f64;
    let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
    let deviation = (values.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n).sqrt();
    assert!((deviation / want - 1.0).abs() < tolerance, "deviation {deviation}, want {want}");
    assert!(mean.abs() < 5.0 * want / n.sqrt(), "mean {mean}");
}

#[test]
fn the_autoencoder_is_drawn_as_the_official_mae() {
    let p = by_name(&MaskedAutoencoder::init(&WIDE, &mut rng(70), &device()).unwrap());
    let xavier = |fan_in: f64, fan_out: f64| (6.0 / (fan_in + fan_out)).sqrt();
    assert_uniform(&p["patch_embed.proj.weight"], xavier(48.0, 64.0));
    assert_uniform(&p["patch_embed.proj.bias"], 1.0 / 48f64.sqrt());
    assert_uniform(&p["blocks.0.attn.qkv.weight"], xavier(64.0, 192.0));
    assert_uniform(&p["blocks.0.attn.proj.weight"], xavier(64.0, 64.0));
    assert_uniform(&p["blocks.0.mlp.fc1.weight"], xavier(64.0, 256.0));
    assert_uniform(&p["blocks.0.mlp.fc2.weight"], xavier(64.0, 256.0));
    assert_uniform(&p["decoder_embed.weight"], xavier(64.0, 32.0));
    assert_uniform(&p["decoder_blocks.0.mlp.fc1.weight"], xavier(32.0, 128.0));
    assert_uniform(&p["decoder_pred.weight"], xavier(32.0, 48.0));
    // 64 and 32 draws: the deviation is good to about 1 / sqrt(2n), so 35 % is four of those for the larger one.
    assert_deviation(&p["cls_token"], 0.02, 0.35);
    assert_deviation(&p["mask_token"], 0.02, 0.5);
    for (name, values) in &p {
        let is_norm = name.contains("norm");
        if name.ends_with(".bias") && name != "patch_embed.proj.bias" {
            assert!(values.iter().all(|&x| x == 0.0), "{name} is not zero");
        } else if is_norm {
            assert!(values.iter().all(|&x| x == 1.0), "{name} is not one");
        }
    }
    assert_eq!(p["pos_embed"], bmae_nn::vit::positions::sin_cos(64, GridSize::square(4)));
    assert_eq!(p["decoder_pos_embed"], bmae_nn::vit::positions::sin_cos(32, GridSize::square(4)));
}

#[test]
fn timms_own_initialisation_is_normal_with_learnt_positions_and_a_plain_convolution() {
    let p = by_name(&Encoder::init(WIDE.grid, WIDE.encoder, EncoderInit::Timm, &mut rng(71), &device()).unwrap());
    assert_deviation(&p["blocks.0.attn.qkv.weight"], 0.02, 0.03);
    assert_deviation(&p["blocks.0.mlp.fc2.weight"], 0.02, 0.03);
    assert_deviation(&p["pos_embed"], 0.02, 0.1);
    assert_deviation(&p["cls_token"], 0.02, 0.35);
    assert_uniform(&p["patch_embed.proj.weight"], 1.0 / 48f64.sqrt());
    assert_uniform(&p["patch_embed.proj.bias"], 1.0 / 48f64.sqrt());
    assert!(p["blocks.0.attn.qkv.bias"].iter().all(|&x| x == 0.0));
    assert!(p["pos_embed"][..64].iter().any(|&x| x != 0.0), "the class token has a position too");
}

#[test]
fn class_heads_are_normal_with_the_deviation_of_their_use_and_zero_bias() {
    for (init, std) in [(HeadInit::FINETUNE, 2e-5), (HeadInit::PROBE, 0.01), (HeadInit::TIMM, 0.02)] {
        let encoder = Encoder::init(WIDE.grid, WIDE.encoder, EncoderInit::Mae, &mut rng(72), &device()).unwrap();
        let p = by_name(&Classifier::init(encoder, 100, Pooling::Mean, init, &mut rng(73)));
        assert_deviation(&p["head.weight"], std, 0.05);
        assert!(p["head.bias"].iter().all(|&x| x == 0.0));
    }
}

#[test]
fn a_new_prediction_head_is_drawn_as_pytorch_draws_a_linear() {
    let head = by_name(&Linear::init_pytorch(64, 100, Precision::F32, &mut rng(74), &device()));
    assert_uniform(&head["weight"], 1.0 / 8.0);
    assert_uniform(&head["bias"], 1.0 / 8.0);
}

#[test]
fn a_model_depends_on_its_generator_alone() {
    let same = by_name(&autoencoder(75));
    assert_eq!(by_name(&autoencoder(75)), same);
    assert_ne!(by_name(&autoencoder(76)), same);
    // The encoder is drawn first, so an encoder alone from the same generator is the same.
    let alone = by_name(&encoder(75));
    assert!(alone.iter().all(|(name, values)| same[name] == *values));
}
