//! Every option of `[method]` and `[[method.targets]]`, each by a test that fails when the option is not read.

use bmae_nn::{Encoder, StateDict};
use bmae_recipe::Stage;
use bmae_train::pretrain::Student;
use burn::module::Module;
use burn::tensor::{Tensor, TensorData};

use crate::small::{Watching, metrics, planned, pretrain, recipe, session, weights};
use crate::students::{STEPS, device, encoder_values, sorted, step, student, target_values};

pub const EPOCHS: usize = 3;

type Values = Vec<(String, Vec<f32>)>;

pub fn custom(target: &str) -> String {
    format!("pretrain.epochs = {EPOCHS}\nmethod.name = 'custom'\nmethod.wse = 0\n[[method.targets]]\n{target}")
}

fn assert_is(found: &Values, expected: &Values, what: &str) {
    for ((name, found), (_, expected)) in found.iter().zip(expected) {
        for (found, expected) in found.iter().zip(expected) {
            // One rounding of f32 for each update of a value below 2.
            assert!((found - expected).abs() < 2e-6, "{what}, {name}: {found}, expected {expected}");
        }
    }
}

fn averaged(target: &Values, student: &Values, tau: f32) -> Values {
    let mean = |(old, new): (&f32, &f32)| (1.0 - tau) * old + tau * new;
    let both = target.iter().zip(student);
    both.map(|((name, old), (_, new))| (name.clone(), old.iter().zip(new).map(mean).collect())).collect()
}

/// With these keys: trains through all epochs and follows target 0 by hand, averaged after each step or epoch with the tau of that
/// update.
pub fn follow(keys: &str, by_step: bool, tau: impl Fn(usize) -> f32) {
    let (_, mut student) = student(keys);
    let mut expected = sorted(encoder_values(&student));
    let mut updates = 0;
    for epoch in 0..EPOCHS {
        student.start_epoch(epoch).expect("starts");
        for number in 0..STEPS {
            step(&mut student, epoch, number);
            if by_step {
                expected = averaged(&expected, &sorted(encoder_values(&student)), tau(updates));
                updates += 1;
            }
            assert_is(&sorted(target_values(&student, 0)), &expected, &format!("epoch {epoch}, step {number}"));
        }
        student.end_epoch(epoch);
        if !by_step {
            expected = averaged(&expected, &sorted(encoder_values(&student)), tau(updates));
            updates += 1;
        }
        assert_is(&sorted(target_values(&student, 0)), &expected, &format!("after epoch {epoch}"));
    }
    assert_eq!(updates, if by_step { EPOCHS * STEPS } else { EPOCHS });
}

#[test]
fn unit_an_average_by_step_takes_tau_of_the_student_after_every_step() {
    follow(&custom("update = 'ema'\nunit = 'step'\ntau = 0.3"), true, |_| 0.3);
}

#[test]
fn unit_an_average_by_epoch_takes_tau_of_the_student_after_every_epoch() {
    follow(&custom("update = 'ema'\nunit = 'epoch'\ntau = 0.3"), false, |_| 0.3);
}

#[test]
fn ramp_linear_moves_tau_in_equal_steps_to_tau_end_at_the_last_update() {
    let by_step = |update: usize| 0.6 - 0.5 * update as f32 / (EPOCHS * STEPS - 1) as f32;
    follow(&custom("unit = 'step'\ntau = 0.6\ntau_end = 0.1\nramp = 'linear'"), true, by_step);
    follow(&custom("tau = 0.6\ntau_end = 0.2\nramp = 'linear'"), false, |update| 0.6 - 0.2 * update as f32);
}

#[test]
fn ramp_cosine_moves_tau_along_half_a_cosine() {
    let by_step = |update: usize| {
        let share = update as f32 / (EPOCHS * STEPS - 1) as f32;
        0.1 + 0.25 * (1.0 + (std::f32::consts::PI * share).cos())
    };
    follow(&custom("unit = 'step'\ntau = 0.6\ntau_end = 0.1\nramp = 'cosine'"), true, by_step);
}

