//! The sentences of `docs/recipes.md` that hold of whole steps and whole stages.

use std::collections::{BTreeMap, BTreeSet};

use bmae_architecture::Precision;
use bmae_data::random::{Purpose, keyed};
use bmae_nn::{Classifier, HeadInit, Linear, LinearProbe, MaskedAutoencoder, Pooling, StateDict, parameters};
use bmae_recipe::{Recipe, Stage, Start};
use bmae_train::finetune::FinetuneLearner;
use bmae_train::linear_probe::ProbeLearner;
use bmae_train::optimiser::{ParameterGroups, Rule};
use bmae_train::run;
use burn::module::Module;
use rand::RngExt;

use crate::small::{Watching, metrics, planned, pretrain, recipe, session};
use crate::students::{device, step, student};

/// An autoencoder of the small recipe.
fn autoencoder() -> MaskedAutoencoder {
    student("").1.model().clone()
}

/// What a rule over names and shapes is in `docs/recipes.md`, in words of its own; `None`: not trained.
fn expected(name: &str, dimensions: usize, stage: &str) -> Option<(bool, f64)> {
    let is_position = name == "pos_embed" || name == "decoder_pos_embed";
    match stage {
        "pretrain" if is_position => None,
        "pretrain" => Some((dimensions >= 2, 1.0)),
        "finetune" => {
            let layers_above = match name.split('.').collect::<Vec<_>>()[..] {
                ["blocks", block, ..] => 2 - block.parse::<i32>().expect("a number"),
                ["fc_norm" | "norm" | "head", ..] => 0,
                _ => 3,
            };
            let exempt = matches!(name, "cls_token" | "pos_embed");
            Some((dimensions >= 2 && !exempt, 0.75f64.powi(layers_above)))
        }
        _ if name.starts_with("batchnorm.") => None,
        _ => Some((dimensions >= 2, 1.0)),
    }
}

/// Every parameter of `module` stands in exactly one printed group, and that is the one that the page says.
fn assert_groups(module: &impl Module, groups: &ParameterGroups, stage: &str) {
    let all = parameters(module);
    let printed = groups.to_string();
    for parameter in &all {
        let lines: Vec<&str> =
            printed.lines().filter(|line| line.split(' ').any(|word| word == parameter.name)).collect();
        assert_eq!(lines.len(), 1, "{} stands in {} groups:\n{printed}", parameter.name, lines.len());
        let rule = match expected(&parameter.name, parameter.shape.len(), stage) {
            None => Rule::Frozen,
            Some((decayed, rate_scale)) => Rule::Trained { weight_decay: if decayed { 0.05 } else { 0.0 }, rate_scale },
        };
        assert_eq!(groups.rule(&parameter.name), rule, "{}", parameter.name);
        let begins = match rule {
            Rule::Frozen => "frozen (".to_owned(),
            Rule::Trained { weight_decay, rate_scale } => {
                format!("weight decay {weight_decay}, rate x {rate_scale:.6} (")
            }
        };
        assert!(lines[0].starts_with(&begins), "{} in: {}", parameter.name, lines[0]);
    }
    let names: BTreeSet<&str> = all.iter().map(|parameter| parameter.name.as_str()).collect();
    let words = printed.lines().flat_map(|line| line.split(": ").nth(1).expect("names").split(' '));
    assert_eq!(words.collect::<BTreeSet<_>>(), names, "and nothing else is printed");
}

#[test]
fn every_parameter_of_every_module_falls_into_exactly_one_printed_group() {
    let mut generator = keyed(5, 0, 0, Purpose::HeadInitialisation);
    let pixels = autoencoder();
    assert_groups(&pixels, &ParameterGroups::pretraining(&pixels, 0.05, false).expect("covered"), "pretrain");
    let two_heads = autoencoder().add_head(Linear::init_pytorch(12, 16, Precision::F32, &mut generator, &device()));
    assert_groups(&two_heads, &ParameterGroups::pretraining(&two_heads, 0.05, false).expect("covered"), "pretrain");
    for pooling in [Pooling::Mean, Pooling::ClassToken] {
        let model = Classifier::init(autoencoder().encoder, 10, pooling, HeadInit::FINETUNE, &mut generator);
        assert_groups(&model, &ParameterGroups::finetuning(&model, 0.05, 0.75, 2).expect("covered"), "finetune");
    }
    let probe = LinearProbe::init(16, 10, Precision::F32, &mut generator, &device());
    let groups = ParameterGroups::probing(&probe, 0.05).expect("covered");
    assert_groups(&probe, &groups, "linprobe");
}

