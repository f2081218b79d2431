//! What the bootstrapped methods stand on.

use bmae_architecture::Precision;
use bmae_nn::{Linear, gradients, masked_rows, mean_squared_error, parameters};
use burn::module::Module;
use burn::tensor::Tensor;

use crate::tiny::*;

fn features(seed: u64) -> Tensor<3> {
    tensor(uniform(2 * PATCHES * 8, seed), [2, PATCHES, 8], &device().inner())
}

/// sum_i w_i |p - t_i|^2 = W |p - t|^2 + const, with t the weighted mean and W the sum of the weights.
#[test]
fn one_pass_against_the_weighted_mean_has_the_gradient_of_the_sum_of_two_losses() {
    let model = autoencoder(40).replace_head(Linear::init_pytorch(4, 8, Precision::F32, &mut rng(41), &device()));
    let (patches, masking) = (patches(2, 42), masking(2, 43));
    let predict = || model.predict_masked(model.encoder.forward_masked(&patches, &masking).unwrap(), &masking);
    let (fast, slow, weight) = (masked_rows(features(44), &masking), masked_rows(features(45), &masking), 0.2);

    let two = mean_squared_error(predict(), fast.clone().autodiff())
        + mean_squared_error(predict(), slow.clone().autodiff()) * weight;
    let mean = (fast + slow * weight) / (1.0 + weight);
    let one = mean_squared_error(predict(), mean.autodiff()) * (1.0 + weight);

    let two = gradients(&model, &mut two.backward());
    let one = gradients(&model, &mut one.backward());
    assert_eq!(two.keys().collect::<Vec<_>>(), one.keys().collect::<Vec<_>>());
    for (name, gradient) in two {
        let want = values(gradient);
        assert!(want.iter().any(|&x| x != 0.0), "{name} has no gradient at all");
        assert_close(&values(one[&name].clone()), &want, 1e-5);
    }
}

#[test]
fn a_target_encoder_yields_untracked_features_without_autodiff() {
    let student = autoencoder(46);
    let target = student.encoder.valid();
    assert!(parameters(&target).iter().all(|p| !p.trainable));
    let features = target.forward(tensor(patches(2, 47), [2, PATCHES, PATCH_LEN], &device().inner()));
    assert!(!features.is_autodiff() && !features.is_tracked());
}

#[test]
fn a_target_encoder_has_the_students_features_and_keeps_them_when_the_student_changes() {
    let student = encoder(48);
    let target = student.valid();
    let batch = |device| tensor(patches(2, 49), [2, PATCHES, PATCH_LEN], &device);
    let before = values(target.forward(batch(device().inner())));
    assert_close(&values(student.forward(batch(device()))), &before, 1e-5);

    let changed = bmae_nn::map_parameters(student, |_, _, old| Some(old * 2.0));
    assert_ne!(values(changed.forward(batch(device()))), before);
    assert_eq!(values(target.forward(batch(device().inner()))), before);
}

#[test]
fn a_loss_against_a_target_on_the_inner_device_needs_no_conversion() {
    let model = autoencoder(50).replace_head(Linear::init_pytorch(4, 8, Precision::F32, &mut rng(51), &device()));
    let masking = masking(2, 52);
    let latent = model.encoder.forward_masked(&patches(2, 53), &masking).unwrap();
    let loss = mean_squared_error(model.predict_masked(latent, &masking), masked_rows(features(54), &masking));
    assert!(!gradients(&model, &mut loss.backward()).is_empty());
}

#[test]
fn a_mapped_parameter_requires_a_gradient_if_it_did_before() {
    let model = autoencoder(55);
    let before: Vec<bool> = parameters(&model).iter().map(|p| p.trainable).collect();
    assert!(before.contains(&true) && before.contains(&false));
    let mapped = bmae_nn::map_parameters(model, |name, _, old| name.ends_with("bias").then(|| old + 1.0));
    let after = parameters(&mapped);
    assert_eq!(after.iter().map(|p| p.trainable).collect::<Vec<_>>(), before);
    let bias = after.into_iter().find(|p| p.name == "blocks.1.mlp.fc2.bias").unwrap();
    assert_eq!(values(bias.values), [1.0; 8]);
}
