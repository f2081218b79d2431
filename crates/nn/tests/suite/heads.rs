use bmae_architecture::Precision;
use bmae_nn::{
    ClassWeights, Classifier, HeadInit, LinearProbe, Pooling, ShapeError, cross_entropy, parameters,
    soft_cross_entropy, weighted_cross_entropy, weighted_soft_cross_entropy,
};

use crate::tiny::*;

/// Logits ln 1, ln 2, ln 5 have probabilities 1/8, 2/8, 5/8.
#[test]
fn cross_entropy_with_label_smoothing_by_hand() {
    let logits = || tensor(vec![0.0, 2f32.ln(), 5f32.ln(), 0.0, 0.0, 0.0], [2, 3], &device());
    let uniform = 3f32.ln();
    let plain = (-(5f32 / 8.0).ln() + uniform) / 2.0;
    assert_close(&values(cross_entropy(logits(), &[2, 0], 0.0).unwrap()), &[plain], 1e-6);

    // Smoothing 0.3 gives 0.8 for the label and 0.1 for each other class.
    let first = -(0.8 * (5f32 / 8.0).ln() + 0.1 * (2f32 / 8.0).ln() + 0.1 * (1f32 / 8.0).ln());
    assert_close(&values(cross_entropy(logits(), &[2, 0], 0.3).unwrap()), &[(first + uniform) / 2.0], 1e-6);
}

#[test]
fn soft_targets_that_are_certain_are_labels() {
    let logits = || tensor(uniform(6, 60), [2, 3], &device());
    let certain = tensor(vec![0., 1., 0., 1., 0., 0.], [2, 3], &device());
    assert_eq!(values(soft_cross_entropy(logits(), certain)), values(cross_entropy(logits(), &[1, 0], 0.0).unwrap()));
}

/// Loss and gradient of `CrossEntropyLoss(weight=[10/18, 10/9, 10/3], label_smoothing)` of PyTorch 2: with labels their
/// weights divide the sum, with probabilities the number of images does.
#[test]
fn weighted_losses_and_their_gradients_are_those_of_pytorch() {
    let (weights, labels) = (ClassWeights::balanced(&[6, 3, 1]), [2, 0, 0, 1]);
    let logits = vec![0.5, -1.0, 2.0, 1.5, 0.25, -0.75, -0.5, 0.0, 0.125, 2.0, 1.0, -1.0];
    let logits = || tensor(logits.clone(), [4, 3], &device()).require_grad();
    let of_labels = |smoothing| {
        let logits = logits();
        let loss = weighted_cross_entropy(logits.clone(), &labels, smoothing, &weights, weights.sum(&labels)).unwrap();
        (logits, loss)
    };
    let soft = vec![0.1, 0.2, 0.7, 0.5, 0.5, 0.0, 0.9, 0.05, 0.05, 0.0, 0.25, 0.75];
    let of_soft = || {
        let logits = logits();
        let soft = tensor(soft, [4, 3], &device());
        (logits.clone(), weighted_soft_cross_entropy(logits, soft, &weights).unwrap())
    };
    let expected = [
        (
            of_labels(0.0),
            0.598_440_65,
            [
                0.10517424,
                0.02346754,
                -0.12864178,
                -0.02815597,
                0.02058366,
                0.00757231,
                -0.07786126,
                0.03650063,
                0.04136063,
                0.14107692,
                -0.14810072,
                0.00702381,
            ],
        ),
        (
            of_labels(0.3),
            1.025_003_8,
            [
                0.0793981,
                -5.259e-05,
                -0.07934552,
                0.03495045,
                0.01293385,
                -0.0478843,
                -0.04457801,
                0.03840099,
                0.006177,
                0.15223846,
                -0.10031582,
                -0.05192262,
            ],
        ),
        (
            of_soft(),
            3.013_600_8,
            [
                0.10053679,
                -0.03002374,
                -0.07051302,
                0.08023063,
                -0.09600627,
                0.01577564,
                -0.08502726,
                0.05201501,
                0.03301224,
                0.48985037,
                0.11076143,
                -0.600_611_8,
            ],
        ),
    ];
    for ((logits, loss), value, gradient) in expected {
        let mut recorded = loss.backward();
        assert_close(&values(loss), &[value], 1e-6);
        assert_close(&values(logits.grad_remove(&mut recorded).expect("a gradient")), &gradient, 1e-6);
    }
}

#[test]
fn weights_of_one_are_no_weights_and_another_number_of_them_is_refused() {
    let logits = || tensor(uniform(6, 60), [2, 3], &device());
    let alike = ClassWeights::balanced(&[4, 4, 4]);
    let plain = values(cross_entropy(logits(), &[1, 0], 0.1).unwrap());
    assert_close(&values(weighted_cross_entropy(logits(), &[1, 0], 0.1, &alike, 2.0).unwrap()), &plain, 1e-6);
    let refused = weighted_cross_entropy(logits(), &[1, 0], 0.1, &ClassWeights::balanced(&[1, 2]), 2.0).unwrap_err();
    assert!(refused.to_string().contains("2 values, but one for each of 3 classes"), "{refused}");
}

