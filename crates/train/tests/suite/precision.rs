//! `precision`: that every stage computes in that of its recipe, and what it leaves alone.

use bmae_architecture::Precision;
use bmae_nn::vit::{Encoder, Linear};
use bmae_nn::{StateDict, TensorFile};
use bmae_recipe::{Recipe, Stage, Start};
use bmae_train::finetune::FinetuneLearner;
use bmae_train::forward::{self, Forward};
use bmae_train::linear_probe::ProbeLearner;
use bmae_train::pretrain::Student;
use bmae_train::{Outcome, run};
use burn::tensor::Tensor;

use crate::small::{Watching, metrics, planned, pretrain, recipe, session, weights};
use crate::students::{device, step, student};

const BF16: &str = "precision = 'bf16'";

fn linears_of_encoder(encoder: &Encoder) -> Vec<Precision> {
    let of_blocks = encoder
        .blocks
        .iter()
        .flat_map(|block| [&block.attn.qkv, &block.attn.proj, &block.mlp.fc1, &block.mlp.fc2].map(Linear::precision));
    of_blocks.chain([encoder.patch_embed.precision()]).collect()
}

fn linears_of_student(student: &Student) -> Vec<Precision> {
    let model = student.model();
    let of_decoder =
        model.decoder.blocks.iter().flat_map(|block| {
            [&block.attn.qkv, &block.attn.proj, &block.mlp.fc1, &block.mlp.fc2].map(Linear::precision)
        });
    let heads = [&model.decoder.embed, &model.pred].into_iter().chain(&model.pixel_pred).map(Linear::precision);
    linears_of_encoder(&model.encoder).into_iter().chain(of_decoder).chain(heads).collect()
}

/// Of all learners, before and after what changes their models.
#[test]
fn every_linear_layer_that_trains_or_measures_has_the_precision_of_the_recipe() {
    for (keys, precision) in [("", Precision::F32), (BF16, Precision::Bf16)] {
        let keys = format!("{keys}\nmethod.name = 'mae-new'\nmethod.k = 1\nmethod.pixel_weight = 0.5");
        let (recipe, mut student) = student(&keys);
        for epoch in 0..2 {
            student.start_epoch(epoch).expect("an epoch");
            step(&mut student, epoch, 0);
            student.end_epoch(epoch);
        }
        assert!(student.targets().exist() && student.model().pixel_pred.is_some());
        assert!(linears_of_student(&student).into_iter().all(|found| found == precision), "{precision:?}");

        let classifier = FinetuneLearner::new(&recipe, &Start::Scratch, 3, &device(), &mut |_| {}).expect("a learner");
        for model in [classifier.model(), &classifier.frozen()] {
            let all = linears_of_encoder(&model.encoder).into_iter().chain([model.head.precision()]);
            assert!(all.into_iter().all(|found| found == precision), "{precision:?}");
        }
        let of_student = StateDict::of(student.model());
        let probe = ProbeLearner::from_weights(&recipe, &of_student, 3, &device(), &mut |_| {}).expect("a learner");
        let all = linears_of_encoder(probe.encoder()).into_iter().chain([probe.frozen().head.precision()]);
        assert!(all.into_iter().all(|found| found == precision), "{precision:?}");
    }
}

#[test]
fn the_features_of_targets_are_computed_in_the_precision_of_the_recipe() {
    let features = |keys: &str, targets: &str| {
        let (_, mut student) = student(&format!("{keys}\nmethod.name = 'custom'\nmethod.wse = 0\n{targets}"));
        student.start_epoch(0).expect("an epoch");
        let patches = Tensor::<1>::from_floats(
            (0..16 * 48).map(|n| ((n * 37) % 101) as f32 / 50.0 - 1.0).collect::<Vec<f32>>().as_slice(),
            &device().inner(),
        );
        let found = student.targets().features(&patches.reshape([1, 16, 48])).expect("features").remove(0);
        found.into_data().iter::<f32>().collect::<Vec<f32>>()
    };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("w.safetensors");
    let bytes = StateDict::of(&student("").1.model().encoder).to_bytes().expect("weights");
    std::fs::write(&file, bytes).expect("room");
    let fixed = format!("method.targets = [{{ update = 'fixed', from = '{}' }}]", file.display());
    for targets in
        ["method.targets = [{ update = 'ema', tau = 0.5 }]", "method.targets = [{ update = 'copy' }]", &fixed]
    {
        let [in_f32, in_bf16] = ["", BF16].map(|keys| features(keys, targets));
        let apart = in_f32.iter().zip(&in_bf16).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart > 1e-4 && apart < 0.1, "{targets}: {apart}");
    }
}