/// A batch of two images as patches, without autodiff.
pub fn patches() -> Tensor<3> {
    let values = (0..2 * 16 * 48).map(|i| ((i * 37 % 101) as f32 - 50.0) / 40.0).collect::<Vec<_>>();
    Tensor::from_data(TensorData::new(values, [2, 16, 48]), &device().inner())
}

/// The features of the only target of a student with these keys, and the student's own encoder at that moment.
pub fn features_of(target: &str) -> (Vec<Vec<f32>>, Encoder) {
    let (_, mut student) = student(&custom(target));
    step(&mut student, 0, 0);
    student.start_epoch(0).expect("starts");
    let mut features = student.targets().features(&patches()).expect("features");
    assert_eq!(features.len(), 1);
    (rows(features.remove(0)), student.model().encoder.valid())
}

pub fn rows(tokens: Tensor<3>) -> Vec<Vec<f32>> {
    let [_, _, dim] = tokens.dims();
    tokens.into_data().iter::<f32>().collect::<Vec<_>>().chunks(dim).map(<[f32]>::to_vec).collect()
}

/// Patch tokens of the mean of the last `n` blocks, without the class token.
fn last_blocks(encoder: &Encoder, n: usize) -> Vec<Vec<f32>> {
    let tokens = encoder.forward_last_blocks(patches(), n).expect("it has as many blocks");
    let [images, count, dim] = tokens.dims();
    rows(tokens.slice([0..images, 1..count, 0..dim]))
}

#[test]
fn normalisation_none_keeps_the_affine_norm_and_layer_norm_leaves_mean_zero_and_variance_one() {
    let (published, encoder) = features_of("normalisation = 'none'");
    assert_eq!(published, last_blocks(&encoder, 1));
    let (normalised, _) = features_of("normalisation = 'layer-norm'");
    for (row, plain) in normalised.iter().zip(&published) {
        let mean = |row: &[f32]| row.iter().sum::<f32>() / row.len() as f32;
        let variance = |row: &[f32]| row.iter().map(|x| (x - mean(row)).powi(2)).sum::<f32>() / row.len() as f32;
        assert!(mean(row).abs() < 1e-5 && (variance(row) - 1.0).abs() < 1e-4, "{row:?}");
        for (value, plain_value) in row.iter().zip(plain) {
            let expected = (plain_value - mean(plain)) / (variance(plain) + 1e-6).sqrt();
            assert!((value - expected).abs() < 1e-4, "{value}, expected {expected}");
        }
    }
    assert_ne!(normalised, published, "one step has moved the norm's weights from one");
}

#[test]
fn last_blocks_averages_the_outputs_of_so_many_blocks() {
    let (one, encoder) = features_of("last_blocks = 1");
    assert_eq!(one, last_blocks(&encoder, 1));
    let (two, encoder) = features_of("last_blocks = 2");
    assert_eq!(two, last_blocks(&encoder, 2));
    assert_ne!(one, two);
}

/// The student of a method with two targets after a few steps of epochs 1 and 2.
fn after_steps(keys: &str) -> (Student, Vec<bmae_train::pretrain::StepReport>) {
    let (_, mut student) = student(keys);
    let mut reports = Vec::new();
    for epoch in 0..3 {
        student.start_epoch(epoch).expect("starts");
        reports.extend((0..2).map(|number| step(&mut student, epoch, number)));
        student.end_epoch(epoch);
    }
    (student, reports)
}

#[test]
fn slow_weight_weighs_the_copied_target_in_loss_and_gradient() {
    let of = |weight: f64| {
        after_steps(&format!("method.name = 'mae-new'\nmethod.k = 1\nmethod.tau = 0.5\nmethod.slow_weight = {weight}"))
    };
    let (heavy, reports) = of(0.7);
    for report in &reports[2..] {
        let expected = report.targets[0].item() + 0.7 * report.targets[1].item();
        assert!((report.loss.item() - expected).abs() < 1e-9, "{report:?}");
    }
    assert_ne!(reports[5].targets[0].item(), reports[5].targets[1].item(), "fast and slow have parted");
    // Of no weight at all the copy leaves EMA-MAE, bit for bit.
    let (weightless, _) = of(0.0);
    let (ema, _) = after_steps("method.name = 'ema-mae'\nmethod.wse = 1\nmethod.tau = 0.5");
    assert_eq!(encoder_values(&weightless), encoder_values(&ema));
    assert_ne!(encoder_values(&heavy), encoder_values(&ema));
}

