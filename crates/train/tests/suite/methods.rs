//! What a method is: when targets appear, are copied and averaged, and what never happens to them.

use bmae_architecture::{Autoencoder, PatchGrid, Transformer};
use bmae_data::random::{Purpose, keyed};
use bmae_nn::{MaskedAutoencoder, Masking, masked_rows, mean_squared_error};
use bmae_train::method::{TargetEvent, weighted_mean};
use bmae_train::pretrain::Student;
use burn::tensor::{Tensor, TensorData};
use rand::RngExt;

use crate::small::{events, metrics, pretrain, recipe, weights};
use crate::students::{STEPS, device, encoder_values, sorted, step, student, target_values};

#[test]
fn copies_and_averages_happen_at_exactly_the_epochs_of_the_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let cases: [(&str, &str, [Option<&str>; 6]); 4] = [
        ("mae", "method.name = 'mae'", [None; 6]),
        ("mae-k", "method.name = 'mae-k'\nmethod.k = 2", [None, None, Some("switch"), None, Some("copy"), None]),
        (
            "ema-mae",
            "method.name = 'ema-mae'\nmethod.wse = 1\nmethod.tau = 0.5",
            [None, Some("switch"), Some("average"), Some("average"), Some("average"), Some("average")],
        ),
        (
            "mae-new",
            "method.name = 'mae-new'\nmethod.k = 2\nmethod.tau = 0.5\nmethod.copy_at = 'epoch-end'",
            [None, None, Some("switch"), Some("average"), Some("copy"), Some("average")],
        ),
    ];
    for (name, keys, expected) in cases {
        let out = folder.path().join(name);
        pretrain(&recipe(keys), &out, false, None).expect("trains");
        assert_eq!(events(&out), expected.map(|event| event.map(str::to_owned)), "{name}");
    }
}

#[test]
fn a_target_is_a_copy_of_the_student_and_is_not_changed_by_its_steps() {
    let (_, mut student) = student("method.name = 'mae-k'\nmethod.k = 2");
    step(&mut student, 0, 0);
    step(&mut student, 1, 0);
    assert_eq!(student.start_epoch(2).expect("starts"), Some(TargetEvent::Switch));
    let created = target_values(&student, 0);
    assert_eq!(sorted(created.clone()), sorted(encoder_values(&student)));
    for number in 0..3 {
        step(&mut student, 2, number);
    }
    assert_ne!(sorted(encoder_values(&student)), sorted(created.clone()), "the student has learned");
    assert_eq!(target_values(&student, 0), created, "the target has not");
}

#[test]
fn an_average_takes_tau_of_the_student_and_the_rest_of_the_target() {
    let (_, mut student) = student("method.name = 'ema-mae'\nmethod.wse = 0\nmethod.tau = 0.25");
    student.start_epoch(0).expect("starts");
    let before = sorted(target_values(&student, 0));
    step(&mut student, 0, 0);
    let learned = sorted(encoder_values(&student));
    assert_eq!(student.end_epoch(0), Some(TargetEvent::Average));
    for (((name, old), (_, new)), (_, averaged)) in before.iter().zip(&learned).zip(sorted(target_values(&student, 0)))
    {
        for ((old, new), averaged) in old.iter().zip(new).zip(averaged) {
            assert!((0.75 * old + 0.25 * new - averaged).abs() < 1e-6, "{name}: {old} {new} {averaged}");
        }
    }
}

#[test]
fn a_target_averaged_by_step_moves_with_every_step() {
    let keys = "method.name = 'custom'\nmethod.wse = 0\n[[method.targets]]\nupdate = 'ema'\nunit = 'step'\ntau = 0.5";
    let (_, mut student) = student(keys);
    student.start_epoch(0).expect("starts");
    let mut before = target_values(&student, 0);
    for number in 0..3 {
        step(&mut student, 0, number);
        let after = target_values(&student, 0);
        assert_ne!(after, before, "step {number}");
        before = after;
    }
    assert_eq!(student.end_epoch(0), None, "nothing is left for the end of the epoch");
}

#[test]
fn targets_never_get_gradients() {
    let (recipe, mut student) = student("method.name = 'mae-new'\nmethod.k = 1\nmethod.tau = 0.5");
    student.start_epoch(1).expect("starts");
    let patches = Tensor::<3>::ones([2, 16, 48], &device().inner());
    let features = student.targets().features(&patches).expect("features");
    assert_eq!(features.len(), 2);
    for features in features {
        assert!(!features.is_autodiff(), "the targets live where no gradient is recorded");
        assert_eq!(features.dims(), [2, 16, recipe.model.encoder.dim], "patch tokens alone, no class token");
    }
}

