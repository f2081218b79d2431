//! `forward` and `replay` from given weights: which tensors they need, which they ignore, and what they say.

use bmae_nn::{Array, StateDict, TensorFile};
use bmae_recipe::{Recipe, TrainedStage};
use bmae_train::TrainError;
use bmae_train::device::Device;
use bmae_train::forward::{self, Forward, Passed};
use bmae_train::observer::Message;
use bmae_train::pretrain::Student;
use bmae_train::replay;

use crate::small::recipe;

/// The small recipe's width, and that of its decoder.
const DIM: usize = 16;
const DECODER_DIM: usize = 12;

fn device() -> Device {
    Device::flex()
}

/// A fresh autoencoder of the recipe.
fn weights(recipe: &Recipe) -> StateDict {
    let student = Student::new(recipe, 1, &device().autodiff(), &mut |_| {}).expect("a student");
    StateDict { source: "w.safetensors".to_owned(), ..StateDict::of(student.model()) }
}

fn with_head(mut weights: StateDict, name: &str, outputs: usize) -> StateDict {
    let values = (0..outputs * DECODER_DIM).map(|n| ((n * 7) % 11) as f32 / 50.0 - 0.1).collect();
    weights.tensors.insert(format!("{name}.weight"), Array { shape: vec![outputs, DECODER_DIM], values });
    weights.tensors.insert(format!("{name}.bias"), Array { shape: vec![outputs], values: vec![0.0; outputs] });
    weights
}

fn without(mut weights: StateDict, names: &[&str]) -> StateDict {
    names.iter().for_each(|name| drop(weights.tensors.remove(*name)));
    weights
}

fn pixels(count: usize) -> Vec<f32> {
    (0..count).map(|n| ((n * 37) % 101) as f32 / 50.0 - 1.0).collect()
}

/// `steps` batches of two images, with noise and labels.
fn batches(steps: usize) -> TensorFile {
    let mut file = TensorFile::default();
    file.put_floats("images", &[steps, 2, 3, 16, 16], pixels(steps * 2 * 768));
    file.put_floats("noise", &[steps, 2, 16], pixels(steps * 32));
    file.put_integers("labels", &[steps, 2], (0..2 * steps as i64).map(|n| n % 2).collect());
    file
}

fn replayed(
    recipe: &Recipe,
    stage: TrainedStage,
    weights: &StateDict,
    batches: &TensorFile,
) -> (Result<TensorFile, TrainError>, Vec<Message>) {
    let mut said = Vec::new();
    let outputs = replay::run(recipe, stage, weights, batches, 2, &device(), &mut |message| said.push(message));
    (outputs, said)
}

fn passed(recipe: &Recipe, weights: &StateDict, target: Option<&StateDict>) -> Result<Passed, TrainError> {
    let mut inputs = TensorFile::default();
    inputs.put_floats("images", &[2, 3, 16, 16], pixels(2 * 768));
    forward::run(recipe, Forward { weights, target, gradients: false }, &inputs, &device(), &mut |_| {})
}

fn notes(said: &[Message]) -> String {
    format!("{said:?}")
}

#[test]
fn a_head_for_features_of_any_shape_is_ignored_where_pixels_are_predicted() {
    let mae = recipe("");
    let odd = with_head(weights(&mae), "feature_pred", 5);
    let (outputs, _) = replayed(&mae, TrainedStage::Pretrain, &odd, &batches(2));
    assert!(outputs.is_ok(), "{outputs:?}");
    assert!(passed(&mae, &odd, None).is_ok());
    // Before the switch it is not needed either.
    let later = recipe("method.name = 'mae-k'\nmethod.k = 1");
    assert!(replayed(&later, TrainedStage::Pretrain, &odd, &batches(2)).0.is_ok());
    let refused = replayed(&later, TrainedStage::Pretrain, &odd, &batches(3)).0.expect_err("the switch needs it");
    assert!(refused.to_string().contains("feature_pred.weight in w.safetensors has the shape [5, 12]"), "{refused}");
}

#[test]
fn the_head_for_features_is_the_one_that_only_they_fit() {
    let mae = recipe("");
    let target = weights(&mae);
    let head = |weights: &StateDict| passed(&mae, weights, Some(&target)).map(|passed| passed.head);
    let switched = with_head(weights(&mae), "decoder_pred", DIM);
    assert_eq!(head(&switched).expect("a pass"), "decoder_pred");
    assert_eq!(head(&with_head(switched, "feature_pred", DIM)).expect("a pass"), "decoder_pred");
    assert_eq!(head(&with_head(weights(&mae), "feature_pred", DIM)).expect("a pass"), "feature_pred");
    let refused = head(&weights(&mae)).expect_err("it predicts pixels").to_string();
    assert!(refused.contains("predicts 48 values, but the target has 16 features"), "{refused}");

    // Where pixels are as many as features, a head of features' own is the one.
    let alike = recipe("model.encoder.dim = 48");
    let both = with_head(weights(&alike), "feature_pred", 48);
    assert_eq!(passed(&alike, &both, Some(&both)).expect("a pass").head, "feature_pred");
    assert_eq!(passed(&alike, &weights(&alike), Some(&both)).expect("a pass").head, "decoder_pred");
}