#[test]
fn a_frozen_feature_head_is_a_group_of_its_own_and_the_head_for_pixels_is_not_in_it() {
    let mut generator = keyed(5, 0, 0, Purpose::HeadInitialisation);
    let model = autoencoder().add_head(Linear::init_pytorch(12, 16, Precision::F32, &mut generator, &device()));
    let groups = ParameterGroups::pretraining(&model, 0.05, true).expect("covered");
    for (name, frozen) in [("decoder_pred.weight", true), ("decoder_pred.bias", true), ("pixel_pred.weight", false)] {
        assert_eq!(groups.rule(name) == Rule::Frozen, frozen, "{name}");
    }
}

#[test]
fn the_groups_are_told_at_the_start_and_again_at_the_switch() {
    use bmae_train::observer::Event;
    let folder = tempfile::tempdir().expect("a folder");
    let keys = "pretrain.epochs = 2\nmethod.name = 'mae-k'\nmethod.k = 1\nmethod.pixel_weight = 0.5\nmethod.feature_head = 'frozen'";
    let mut watching = Watching::default();
    run::stage(
        &mut session(&mut watching, 1),
        &planned(Stage::Pretrain, &recipe(keys), &Start::Scratch, folder.path()),
        false,
    )
    .expect("trains");
    let told: Vec<&String> = watching
        .events
        .iter()
        .filter_map(|event| if let Event::Detail(text) = event { Some(text) } else { None })
        .collect();
    assert_eq!(told.len(), 2, "{told:?}");
    let frozen = |text: &str| text.lines().find(|line| line.starts_with("frozen")).unwrap_or_default().to_owned();
    assert!(!frozen(told[0]).contains("decoder_pred.weight") && !told[0].contains("pixel_pred.weight"), "{}", told[0]);
    assert!(frozen(told[1]).contains("decoder_pred.weight") && told[1].contains("pixel_pred.weight"), "{}", told[1]);
    assert!(!frozen(told[1]).contains("pixel_pred.weight"), "{}", told[1]);
}

/// Images and labels of one step of the small recipe.
fn batch(recipe: &Recipe) -> (Vec<f32>, Vec<i64>) {
    let mut generator = keyed(11, 0, 0, Purpose::Crop);
    let images = recipe.finetune.stage.batch_size;
    let values = (0..images * 3 * recipe.data.image_size.area()).map(|_| generator.random::<f32>() - 0.5).collect();
    (values, (0..images).map(|image| (image % 10) as i64).collect())
}

fn classifier(keys: &str) -> (Recipe, FinetuneLearner) {
    let recipe = recipe(keys);
    let learner = FinetuneLearner::new(&recipe, &Start::Scratch, 10, &device(), &mut |_| {}).expect("a learner");
    (recipe, learner)
}

/// The optimiser's `what` of every parameter.
fn moments(state: &BTreeMap<String, Vec<f32>>, what: &str) -> Vec<f32> {
    let of_one = |(name, values): (&String, &Vec<f32>)| name.ends_with(what).then(|| values.clone());
    state.iter().filter_map(of_one).flatten().collect()
}

/// After one step the moments are (1 - beta_1) g and (1 - beta_2) g^2, whose ratio no gradient changes.
#[track_caller]
fn assert_betas(state: &BTreeMap<String, Vec<f32>>, (beta_1, beta_2): (f64, f64)) {
    let expected = (1.0 - beta_1).powi(2) / (1.0 - beta_2);
    let (first, second) = (moments(state, "/first"), moments(state, "/second"));
    let mut compared = 0;
    for (first, second) in first.iter().zip(&second).filter(|(_, second)| **second > 1e-20) {
        let ratio = f64::from(*first).powi(2) / f64::from(*second);
        assert!((ratio / expected - 1.0).abs() < 1e-4, "{ratio}, expected {expected}");
        compared += 1;
    }
    assert!(compared > 1000, "{compared} moments");
}