#[test]
fn a_label_that_no_class_has_is_refused_by_label_and_classes() {
    for label in [-1, 3, i64::MAX] {
        let refused = cross_entropy(tensor(uniform(6, 60), [2, 3], &device()), &[0, label], 0.1).unwrap_err();
        assert_eq!(refused, ShapeError::Label { label, classes: 3 });
        let sentence = refused.to_string();
        assert!(
            sentence.contains(&format!("label is {label}")) && sentence.contains("3 classes, 0 to 2"),
            "{sentence}"
        );
    }
    assert!(cross_entropy(tensor(uniform(6, 60), [2, 3], &device()), &[0], 0.1).is_err(), "one label for two images");
}

/// Column one: 1, 2, 6 (mean 3, biased variance 14/3, unbiased 7); column two: -1, 0, 1 (mean 0, 2/3, 1).
#[test]
fn batch_norm_normalises_by_the_biased_variance_and_accumulates_the_unbiased() {
    let mut probe = LinearProbe::init(2, 2, Precision::F32, &mut rng(61), &device());
    let batch = tensor(vec![1., -1., 2., 0., 6., 1.], [3, 2], &device());
    let (a, b) = ((14f32 / 3.0 + 1e-6).sqrt(), (2f32 / 3.0 + 1e-6).sqrt());
    let got = values(probe.batchnorm.forward_train(batch.clone()).unwrap());
    assert_close(&got, &[-2. / a, -1. / b, -1. / a, 0., 3. / a, 1. / b], 1e-6);
    assert_close(&values(probe.batchnorm.running_mean.val()), &[0.3, 0.0], 1e-6);
    assert_close(&values(probe.batchnorm.running_var.val()), &[0.9 + 0.7, 0.9 + 0.1], 1e-6);

    // Evaluation uses the running statistics and leaves them.
    let got = values(probe.batchnorm.forward_eval(tensor(vec![0.3, 2.0], [1, 2], &device())));
    assert_close(&got, &[0.0, 2.0], 1e-5);

    probe.forward_train(batch).unwrap();
    assert_close(&values(probe.batchnorm.running_mean.val()), &[0.57, 0.0], 1e-6);
    assert_close(&values(probe.batchnorm.running_var.val()), &[0.9 * 1.6 + 0.7, 1.0], 1e-6);
}

#[test]
fn running_statistics_are_saved_but_not_trained() {
    let mut probe = LinearProbe::init(4, 3, Precision::F32, &mut rng(62), &device());
    probe.forward_train(tensor(uniform(8 * 4, 63), [8, 4], &device())).unwrap();
    let listed: Vec<(String, bool)> = parameters(&probe).into_iter().map(|p| (p.name, p.trainable)).collect();
    let want = [
        ("batchnorm.running_mean", false),
        ("batchnorm.running_var", false),
        ("head.weight", true),
        ("head.bias", true),
    ];
    assert_eq!(listed, want.map(|(name, trainable)| (name.to_string(), trainable)));
}

#[test]
fn one_row_has_no_batch_statistics() {
    let mut probe = LinearProbe::init(2, 2, Precision::F32, &mut rng(64), &device());
    let refused = probe.forward_train(tensor(vec![1., 2.], [1, 2], &device())).unwrap_err();
    assert_eq!(refused, ShapeError::BatchTooSmall { found: 1 });
}

#[test]
fn mean_pooling_has_fc_norm_instead_of_norm_and_the_class_token_the_reverse() {
    let names = |pooling| {
        let model = Classifier::init(encoder(65), 5, pooling, HeadInit::FINETUNE, &mut rng(66));
        parameters(&model).into_iter().map(|p| p.name).collect::<Vec<_>>()
    };
    let has = |names: &[String], name: &str| names.iter().any(|n| n == name);
    let (mean, token) = (names(Pooling::Mean), names(Pooling::ClassToken));
    assert!(has(&mean, "fc_norm.weight") && !has(&mean, "norm.weight") && has(&mean, "head.weight"));
    assert!(has(&token, "norm.weight") && !has(&token, "fc_norm.weight") && has(&token, "head.weight"));
}

#[test]
fn mean_pooling_leaves_the_class_token_out() {
    let mut model = Classifier::init(encoder(67), 5, Pooling::Mean, HeadInit::PROBE, &mut rng(68));
    // Without blocks nothing mixes the tokens, so another class token must change nothing.
    model.encoder.blocks.clear();
    let batch = || tensor(patches(2, 69), [2, PATCHES, PATCH_LEN], &device());
    let before = values(model.forward(batch()));
    let model = bmae_nn::map_parameters(model, |name, _, old| (name == "cls_token").then(|| old + 3.0));
    assert_eq!(values(model.forward(batch())), before);
    assert!(before.iter().any(|&x| x != 0.0));
}
