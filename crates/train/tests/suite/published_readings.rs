//! Where the published code and the report can be read otherwise than the defaults do: each reading by a test that fails
//! when its option is not read.

use bmae_nn::{StateDict, TensorFile, patchify, pixel_target};
use bmae_recipe::TrainedStage;
use bmae_train::pretrain::{StepReport, Student};
use bmae_train::replay;
use burn::tensor::Tensor;

use crate::method_options::{EPOCHS, custom, features_of, follow, rows};
use crate::small::{events, metrics, pretrain, recipe, weights};
use crate::students::{STEPS, batch, device, encoder_values, sorted, step, student, target_values};

const MAE_NEW: &str = "method.name = 'mae-new'\nmethod.k = 1\nmethod.tau = 0.5\nmethod.slow_weight = 0.2";
const PATCHES: usize = 16;

/// A student of `MAE_NEW` and these keys after its switch and a few steps, its two targets different.
fn with_two_targets(keys: &str) -> Student {
    let (_, mut student) = student(&format!("{MAE_NEW}\n{keys}"));
    for epoch in 0..3 {
        student.start_epoch(epoch).expect("starts");
        let (images, noise) = batch(epoch, 0);
        // The same mask for both targets, so that shared and separate masks come to the same students.
        let noise = if keys.contains("separate") { interleaved(&noise, &noise) } else { noise };
        student.step(epoch, 0, 1e-2, &images, &noise).expect("a step");
        student.end_epoch(epoch);
    }
    student
}

/// [N, 2, L] of two [N, L].
fn interleaved(first: &[f32], second: &[f32]) -> Vec<f32> {
    let images = first.chunks(PATCHES).zip(second.chunks(PATCHES));
    images.flat_map(|(first, second)| first.iter().chain(second)).copied().collect()
}

fn close(found: f64, expected: f64) -> bool {
    (found - expected).abs() < 1e-5 * expected.abs()
}

#[test]
fn masks_separate_compares_each_target_on_its_own_mask_and_adds_the_gradients() {
    let (images, one) = batch(7, 0);
    let (_, two) = batch(7, 1);
    let of = |keys: &str, noise: &[f32]| {
        let mut student = with_two_targets(keys);
        let report = student.step(3, 0, 1e-2, &images, noise).expect("a step");
        (report, StateDict::of(student.model()))
    };
    let (separate, _) = of("method.masks = 'separate'", &interleaved(&one, &two));
    let ((on_one, _), (on_two, _)) = (of("method.masks = 'shared'", &one), of("method.masks = 'shared'", &two));
    assert!(close(separate.targets[0].item(), on_one.targets[0].item()), "{separate:?} {on_one:?}");
    assert!(close(separate.targets[1].item(), on_two.targets[1].item()), "{separate:?} {on_two:?}");
    assert!(!close(separate.targets[1].item(), on_one.targets[1].item()), "the masks tell the losses apart");
    assert!(close(separate.loss.item(), separate.targets[0].item() + 0.2 * separate.targets[1].item()), "{separate:?}");

    // On one and the same mask the two passes are the single one, gradient and step included.
    let (separate, learned) = of("method.masks = 'separate'", &interleaved(&one, &one));
    assert!(
        close(separate.loss.item(), on_one.loss.item())
            && close(separate.gradient_norm.item(), on_one.gradient_norm.item()),
        "{separate:?}"
    );
    let (_, expected) = of("method.masks = 'shared'", &one);
    for (name, array) in &expected.tensors {
        let largest = array.values.iter().fold(1e-6f32, |max, value| max.max(value.abs()));
        for (found, expected) in learned.tensors[name].values.iter().zip(&array.values) {
            // AdamW makes of a rounding of a small gradient a visible part of a step of 1e-2.
            assert!((found - expected).abs() <= 2e-3 * largest, "{name}: {found} {expected}");
        }
    }
}

#[test]
fn masks_separate_of_a_copy_without_weight_leave_ema_mae_bit_for_bit() {
    let (images, one) = batch(7, 0);
    let after = |keys: &str, noise: &[f32]| {
        let (_, mut student) = student(&format!("{keys}\nmethod.tau = 0.5"));
        student.start_epoch(1).expect("starts");
        let report = student.step(1, 0, 1e-2, &images, noise).expect("a step");
        (report.loss.item(), encoder_values(&student))
    };
    let noise = interleaved(&one, &batch(7, 1).1);
    let weightless = "method.name = 'mae-new'\nmethod.k = 1\nmethod.slow_weight = 0.0\nmethod.masks = 'separate'";
    assert_eq!(after(weightless, &noise), after("method.name = 'ema-mae'\nmethod.wse = 1", &one));
}