#[test]
fn pre_training_has_adamw_with_betas_0_9_and_0_95_and_fine_tuning_with_0_9_and_0_999() {
    let (_, mut student) = student("");
    step(&mut student, 0, 0);
    assert_betas(&student.snapshot().values, (0.9, 0.95));
    let (recipe, mut learner) = classifier("method.scratch_init = 'timm'");
    let (images, labels) = batch(&recipe);
    learner.step(0, 0, 1e-3, &images, &labels).expect("a step");
    assert_betas(&learner.snapshot().values, (0.9, 0.999));
}

#[test]
fn gradients_are_clipped_by_their_global_norm_only_where_it_is_asked_for() {
    let norm = |state: &BTreeMap<String, Vec<f32>>| {
        moments(state, "/first").iter().map(|&first| f64::from(first / 0.1).powi(2)).sum::<f64>().sqrt()
    };
    for (clip_norm, clipped) in [("0.0", false), ("1e9", false), ("0.01", true)] {
        let (_, mut student) = student(&format!("pretrain.clip_norm = {clip_norm}"));
        let report = step(&mut student, 0, 0);
        let (recipe, mut learner) =
            classifier(&format!("method.scratch_init = 'timm'\nfinetune.clip_norm = {clip_norm}"));
        let (images, labels) = batch(&recipe);
        let (_, of_classifier) = learner.step(0, 0, 1e-3, &images, &labels).expect("a step");
        for (told, state) in [
            (report.gradient_norm.item(), student.snapshot().values),
            (of_classifier.item(), learner.snapshot().values),
        ] {
            let expected = if clipped { 0.01 } else { told };
            assert!(
                told > 0.02 && (norm(&state) / expected - 1.0).abs() < 1e-3,
                "{clip_norm}: {told}, {}",
                norm(&state)
            );
        }
    }
}

/// AdamW's first step moves a value by the rate, whatever its gradient; so the largest movement of a parameter without
/// decay is its share of the rate.
#[test]
fn layer_wise_decay_scales_the_step_of_every_layer() {
    let (recipe, mut learner) = classifier("method.scratch_init = 'timm'\nfinetune.layer_decay = 0.5");
    let (images, labels) = batch(&recipe);
    let before = learner.snapshot().weights;
    learner.step(0, 0, 1e-3, &images, &labels).expect("a step");
    let after = learner.snapshot().weights;
    for (name, scale) in [
        ("head.bias", 1.0),
        ("fc_norm.bias", 1.0),
        ("blocks.1.mlp.fc2.bias", 0.5),
        ("blocks.0.mlp.fc2.bias", 0.25),
        ("patch_embed.proj.bias", 0.125),
        ("cls_token", 0.125),
        ("pos_embed", 0.125),
    ] {
        let moved = before.tensors[name].values.iter().zip(&after.tensors[name].values);
        let largest = moved.fold(0f64, |most, (a, b)| most.max(f64::from((a - b).abs())));
        // The second of epsilon, 1e-8, against gradients of 1e-6 and more.
        assert!((largest / (1e-3 * scale) - 1.0).abs() < 0.01, "{name}: {largest}");
    }
}

#[test]
fn drop_path_and_label_smoothing_reach_the_loss_and_evaluation_sees_neither() {
    let of = |keys: &str| {
        let (recipe, mut learner) = classifier(&format!("method.scratch_init = 'timm'\n{keys}"));
        let (images, labels) = batch(&recipe);
        let model = learner.frozen();
        let logits = learner.logits(&model, &images).expect("logits");
        let loss = learner.step(0, 0, 0.0, &images, &labels).expect("a step").0.item();
        let expected = |smoothing| {
            let loss = bmae_nn::cross_entropy(logits.clone(), &labels, smoothing).expect("labels of ten classes");
            f64::from(loss.into_scalar::<f32>())
        };
        (loss, expected(0.0), expected(0.1), logits.into_data().iter::<f32>().collect::<Vec<_>>())
    };
    let (plain, hard, _, logits) = of("finetune.label_smoothing = 0.0");
    assert!((plain - hard).abs() < 1e-6);
    let (smoothed, hard, soft, _) = of("finetune.label_smoothing = 0.1");
    assert!((smoothed - soft).abs() < 1e-6 && (smoothed - hard).abs() > 1e-5);
    let (dropped, _, soft, of_evaluation) = of("finetune.label_smoothing = 0.1\nfinetune.drop_path = 0.8");
    assert!((dropped - soft).abs() > 1e-4, "branches were dropped: {dropped} {soft}");
    assert_eq!(of_evaluation, logits);
}

