//! Gradients against central finite differences, through whole losses: any op with a wrong gradient shows here.

use std::collections::BTreeMap;

use bmae_architecture::Precision;
use bmae_nn::{
    ClassWeights, Classifier, HeadInit, LinearProbe, Pooling, cross_entropy, gradients, map_parameters,
    mean_squared_error, parameters, weighted_cross_entropy,
};
use burn::module::Module;
use burn::tensor::Tensor;

use crate::tiny::*;

/// Half the width of the difference. The losses are near one and f32 carries 6e-8 of them, so the quotient is good to
/// about 2e-5; the third derivative contributes its value times STEP^2 / 6.
const STEP: f32 = 4e-3;
/// Allowed difference: the quotient's own error, with room for the curvature of LayerNorms over four columns.
const TOLERANCE: f32 = 2e-3;
/// Coordinates of each parameter that are differenced, spread over it.
const COORDINATES: usize = 4;

/// Compares the gradient of `loss` for every trainable parameter of `module` with differences.
fn check<M: Module>(module: M, loss: impl Fn(&M) -> Tensor<1>) {
    let got: BTreeMap<String, Vec<f32>> =
        gradients(&module, &mut loss(&module).backward()).into_iter().map(|(name, g)| (name, values(g))).collect();
    let trainable: Vec<String> = parameters(&module).into_iter().filter(|p| p.trainable).map(|p| p.name).collect();
    assert!(!trainable.is_empty());
    assert_eq!(
        got.keys().cloned().collect::<Vec<_>>(),
        {
            let mut t = trainable.clone();
            t.sort();
            t
        },
        "all trainable, only those"
    );

    let mut largest = 0f32;
    for (name, gradient) in &got {
        let n = gradient.len();
        for at in (0..COORDINATES.min(n)).map(|i| (i * n / COORDINATES.min(n) + i) % n) {
            let moved = |by: f32| {
                let module = map_parameters(module.clone(), |this, _, old| {
                    (this == name).then(|| {
                        let device = old.device();
                        let mut moved = values(old);
                        moved[at] += by;
                        tensor(moved, [n], &device)
                    })
                });
                f64::from(values(loss(&module))[0])
            };
            let difference = ((moved(STEP) - moved(-STEP)) / (2.0 * f64::from(STEP))) as f32;
            assert!(
                (gradient[at] - difference).abs() <= TOLERANCE * difference.abs().max(1.0),
                "{name}[{at}]: gradient {}, difference {difference}",
                gradient[at]
            );
            largest = largest.max(difference.abs());
        }
    }
    assert!(largest > 10.0 * TOLERANCE, "gradients of at most {largest} prove nothing");
}

/// Random instead of zero biases and small tokens, so that no term of a gradient vanishes.
fn stirred<M: Module>(module: M) -> M {
    let mut seed = 100;
    map_parameters(module, |_, _, old| {
        seed += 1;
        let device = old.device();
        let old = values(old);
        let noise = uniform(old.len(), seed);
        Some(tensor(old.iter().zip(noise).map(|(a, b)| a + 0.3 * b).collect(), [old.len()], &device))
    })
}

#[test]
fn of_the_masked_autoencoder() {
    let (patches, masking) = (patches(2, 20), masking(2, 21));
    let target = masking.masked_values(&patches, PATCH_LEN);
    let rows = masking.masked().len();
    check(stirred(autoencoder(22)), |model| {
        let latent = model.encoder.forward_masked(&patches, &masking).unwrap();
        let target = tensor(target.clone(), [rows, PATCH_LEN], &device());
        mean_squared_error(model.predict_masked(latent, &masking), target)
    });
}

#[test]
fn of_the_classifier_with_either_pooling() {
    for pooling in [Pooling::Mean, Pooling::ClassToken] {
        let model = Classifier::init(encoder(23), 3, pooling, HeadInit::PROBE, &mut rng(24));
        check(stirred(model), |model| {
            let patches = tensor(patches(3, 25), [3, PATCHES, PATCH_LEN], &device());
            cross_entropy(model.forward(patches), &[2, 0, 1], 0.1).unwrap()
        });
    }
}

#[test]
fn of_the_probe() {
    check(stirred(LinearProbe::init(6, 3, Precision::F32, &mut rng(26), &device())), |probe| {
        let features = tensor(uniform(4 * 6, 27), [4, 6], &device());
        cross_entropy(probe.clone().forward_train(features).unwrap(), &[0, 1, 2, 1], 0.0).unwrap()
    });
}

#[test]
fn of_a_loss_that_weighs_its_classes() {
    let weights = ClassWeights::balanced(&[1, 5, 2]);
    let model = Classifier::init(encoder(33), 3, Pooling::Mean, HeadInit::PROBE, &mut rng(34));
    check(stirred(model), |model| {
        let patches = tensor(patches(3, 35), [3, PATCHES, PATCH_LEN], &device());
        let labels = [2, 0, 1];
        weighted_cross_entropy(model.forward(patches), &labels, 0.1, &weights, weights.sum(&labels)).unwrap()
    });
}

#[test]
fn frozen_blocks_and_what_is_before_them_have_no_gradient_and_the_others_have_the_same() {
    let model = stirred(Classifier::init(encoder(36), 3, Pooling::Mean, HeadInit::PROBE, &mut rng(37)));
    let of = |model: &Classifier| {
        let patches = tensor(patches(3, 38), [3, PATCHES, PATCH_LEN], &device());
        let loss = cross_entropy(model.forward(patches), &[2, 0, 1], 0.1).unwrap();
        let gradients = gradients(model, &mut loss.backward());
        gradients.into_iter().map(|(name, gradient)| (name, values(gradient))).collect::<BTreeMap<_, _>>()
    };
    let all = of(&model);
    let is_learning = |name: &str, blocks: usize| {
        let block = name.strip_prefix("blocks.").and_then(|rest| rest.split('.').next()?.parse::<usize>().ok());
        block.map_or_else(|| name.starts_with("head.") || name.starts_with("fc_norm."), |block| block >= blocks)
    };
    for blocks in 1..=SIZES.encoder.depth {
        let mut expected = all.clone();
        expected.retain(|name, _| is_learning(name, blocks));
        let frozen = of(&model.clone().with_frozen_blocks(blocks));
        assert_eq!(frozen.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{blocks}");
        assert_eq!(frozen, expected, "{blocks}");
    }
    assert_eq!(of(&model.with_frozen_blocks(0)), all);
}

#[test]
fn the_masked_rows_of_the_whole_prediction_are_the_masked_prediction() {
    let (model, masking) = (stirred(autoencoder(30)), masking(2, 31));
    let latent = model.encoder.forward_masked(&patches(2, 32), &masking).unwrap();
    let whole = model.predict(latent.clone(), &masking);
    assert_eq!(whole.dims(), [2, PATCHES, PATCH_LEN]);
    let want = values(bmae_nn::masked_rows(whole, &masking));
    assert_close(&values(model.predict_masked(latent, &masking)), &want, 1e-5);
}