#[test]
fn a_forward_pass_is_made_in_the_precision_of_its_recipe() {
    let outputs = |keys: &str| {
        let recipe = recipe(keys);
        let weights = StateDict::of(student("").1.model());
        let mut inputs = TensorFile::default();
        inputs.put_floats("images", &[1, 3, 16, 16], (0..768).map(|n| ((n * 37) % 101) as f32 / 50.0 - 1.0).collect());
        let of = Forward { weights: &weights, target: None, gradients: true };
        let passed = forward::run(&recipe, of, &inputs, &device().inner(), &mut |_| {}).expect("a pass").outputs;
        ["latent", "grad.decoder_pred.weight"].map(|name| passed.floats_of_any_rank(name).expect("a tensor").1.to_vec())
    };
    for (in_f32, in_bf16) in outputs("").iter().zip(outputs(BF16)) {
        let scale = in_f32.iter().fold(0f32, |most, value| most.max(value.abs()));
        let apart = in_f32.iter().zip(&in_bf16).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / scale;
        assert!(apart > 1e-5 && apart < 0.05, "{apart}");
    }
}

#[test]
fn a_run_in_bf16_trains_is_resumed_to_the_same_bits_and_is_evaluated() {
    let folder = tempfile::tempdir().expect("a folder");
    let [whole, stopped, in_f32] = ["whole", "stopped", "f32"].map(|name| folder.path().join(name));
    let keys = "method.name = 'ema-mae'\nmethod.wse = 2\npretrain.epochs = 4";
    let recipe_of_run = recipe(&format!("{BF16}\n{keys}"));
    pretrain(&recipe_of_run, &whole, false, None).expect("trains");
    pretrain(&recipe_of_run, &stopped, false, Some(11)).expect("stops");
    pretrain(&recipe_of_run, &stopped, true, None).expect("goes on");
    assert_eq!(weights(&whole).tensors, weights(&stopped).tensors);
    pretrain(&recipe(keys), &in_f32, false, None).expect("trains");
    assert_ne!(weights(&whole).tensors, weights(&in_f32).tensors);
    let losses = |run: &std::path::Path| -> Vec<f64> {
        metrics(run).iter().filter(|line| line["kind"] == "epoch").filter_map(|line| line["loss"].as_f64()).collect()
    };
    for (one, other) in losses(&whole).iter().zip(losses(&in_f32)) {
        assert!((one - other).abs() < 0.02 * other, "{one} and {other}");
    }
    let evaluations = [Stage::Finetune, Stage::Linprobe, Stage::Knn];
    for (stage, of_evaluation) in evaluations.into_iter().zip([&recipe_of_run, &recipe_of_run, &recipe(keys)]) {
        let mut watching = Watching::default();
        let planned = planned(stage, of_evaluation, &Start::From(whole.clone()), &folder.path().join(stage.section()));
        let outcome = run::stage(&mut session(&mut watching, 2), &planned, false).expect("evaluates");
        assert!(matches!(outcome, Outcome::Finished(_)));
    }
}

/// Half a run in each would be neither.
#[test]
fn a_run_does_not_go_on_in_another_precision() {
    let folder = tempfile::tempdir().expect("a folder");
    pretrain(&recipe("pretrain.epochs = 2"), folder.path(), false, Some(3)).expect("stops");
    let other: Recipe = recipe(&format!("{BF16}\npretrain.epochs = 2"));
    let refused = pretrain(&other, folder.path(), true, None).expect_err("refused").to_string();
    assert!(refused.contains("precision was \"f32\", is now \"bf16\""), "{refused}");
}