#[test]
fn a_batch_is_mixed_whole_with_its_own_reverse_and_learns_soft_targets() {
    let mixing = "finetune.mixup = 0.8\nfinetune.cutmix = 1.0\nfinetune.label_smoothing = 0.1";
    for number in 0..6 {
        let (recipe, mut learner) = classifier(&format!("method.scratch_init = 'timm'\n{mixing}"));
        let (mut images, labels) = batch(&recipe);
        let model = learner.frozen();
        let loss = learner.step(2, number, 0.0, &images, &labels).expect("a step").0.item();

        let mut generator = keyed(recipe.seed, 2, number as u64, Purpose::Mixing);
        let targets = bmae_train::pipeline::mixing(&recipe.finetune)
            .apply(&mut images, &labels, (3, recipe.data.image_size), 10, 0.1, &mut generator)
            .expect("mixed");
        let logits = learner.logits(&model, &images).expect("logits");
        let targets = burn::tensor::TensorData::new(targets, [16, 10]);
        let targets = burn::tensor::Tensor::from_data(targets, &logits.device());
        let expected = f64::from(bmae_nn::soft_cross_entropy(logits, targets).into_scalar::<f32>());
        assert!((loss - expected).abs() < 1e-6, "step {number}: {loss}, expected {expected}");
    }
}

#[test]
fn a_probability_of_mixing_of_zero_is_no_mixing() {
    let of = |keys: &str| {
        let (recipe, mut learner) = classifier(&format!("method.scratch_init = 'timm'\n{keys}"));
        let (images, labels) = batch(&recipe);
        learner.step(0, 0, 1e-3, &images, &labels).expect("a step").0.item()
    };
    let plain = of("");
    assert_eq!(of("finetune.mixup = 0.8\nfinetune.mixup_probability = 0.0"), plain);
    assert!((of("finetune.mixup = 0.8") - plain).abs() > 1e-5);
    // Where both are on, the switch decides.
    let both = |switch: &str| {
        of(&format!("finetune.mixup = 0.8\nfinetune.cutmix = 0.8\nfinetune.mixup_switch_probability = {switch}"))
    };
    assert!((both("0.0") - both("1.0")).abs() > 1e-5);
}

#[test]
fn what_a_step_of_fine_tuning_draws_depends_on_seed_epoch_and_step_and_on_no_micro_batch() {
    let of = |keys: &str, epoch: usize, number: usize| {
        let (recipe, mut learner) = classifier(&format!(
            "method.scratch_init = 'timm'\nfinetune.drop_path = 0.5\nfinetune.mixup = 0.8\nfinetune.cutmix = 1.0\n{keys}"
        ));
        let (images, labels) = batch(&recipe);
        learner.step(epoch, number, 1e-3, &images, &labels).expect("a step").0.item()
    };
    let loss = of("", 0, 0);
    assert_eq!(of("", 0, 0), loss);
    for (other, what) in [(of("", 1, 0), "epoch"), (of("", 0, 1), "step")] {
        assert!((other - loss).abs() > 1e-6, "another {what} draws otherwise");
    }
    for parts in [2, 4, 16] {
        let in_parts = of(&format!("finetune.accumulate = {parts}"), 0, 0);
        // Sums in another order.
        assert!((in_parts - loss).abs() < 1e-6 * loss, "{parts} parts: {in_parts}, whole: {loss}");
    }
}

#[test]
fn a_label_outside_the_classes_is_a_sentence_and_no_panic() {
    let (recipe, mut learner) = classifier("");
    let (images, mut labels) = batch(&recipe);
    labels[3] = 10;
    let error = learner.step(0, 0, 1e-3, &images, &labels).expect_err("refused").to_string();
    assert!(error.contains("label is 10") && error.contains("10 classes, 0 to 9"), "{error}");
}