#[test]
fn masks_separate_takes_micro_batches_to_the_same_step() {
    let (images, one) = batch(7, 0);
    let noise = interleaved(&one, &batch(7, 1).1);
    let of = |accumulate: usize| {
        let mut student = with_two_targets(&format!("method.masks = 'separate'\npretrain.accumulate = {accumulate}"));
        student.step(3, 0, 1e-2, &images, &noise).expect("a step")
    };
    let (whole, parts) = (of(1), of(4));
    // Four steps of micro-batches lie behind them: rounding, as AdamW enlarges it.
    let near = |found: f64, expected: f64| (found - expected).abs() < 1e-3 * expected;
    assert!(
        near(parts.loss.item(), whole.loss.item()) && near(parts.gradient_norm.item(), whole.gradient_norm.item()),
        "{whole:?} {parts:?}"
    );
}

#[test]
fn masks_separate_replays_further_noise_and_says_what_is_missing() {
    let recipe = recipe(&format!("{MAE_NEW}\nmethod.masks = 'separate'"));
    let (_, student) = student(MAE_NEW);
    let (images, noise) = batch(0, 0);
    let mut batches = TensorFile::default();
    batches.put_floats("images", &[1, 16, 3, 16, 16], images);
    batches.put_floats("noise", &[1, 16, PATCHES], noise.clone());
    let weights = StateDict::of(student.model());
    let run = |batches: &TensorFile| {
        replay::run(&recipe, TrainedStage::Pretrain, &weights, batches, STEPS, &device().inner(), &mut |_| {})
    };
    let error = run(&batches).expect_err("there is no noise for the second target").to_string();
    assert!(error.contains("further_noise") && error.contains("[S, N, T-1, L]"), "{error}");
    batches.put_floats("further_noise", &[1, 16, 1, PATCHES], noise);
    run(&batches).expect("replays");
}

#[test]
fn warmup_weight_sum_multiplies_loss_and_gradient_of_the_warm_up_by_the_sum_of_the_weights() {
    let of = |weight: &str| -> [StepReport; 2] {
        let (_, mut student) = student(&format!("{MAE_NEW}\nmethod.warmup_weight = '{weight}'"));
        let (images, noise) = batch(0, 0);
        let mut report = |epoch: usize| {
            student.start_epoch(epoch).expect("starts");
            // At a rate of 0 the students stay what they were.
            student.step(epoch, 0, 0.0, &images, &noise).expect("a step")
        };
        [report(0), report(1)]
    };
    let ([one, after], [sum, after_sum]) = (of("one"), of("sum"));
    assert!(close(sum.loss.item(), 1.2 * one.loss.item()), "{one:?} {sum:?}");
    assert!(close(sum.gradient_norm.item(), 1.2 * one.gradient_norm.item()), "{one:?} {sum:?}");
    assert_eq!(after.loss.item(), after_sum.loss.item(), "nothing changes after the switch");
}

#[test]
fn normalisation_patch_norm_takes_each_patch_by_its_own_mean_and_unbiased_variance() {
    let (published, _) = features_of("normalisation = 'none'");
    let (normalised, _) = features_of("normalisation = 'patch-norm'");
    let (length, published) = (published[0].len(), published.concat());
    let expected = pixel_target(&published, length, true);
    let found = normalised.concat();
    assert!(found.iter().zip(&*expected).all(|(a, b)| (a - b).abs() < 1e-4));
    assert_ne!(normalised, features_of("normalisation = 'layer-norm'").0, "that one's variance is the biased one");
}

#[test]
fn born_at_the_start_an_average_follows_the_student_through_the_warm_up_and_its_ramp_counts_from_there() {
    let keys = |target: &str| custom(&format!("born = 'start'\n{target}")).replace("wse = 0", "wse = 2");
    follow(&keys("tau = 0.3"), false, |_| 0.3);
    let by_step = |update: usize| 0.6 - 0.5 * update as f32 / (EPOCHS * STEPS - 1) as f32;
    follow(&keys("unit = 'step'\ntau = 0.6\ntau_end = 0.1\nramp = 'linear'"), true, by_step);
}

#[test]
fn born_at_the_start_says_nothing_of_copies_which_are_made_at_the_switch() {
    let (_, mut student) = student(&format!("{MAE_NEW}\nmethod.born = 'start'"));
    student.start_epoch(0).expect("starts");
    let initial = sorted(encoder_values(&student));
    assert_eq!(sorted(target_values(&student, 0)), initial, "the average begins as the initial student");
    assert_eq!(target_values(&student, 1), [], "there is no copy yet");
    step(&mut student, 0, 0);
    student.end_epoch(0);
    let average = target_values(&student, 0);
    assert_ne!(sorted(average.clone()), initial);
    assert!(!student.targets().exist(), "pixels are predicted");
    student.start_epoch(1).expect("starts");
    assert_eq!(target_values(&student, 0), average, "the switch leaves the average as it is");
    assert_eq!(sorted(target_values(&student, 1)), sorted(encoder_values(&student)));
}