#[test]
fn the_switch_changes_the_head_to_features_and_nothing_else() {
    let (recipe, mut student) = student("method.name = 'mae-k'\nmethod.k = 1");
    step(&mut student, 0, 0);
    let before = bmae_nn::StateDict::of(student.model());
    student.start_epoch(1).expect("starts");
    let after = bmae_nn::StateDict::of(student.model());
    for (name, array) in &after.tensors {
        if name.starts_with("decoder_pred.") {
            assert_eq!(array.shape[0], recipe.model.encoder.dim, "{name} predicts features");
        } else {
            assert_eq!(array, &before.tensors[name], "{name} goes on as it was");
        }
    }
    let bound = 1.0 / (recipe.model.decoder.dim as f32).sqrt();
    let largest = |name: &str| after.tensors[name].values.iter().fold(0.0f32, |max, v| max.max(v.abs()));
    for name in ["decoder_pred.weight", "decoder_pred.bias"] {
        assert!(largest(name) <= bound && largest(name) > 0.5 * bound, "{name}: PyTorch's default for a Linear");
    }
}

#[test]
fn a_new_head_counts_its_updates_from_one_and_the_rest_goes_on_counting() {
    let (_, mut student) = student("method.name = 'mae-k'\nmethod.k = 1");
    step(&mut student, 0, 0);
    step(&mut student, 0, 1);
    student.start_epoch(1).expect("starts");
    step(&mut student, 1, 0);
    let state = student.snapshot().values;
    assert_eq!(state["optimiser/decoder_pred.weight/updates"], [1.0]);
    assert_eq!(state["optimiser/blocks.0.attn.qkv.weight/updates"], [3.0]);
}

#[test]
fn a_frozen_feature_head_keeps_its_random_initialisation_and_a_trainable_one_learns() {
    for (kind, learns) in [("frozen", false), ("trainable", true)] {
        let (_, mut student) =
            student(&format!("method.name = 'ema-mae'\nmethod.wse = 0\nmethod.feature_head = '{kind}'"));
        student.start_epoch(0).expect("starts");
        let head = |student: &Student| bmae_nn::StateDict::of(student.model()).tensors["decoder_pred.weight"].clone();
        let fresh = head(&student);
        step(&mut student, 0, 0);
        assert_eq!(head(&student) != fresh, learns, "{kind}");
        assert_eq!(student.snapshot().values.contains_key("optimiser/decoder_pred.weight/updates"), learns, "{kind}");
    }
}

#[test]
fn fixed_positions_are_never_changed_in_pre_training() {
    let (_, mut student) = student("method.name = 'mae'");
    let positions = |student: &Student| {
        let weights = bmae_nn::StateDict::of(student.model());
        [weights.tensors["pos_embed"].clone(), weights.tensors["decoder_pos_embed"].clone()]
    };
    let before = positions(&student);
    step(&mut student, 0, 0);
    assert_eq!(positions(&student), before);
}

#[test]
fn micro_batches_take_the_same_step_as_the_whole_batch() {
    let after = |accumulate: usize| {
        let (_, mut student) = student(&format!("method.name = 'mae'\npretrain.accumulate = {accumulate}"));
        let report = step(&mut student, 0, 0);
        (report.loss.item(), report.gradient_norm.item())
    };
    let (whole, parts) = (after(1), after(4));
    // Sums in another order: f32 rounding of sums of some thousand terms.
    assert!((whole.0 - parts.0).abs() < 1e-5 * whole.0, "{whole:?} {parts:?}");
    assert!((whole.1 - parts.1).abs() < 1e-4 * whole.1, "{whole:?} {parts:?}");
}

/// `docs/methods.md`, "The formula": sum_i w_i |p - t_i|^2 = W |p - t|^2 + const, so the gradients agree.
#[test]
fn one_pass_with_two_targets_has_the_gradient_of_the_sum_of_two_losses_on_the_same_mask() {
    let device = device();
    let mut generator = keyed(3, 0, 0, Purpose::Crop);
    let sizes = Autoencoder {
        grid: PatchGrid::rgb(16, 4),
        encoder: Transformer::new(16, 2, 2, 4.0),
        decoder: Transformer::decoder(12, 1, 2),
    };
    let model = MaskedAutoencoder::init(&sizes, &mut generator, &device).expect("sizes fit");
    let mut random = |count: usize| -> Vec<f32> { (0..count).map(|_| generator.random::<f32>() - 0.5).collect() };
    let patches = random(4 * 16 * 48);
    let masking = Masking::from_noise(&random(4 * 16), 16, 0.75).expect("a masking");
    let targets: Vec<Tensor<2>> = (0..2)
        .map(|_| {
            let data = TensorData::new(random(4 * 16 * 48), [4, 16, 48]);
            masked_rows(Tensor::from_data(data, &device.clone().inner()), &masking)
        })
        .collect();
    let weights = [1.0, 0.2];
    let prediction = || {
        let latent = model.encoder.forward_masked(&patches, &masking).expect("patches fit");
        model.predict_masked(latent, &masking)
    };
    let recorded = |target: &Tensor<2>| Tensor::from_inner(target.clone());

    let (mean, total) = weighted_mean(&targets, &weights);
    let one_pass = mean_squared_error(prediction(), recorded(&mean)) * total;
    let two_passes = mean_squared_error(prediction(), recorded(&targets[0])) * weights[0]
        + mean_squared_error(prediction(), recorded(&targets[1])) * weights[1];
    let of = |loss: Tensor<1>| bmae_nn::gradients(&model, &mut loss.backward());
    let (one_pass, two_passes) = (of(one_pass), of(two_passes));
    assert!(one_pass.len() > 20 && one_pass.len() == two_passes.len());
    for (name, expected) in &two_passes {
        let values = |tensor: &Tensor<1>| tensor.to_data().iter::<f32>().collect::<Vec<_>>();
        let (found, expected) = (values(&one_pass[name]), values(expected));
        let largest = expected.iter().fold(1e-6f32, |max, v| max.max(v.abs()));
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() <= 1e-4 * largest, "{name}: {found} {expected}");
        }
    }
}