#[test]
fn the_probe_has_lars_with_momentum_0_9_and_trust_0_001_and_leaves_its_bias_unscaled() {
    let recipe = recipe("");
    let encoder = autoencoder().encoder.valid();
    let mut learner = ProbeLearner::new(&recipe, encoder, 10, &device()).expect("a learner");
    let mut generator = keyed(12, 0, 0, Purpose::Crop);
    let features: Vec<f32> = (0..16 * 16).map(|_| generator.random::<f32>()).collect();
    let labels: Vec<i64> = (0..16).map(|image| image % 10).collect();
    let features = burn::tensor::TensorData::new(features, [16, 16]);
    let norm = |values: &[f32]| values.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
    let mut earlier = vec![0.0; 160];
    for step in 0..3 {
        let weight = learner.snapshot().weights.tensors["head.weight"].values.clone();
        let tensor = burn::tensor::Tensor::from_data(features.clone(), &device().inner());
        learner.step(0.5, tensor, &labels).expect("a step");
        let velocity = learner.snapshot().values["optimiser/head.weight/velocity"].clone();
        let fresh: Vec<f32> = velocity.iter().zip(&earlier).map(|(new, old)| new - 0.9 * old).collect();
        assert!((norm(&fresh) / (0.001 * norm(&weight)) - 1.0).abs() < 1e-3, "step {step}: {}", norm(&fresh));
        let moved: Vec<f32> = weight
            .iter()
            .zip(&learner.snapshot().weights.tensors["head.weight"].values)
            .map(|(old, new)| old - new)
            .collect();
        assert!((norm(&moved) / (0.5 * norm(&velocity)) - 1.0).abs() < 1e-3, "step {step}: {}", norm(&moved));
        earlier = velocity;
    }
    let bias = norm(&learner.snapshot().values["optimiser/head.bias/velocity"]);
    assert!(bias > 0.01, "a scaled one would have stayed at its zeros: {bias}");
}

#[test]
fn the_rate_is_set_before_every_step_from_the_fractional_epoch() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = "pretrain.epochs = 3\nfinetune.epochs = 3\nlinprobe.epochs = 3\nlinprobe.warmup_epochs = 1";
    let recipe = recipe(keys);
    let mut watching = Watching::default();
    let [a, b, c] = ["a", "b", "c"].map(|name| folder.path().join(name));
    pretrain(&recipe, &a, false, None).expect("trains");
    run::stage(&mut session(&mut watching, 1), &planned(Stage::Finetune, &recipe, &Start::Scratch, &b), false)
        .expect("trains");
    run::stage(&mut session(&mut watching, 1), &planned(Stage::Linprobe, &recipe, &Start::Scratch, &c), false)
        .expect("trains");
    let stages = [(a, &recipe.pretrain.stage), (b, &recipe.finetune.stage), (c, &recipe.linprobe.stage)];
    for (run, settings) in stages {
        let peak = settings.base_lr * 16.0 / 256.0;
        let rates: Vec<f64> = metrics(&run).iter().filter_map(|line| line.get("lr")?.as_f64()).collect();
        let expected: Vec<f64> = (0..12)
            .map(|step| {
                let epoch = f64::from(step) / 4.0;
                let cosine = 0.5 * (1.0 + (std::f64::consts::PI * (epoch - 1.0) / 2.0).cos());
                if epoch < 1.0 { peak * epoch } else { settings.min_lr + (peak - settings.min_lr) * cosine }
            })
            .collect();
        assert_eq!(rates.len(), 12, "four steps an epoch, all logged");
        assert!(rates.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-12), "{rates:?}, expected {expected:?}");
        assert_eq!(rates[0], 0.0);
    }
}

#[test]
fn fine_tuning_starts_from_the_encoder_with_a_fresh_head_and_positions_that_learn() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = folder.path().join("a");
    pretrain(&recipe("pretrain.epochs = 1"), &run, false, None).expect("trains");
    let pretrained = crate::small::weights(&run);
    let recipe = recipe("");
    let mut learner = FinetuneLearner::new(&recipe, &Start::From(run), 10, &device(), &mut |_| {}).expect("a learner");
    let before: StateDict = learner.snapshot().weights;
    for (name, array) in
        before.tensors.iter().filter(|(name, _)| !name.starts_with("head.") && !name.starts_with("fc_norm."))
    {
        assert_eq!(array, &pretrained.tensors[name], "{name}");
    }
    assert!(!before.tensors.contains_key("norm.weight") && before.tensors.contains_key("fc_norm.weight"));
    let (images, labels) = batch(&recipe);
    // The head starts at 2e-5, so the first gradient that reaches the positions is small; a second step's is not.
    for number in 0..2 {
        learner.step(0, number, 1e-2, &images, &labels).expect("a step");
    }
    assert_ne!(learner.snapshot().weights.tensors["pos_embed"], before.tensors["pos_embed"]);
}