#[test]
fn born_at_the_start_logs_an_average_in_the_epochs_of_the_warm_up_and_none_is_logged_otherwise() {
    let of = |born: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = format!("method.name = 'ema-mae'\nmethod.wse = 2\npretrain.epochs = 3\nmethod.born = '{born}'");
        pretrain(&recipe(&keys), folder.path(), false, None).expect("trains");
        events(folder.path())
    };
    let [average, switch] = ["average", "switch"].map(|event| Some(event.to_owned()));
    assert_eq!(of("start"), [average.clone(), average, switch.clone()]);
    assert_eq!(of("switch"), [None, None, switch.clone()]);
    // Without a warm-up the two are one.
    let after = |born: &str| {
        let (_, mut student) =
            student(&format!("method.name = 'ema-mae'\nmethod.wse = 0\nmethod.tau = 0.5\nmethod.born = '{born}'"));
        for epoch in 0..2 {
            student.start_epoch(epoch).expect("starts");
            step(&mut student, epoch, 0);
            student.end_epoch(epoch);
        }
        (encoder_values(&student), target_values(&student, 0))
    };
    assert_eq!(after("start"), after("switch"));
}

#[test]
fn loss_on_all_counts_the_patches_that_were_seen_too_for_pixels_and_for_features() {
    let (images, noise) = batch(0, 0);
    let masked: Vec<usize> = bmae_nn::Masking::from_noise(&noise, PATCHES, 0.75).expect("a masking").masked().to_vec();
    for epoch in [0, 1] {
        let of = |loss_on: &str| {
            let (recipe, mut student) = student(&format!("{MAE_NEW}\npretrain.loss_on = '{loss_on}'"));
            student.start_epoch(epoch).expect("starts");
            let seen = patchify(&images, recipe.architecture().grid).expect("patches");
            let wanted = match epoch {
                0 => seen.chunks(48).map(<[f32]>::to_vec).collect(),
                _ => {
                    let seen = Tensor::<1>::from_floats(&seen[..], &device().inner()).reshape([16, PATCHES, 48]);
                    rows(student.targets().features(&seen).expect("features").remove(0))
                }
            };
            (student.step(epoch, 0, 1e-2, &images, &noise).expect("a step"), wanted)
        };
        let ((all, wanted), (on_masked, _)) = (of("all"), of("masked"));
        let [predicted, target, predicted_masked] = [all.prediction, all.target, on_masked.prediction].map(|tensor| {
            let [_, width] = tensor.dims();
            tensor.into_data().iter::<f32>().collect::<Vec<_>>().chunks(width).map(<[f32]>::to_vec).collect::<Vec<_>>()
        });
        assert_eq!((predicted.len(), predicted_masked.len()), (16 * PATCHES, masked.len()));
        let near = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4);
        assert!(target.iter().zip(&wanted).all(|(found, wanted)| near(found, wanted)), "epoch {epoch}");
        let of_masked = masked.iter().map(|&row| &predicted[row]).zip(&predicted_masked);
        assert!(of_masked.into_iter().all(|(all, masked)| near(all, masked)), "the same prediction where both look");
        let squares =
            predicted.concat().iter().zip(wanted.concat()).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
        let mean = squares / wanted.concat().len() as f64;
        // Both targets are still the student itself: 1.2 times the loss against one.
        let expected = if epoch == 0 { mean } else { 1.2 * mean };
        assert!(
            close(all.loss.item(), expected) && !close(on_masked.loss.item(), expected),
            "{} {expected}",
            all.loss.item()
        );
    }
}

#[test]
fn every_reading_is_stopped_and_resumed_to_the_same_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let recipe = recipe(
        "method.name = 'mae-new'\nmethod.k = 2\nmethod.tau = 0.3\nmethod.born = 'start'\nmethod.masks = 'separate'\n\
         method.warmup_weight = 'sum'\nmethod.normalisation = 'patch-norm'\nmethod.copy_at = 'epoch-end'\n\
         pretrain.loss_on = 'all'\npretrain.epochs = 4",
    );
    let whole = folder.path().join("whole");
    pretrain(&recipe, &whole, false, None).expect("trains");
    // 4 steps an epoch: within the warm-up, before the switch, and behind it.
    for step in [6, 8, 14] {
        let stopped = folder.path().join(format!("stopped-{step}"));
        pretrain(&recipe, &stopped, false, Some(step)).expect("stops");
        pretrain(&recipe, &stopped, true, None).expect("goes on");
        assert_eq!(metrics(&stopped), metrics(&whole), "stopped at step {step}");
        assert_eq!(weights(&stopped).tensors, weights(&whole).tensors, "stopped at step {step}, bit for bit");
    }
}