#[test]
fn weight_scales_loss_and_gradient_of_its_target() {
    let of = |weight: f64| {
        let (_, mut student) = student(&custom(&format!("weight = {weight}\ntau = 0.5")));
        student.start_epoch(0).expect("starts");
        step(&mut student, 0, 0)
    };
    let (one, three) = (of(1.0), of(3.0));
    assert!((three.loss.item() - 3.0 * one.loss.item()).abs() < 1e-6 * three.loss.item(), "{one:?} {three:?}");
    assert!((three.gradient_norm.item() - 3.0 * one.gradient_norm.item()).abs() < 1e-5 * three.gradient_norm.item());
}

#[test]
fn copy_at_epoch_end_renews_the_target_after_the_training_of_its_epoch_and_epoch_start_before() {
    for (at, epoch_of_copy) in [("epoch-start", 2), ("epoch-end", 1)] {
        let (_, mut student) = student(&format!("method.name = 'mae-k'\nmethod.k = 1\nmethod.copy_at = '{at}'"));
        let own = |student: &Student| sorted(encoder_values(student));
        let target = |student: &Student| sorted(target_values(student, 0));
        student.start_epoch(1).expect("starts");
        step(&mut student, 1, 0);
        let before = target(&student);
        assert_ne!(own(&student), before);
        student.end_epoch(1);
        match epoch_of_copy {
            1 => assert_eq!(target(&student), own(&student), "{at}: renewed after the training of epoch 1"),
            _ => assert_eq!(target(&student), before, "{at}: not yet"),
        }
        step(&mut student, 1, 1);
        student.start_epoch(2).expect("starts");
        assert_eq!(target(&student) == own(&student), at == "epoch-start", "{at}: before the training of epoch 2");
    }
}

#[test]
fn every_counts_the_epochs_between_two_copies() {
    let (_, mut student) = student(&custom("update = 'copy'\nevery = 2"));
    let mut copied = Vec::new();
    for epoch in 0..6 {
        if student.start_epoch(epoch).expect("starts").is_some() {
            copied.push(epoch);
        }
        step(&mut student, epoch, 0);
        assert_eq!(student.end_epoch(epoch), None);
    }
    assert_eq!(copied, [0, 2, 4]);
}

const WITH_PIXELS: &str = "method.name = 'mae-k'\nmethod.k = 1\nmethod.pixel_weight = 0.5";

fn head(student: &Student, name: &str) -> Option<bmae_nn::Array> {
    StateDict::of(student.model()).tensors.get(name).cloned()
}

#[test]
fn pixel_weight_keeps_the_head_for_pixels_with_its_weights_and_moments() {
    let (recipe, mut student) = student(WITH_PIXELS);
    step(&mut student, 0, 0);
    step(&mut student, 0, 1);
    let (before, state) = (head(&student, "decoder_pred.weight"), student.snapshot().values);
    assert_eq!(head(&student, "pixel_pred.weight"), None, "there is one head during the warm-up");
    student.start_epoch(1).expect("starts");
    assert_eq!(head(&student, "pixel_pred.weight"), before);
    let [features, pixels] =
        ["decoder_pred.weight", "pixel_pred.weight"].map(|name| head(&student, name).expect("a head"));
    assert_eq!((features.shape[0], pixels.shape[0]), (recipe.model.encoder.dim, 48));
    for what in ["first", "second", "updates"] {
        let after = student.snapshot().values;
        assert_eq!(
            after[&format!("optimiser/pixel_pred.weight/{what}")],
            state[&format!("optimiser/decoder_pred.weight/{what}")]
        );
        assert!(!after.contains_key(&format!("optimiser/decoder_pred.weight/{what}")), "the new head starts anew");
    }
    step(&mut student, 1, 0);
    assert_eq!(student.snapshot().values["optimiser/pixel_pred.weight/updates"], [3.0]);
    assert_eq!(student.snapshot().values["optimiser/decoder_pred.weight/updates"], [1.0]);
    assert_ne!(head(&student, "pixel_pred.weight"), before, "it goes on learning");
}