#[test]
fn weights_of_features_name_what_replay_needs_to_go_on_with_them() {
    let mae = recipe("");
    let switched = with_head(weights(&mae), "decoder_pred", DIM);
    let refused = replayed(&mae, TrainedStage::Pretrain, &switched, &batches(2)).0.expect_err("no pixels").to_string();
    for part in ["predicts 16 values", "feature_pred.weight", "method.name = \"ema-mae\"", "method.wse = 0"] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    // A pass of pixels is refused whatever the method, not computed.
    let at_once = recipe("method.name = 'ema-mae'\nmethod.wse = 0");
    assert!(passed(&at_once, &switched, None).is_err());
    assert!(replayed(&at_once, TrainedStage::Pretrain, &switched, &batches(2)).0.is_ok());
}

#[test]
fn half_a_head_is_refused_and_a_fresh_one_is_said() {
    let ema = recipe("method.name = 'ema-mae'\nmethod.wse = 0");
    let (outputs, said) = replayed(&ema, TrainedStage::Pretrain, &weights(&ema), &batches(2));
    assert!(outputs.is_ok() && notes(&said).contains("has no feature_pred.{bias, weight}"), "{said:?}");
    let half = without(with_head(weights(&ema), "feature_pred", DIM), &["feature_pred.bias"]);
    let refused = replayed(&ema, TrainedStage::Pretrain, &half, &batches(2)).0.expect_err("half a head").to_string();
    assert!(refused.contains("feature_pred.bias in w.safetensors is missing, but feature_pred.weight is"), "{refused}");
    let half = without(weights(&ema), &["decoder_pred.weight"]);
    assert!(passed(&ema, &half, None).expect_err("half a head").to_string().contains("decoder_pred.weight in"));

    let mean = recipe("");
    for (stage, fresh) in [(TrainedStage::Finetune, "fc_norm"), (TrainedStage::Linprobe, "batchnorm.{running_mean")] {
        let (outputs, said) = replayed(&mean, stage, &weights(&mean), &batches(2));
        assert!(outputs.is_ok(), "{outputs:?}");
        assert!(notes(&said).contains(fresh) && notes(&said).contains("head"), "{stage:?}: {said:?}");
        let mut half = weights(&mean);
        half.tensors.insert("head.weight".to_owned(), Array { shape: vec![2, DIM], values: vec![0.0; 2 * DIM] });
        let refused = replayed(&mean, stage, &half, &batches(2)).0.expect_err("half a head").to_string();
        assert!(refused.contains("lacks 1 tensor (head.bias)"), "{refused}");
    }
    let mut half = weights(&mean);
    half.tensors.insert("batchnorm.running_mean".to_owned(), Array { shape: vec![DIM], values: vec![0.0; DIM] });
    let refused = replayed(&mean, TrainedStage::Linprobe, &half, &batches(2)).0.expect_err("half of it").to_string();
    assert!(refused.contains("batchnorm.running_var"), "{refused}");
}

#[test]
fn a_replay_may_go_on_beyond_the_last_epoch() {
    let methods = [
        "method.name = 'mae'",
        "method.name = 'custom'\nmethod.wse = 3\nmethod.targets = [{ tau = 0.5, tau_end = 0.1, ramp = 'cosine', unit = 'step' }]",
        "method.name = 'ema-mae'\nmethod.wse = 3",
    ];
    for method in methods {
        let short = recipe(&format!("pretrain.epochs = 2\npretrain.warmup_epochs = 2\n{method}"));
        let (outputs, _) = replayed(&short, TrainedStage::Pretrain, &weights(&short), &batches(10));
        let outputs = outputs.expect("five epochs");
        let (_, rates) = outputs.floats::<1>("lr", "[S]").expect("rates");
        assert!(
            rates.iter().all(|rate| rate.is_finite()) && rates[4..].iter().all(|rate| *rate == rates[4]),
            "{rates:?}"
        );
    }
}

#[test]
fn a_loss_that_is_no_number_ends_a_replay() {
    let mae = recipe("");
    let mut batches = batches(3);
    let mut images = pixels(3 * 2 * 768);
    images[2 * 2 * 768] = f32::NAN;
    batches.put_floats("images", &[3, 2, 3, 16, 16], images);
    let refused = replayed(&mae, TrainedStage::Finetune, &weights(&mae), &batches).0.expect_err("a NaN").to_string();
    assert!(refused.contains("the loss is NaN at step 2 of the replay (epoch 1"), "{refused}");
}

#[test]
fn images_that_do_not_fit_are_told_apart() {
    let mae = recipe("");
    let refused = |shape: &[usize]| {
        let mut inputs = TensorFile::default();
        inputs.put_floats("images", shape, vec![0.0; shape.iter().product()]);
        let of = Forward { weights: &weights(&mae), target: None, gradients: false };
        forward::run(&mae, of, &inputs, &device(), &mut |_| {}).expect_err("no images of this model").to_string()
    };
    for (shape, part) in [
        ([1, 1, 16, 16], "has 1 channels"),
        ([1, 16, 16, 3], "the channels come before rows and columns"),
        ([1, 3, 16, 8], "16 x 8 pixels, but the model is for 16 x 16: set data.image_size"),
        ([0, 3, 16, 16], "at least one image"),
        ([1, 3, 8, 8], "8 x 8 pixels, but the model is for 16 x 16: set data.image_size"),
    ] {
        let text = refused(&shape);
        assert!(text.contains(part), "{part}: {text}");
    }
}