#[test]
fn the_logged_loss_is_the_weighted_sum_of_its_parts() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = "method.name = 'mae-new'\nmethod.k = 2\nmethod.tau = 0.5\nmethod.slow_weight = 0.2";
    pretrain(&recipe(keys), folder.path(), false, None).expect("trains");
    let steps: Vec<_> = metrics(folder.path()).into_iter().filter(|line| line["kind"] == "step").collect();
    assert_eq!(steps.len(), 6 * STEPS);
    for line in steps {
        let loss = line["loss"].as_f64().expect("a loss");
        match line.get("targets") {
            None => assert!(line["epoch"].as_u64() < Some(2), "pixels in the warm-up alone: {line:?}"),
            Some(parts) => {
                let parts: Vec<f64> = parts.as_array().expect("parts").iter().filter_map(|v| v.as_f64()).collect();
                assert!((parts[0] + 0.2 * parts[1] - loss).abs() < 1e-9, "{line:?}");
            }
        }
    }
}

#[test]
fn every_epoch_logs_what_would_tell_a_collapse() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = "method.name = 'ema-mae'\nmethod.wse = 1\npretrain.epochs = 3\nmonitor.every = 1";
    pretrain(&recipe(keys), folder.path(), false, None).expect("trains");
    let epochs: Vec<_> = metrics(folder.path()).into_iter().filter(|line| line["kind"] == "epoch").collect();
    assert_eq!(epochs.len(), 3);
    for line in epochs {
        let number = |field: &str| line[field].as_f64().expect("a number");
        assert!(number("target_std") > 0.0 && number("prediction_std") > 0.0, "{line:?}");
        assert!((1.0..=16.5).contains(&number("rank_me")), "the encoder is 16 wide: {line:?}");
        assert!((0.0..=100.0).contains(&number("knn_top1")) && number("grad_norm") > 0.0, "{line:?}");
    }
}

#[test]
fn features_appear_in_the_checkpoint_under_the_official_names() {
    let folder = tempfile::tempdir().expect("a folder");
    pretrain(&recipe("method.name = 'mae'\npretrain.epochs = 1"), folder.path(), false, None).expect("trains");
    let weights = weights(folder.path());
    for name in ["patch_embed.proj.weight", "blocks.1.attn.qkv.weight", "decoder_blocks.0.mlp.fc2.bias", "mask_token"] {
        assert!(weights.tensors.contains_key(name), "{name}");
    }
    assert_eq!(weights.tensors["patch_embed.proj.weight"].shape, [16, 3, 4, 4]);
    assert!(weights.config_text().is_some_and(|text| text.contains("[model.encoder]")));
}

#[test]
fn the_log_says_which_changes_of_the_targets_came_after_the_training_of_their_epoch() {
    let logged = |keys: &str| -> Vec<[String; 2]> {
        let folder = tempfile::tempdir().expect("a folder");
        crate::small::pretrain(&recipe(keys), folder.path(), false, None).expect("trains");
        let lines = crate::small::metrics(folder.path());
        let epochs = lines.iter().filter(|line| line["kind"] == "epoch");
        epochs
            .filter_map(|line| {
                let word = |key: &str| line.get(key).and_then(|word| word.as_str()).unwrap_or("").to_owned();
                line.get("event")?;
                let at_end = line.get("event_at_end").is_some_and(|at_end| at_end == true);
                Some(if at_end { [String::new(), word("event")] } else { [word("event"), word("event_after")] })
            })
            .collect()
    };
    let start = logged("method.name = 'mae-k'\nmethod.k = 2\npretrain.epochs = 5");
    assert_eq!(start, [["switch", ""], ["copy", ""]]);
    let end = logged("method.name = 'mae-k'\nmethod.k = 2\nmethod.copy_at = 'epoch-end'\npretrain.epochs = 5");
    assert_eq!(end, [["switch", "copy"], ["", "copy"]]);
    let average = logged("method.name = 'ema-mae'\nmethod.wse = 2\npretrain.epochs = 4");
    assert_eq!(average, [["switch", "average"], ["", "average"]]);
}