#[test]
fn pixel_weight_adds_the_weighted_pixel_loss_to_loss_and_gradient() {
    let report = |weight: &str| {
        let (_, mut student) = student(&format!("method.name = 'mae-k'\nmethod.k = 1\nmethod.pixel_weight = {weight}"));
        student.start_epoch(1).expect("starts");
        let report = step(&mut student, 1, 0);
        (report, StateDict::of(student.model()))
    };
    let ((without, _), (half, _), (heavy, _)) = (report("0"), report("0.5"), report("4.0"));
    assert!(without.pixel.is_none());
    let (pixel, feature) = (half.pixel.as_ref().expect("a pixel loss").item(), half.targets[0].item());
    assert!(pixel > 0.0 && (half.loss.item() - (feature + 0.5 * pixel)).abs() < 1e-9, "{half:?}");
    assert_eq!(
        (heavy.pixel.map(|loss| loss.item()), heavy.targets[0].item()),
        (Some(pixel), feature),
        "the same losses of another weight"
    );
    assert!((feature - without.targets[0].item()).abs() < 1e-6, "the features' loss is what it is without");
    assert!(
        heavy.gradient_norm.item() > half.gradient_norm.item()
            && half.gradient_norm.item() > without.gradient_norm.item()
    );
}

/// The pixel loss after the switch is the one that MAE would have had: the same head on the same decoder.
#[test]
fn pixel_weight_compares_with_the_pixels_that_the_warm_up_predicted() {
    for norm_pix in [false, true] {
        let of = |method: &str| {
            let (_, mut student) = student(&format!("{method}\npretrain.norm_pix = {norm_pix}"));
            student.start_epoch(1).expect("starts");
            step(&mut student, 1, 0)
        };
        let (pixels, both) = (of("method.name = 'mae'"), of(WITH_PIXELS));
        assert!(
            (both.pixel.as_ref().expect("a pixel loss").item() - pixels.loss.item()).abs() < 1e-6 * pixels.loss.item(),
            "{pixels:?} {both:?}"
        );
    }
}

#[test]
fn pixel_weight_means_nothing_to_a_method_without_targets() {
    let after = |keys: &str| encoder_values(&after_steps(keys).0);
    assert_eq!(after("method.name = 'mae'\nmethod.pixel_weight = 2.0"), after("method.name = 'mae'"));
}

#[test]
fn pixel_weight_takes_micro_batches_to_the_same_step() {
    let of = |accumulate: usize| {
        let (_, mut student) = student(&format!("{WITH_PIXELS}\npretrain.accumulate = {accumulate}"));
        student.start_epoch(1).expect("starts");
        step(&mut student, 1, 0)
    };
    let (whole, parts) = (of(1), of(4));
    // Sums in another order: f32 rounding of sums of some thousand terms.
    assert!((whole.loss.item() - parts.loss.item()).abs() < 1e-5 * whole.loss.item(), "{whole:?} {parts:?}");
    let [whole, parts] =
        [whole, parts].map(|report| (report.pixel.expect("a pixel loss").item(), report.gradient_norm.item()));
    assert!((whole.0 - parts.0).abs() < 1e-5 * whole.0 && (whole.1 - parts.1).abs() < 1e-4 * whole.1);
}

#[test]
fn pixel_weight_is_logged_resumed_and_left_out_by_evaluations() {
    let folder = tempfile::tempdir().expect("a folder");
    let recipe = recipe(&format!("pretrain.epochs = 3\n{WITH_PIXELS}"));
    let (whole, stopped) = (folder.path().join("whole"), folder.path().join("stopped"));
    pretrain(&recipe, &whole, false, None).expect("trains");
    // 4 steps an epoch: step 10 lies in epoch 2, after the switch.
    pretrain(&recipe, &stopped, false, Some(10)).expect("stops");
    pretrain(&recipe, &stopped, true, None).expect("goes on");
    assert_eq!(metrics(&stopped), metrics(&whole));
    assert_eq!(weights(&stopped).tensors, weights(&whole).tensors, "bit for bit");
    assert!(weights(&whole).tensors.contains_key("pixel_pred.bias"));
    for line in metrics(&whole).iter().filter(|line| line["kind"] == "step") {
        match line.get("pixel") {
            None => assert_eq!(line["epoch"], 0, "pixels alone in the warm-up: {line:?}"),
            Some(pixel) => {
                let (pixel, loss) = (pixel.as_f64().expect("a number"), line["loss"].as_f64().expect("a number"));
                let feature = line["targets"][0].as_f64().expect("a number");
                assert!((loss - feature - 0.5 * pixel).abs() < 1e-9, "{line:?}");
            }
        }
    }
    let start = bmae_recipe::Start::From(whole);
    let out = folder.path().join("knn");
    bmae_train::run::stage(
        &mut session(&mut Watching::default(), 1),
        &planned(Stage::Knn, &recipe, &start, &out),
        false,
    )
    .expect("evaluates");
}

#[test]
fn scratch_init_timm_draws_positions_that_mae_fixes_to_sines_and_cosines() {
    use bmae_recipe::Start;
    use bmae_train::run;
    let folder = tempfile::tempdir().expect("a folder");
    let positions = |init: &str| {
        let recipe = recipe(&format!("finetune.epochs = 1\nfinetune.base_lr = 0.0\nmethod.scratch_init = '{init}'"));
        let out = folder.path().join(init);
        let mut watching = Watching::default();
        run::stage(&mut session(&mut watching, 1), &planned(Stage::Finetune, &recipe, &Start::Scratch, &out), false)
            .expect("trains");
        weights(&out)
    };
    let (mae, timm) = (positions("mae"), positions("timm"));
    assert_eq!(
        mae.tensors["pos_embed"].values,
        bmae_nn::vit::positions::sin_cos(16, bmae_architecture::GridSize::square(4))
    );
    let deviation = |values: &[f32]| (values.iter().map(|x| x * x).sum::<f32>() / values.len() as f32).sqrt();
    // 272 draws: four standard errors are 17 %.
    assert!((deviation(&timm.tensors["pos_embed"].values) / 0.02 - 1.0).abs() < 0.2);
    assert!((deviation(&timm.tensors["head.weight"].values) / 0.02 - 1.0).abs() < 0.3, "timm's head");
    assert!(deviation(&mae.tensors["head.weight"].values) < 1e-4, "the official fine-tuning head");

    // Trained in fine-tuning, frozen in the probe.
    let recipe = recipe("finetune.epochs = 1\nlinprobe.epochs = 1\nmethod.scratch_init = 'timm'");
    let (tuned, probed) = (folder.path().join("tuned"), folder.path().join("probed"));
    let mut watching = Watching::default();
    run::stage(&mut session(&mut watching, 1), &planned(Stage::Finetune, &recipe, &Start::Scratch, &tuned), false)
        .expect("trains");
    run::stage(&mut session(&mut watching, 1), &planned(Stage::Linprobe, &recipe, &Start::Scratch, &probed), false)
        .expect("trains");
    assert_ne!(weights(&tuned).tensors["pos_embed"], timm.tensors["pos_embed"]);
    assert_eq!(weights(&probed).tensors["pos_embed"], timm.tensors["pos_embed"]);
}

#[test]
fn a_frozen_heads_gradient_counts_neither_in_the_norm_nor_in_clipping() {
    let norm_after_the_switch = |feature_head: &str| {
        let keys = format!("method.name = 'mae-k'\nmethod.k = 1\nmethod.feature_head = '{feature_head}'");
        let (_, mut student) = student(&keys);
        student.start_epoch(0).expect("pixels");
        step(&mut student, 0, 0);
        student.start_epoch(1).expect("features");
        step(&mut student, 1, 0).gradient_norm.item()
    };
    let (trainable, frozen) = (norm_after_the_switch("trainable"), norm_after_the_switch("frozen"));
    assert!(frozen < trainable * 0.999, "{frozen} of {trainable}");
}
