//! Fine-tuning, probing and nearest neighbours, from a pre-training and from scratch.

use std::path::Path;

use bmae_nn::StateDict;
use bmae_recipe::plan::plan;
use bmae_recipe::{Recipe, Stage, Start};
use bmae_train::Outcome;
use bmae_train::run::{self, PlanOutcome};

use crate::small::{Watching, metrics, planned, pretrain, recipe, session, weights};

fn evaluate(stage: Stage, recipe: &Recipe, start: &Start, out: &Path, stop_after: Option<usize>) -> Outcome {
    let mut watching = Watching { stop_after, ..Watching::default() };
    run::stage(&mut session(&mut watching, 2), &planned(stage, recipe, start, out), true).expect("evaluates")
}

fn evaluations(run: &Path, name: &str) -> Vec<f64> {
    metrics(run)
        .iter()
        .filter(|line| line["kind"] == "eval" && line["evaluation"] == name)
        .map(|line| line["top1"].as_f64().expect("percent"))
        .collect()
}

#[test]
fn the_probe_leaves_every_encoder_weight_bit_identical() {
    let folder = tempfile::tempdir().expect("a folder");
    let pretrained = folder.path().join("pretrain");
    pretrain(&recipe("pretrain.epochs = 1"), &pretrained, false, None).expect("trains");
    let before = weights(&pretrained);
    for augmentation in ["none", "byol-crop"] {
        let recipe = recipe(&format!("linprobe.augmentation = '{augmentation}'"));
        let out = folder.path().join(augmentation);
        evaluate(Stage::Linprobe, &recipe, &Start::From(pretrained.clone()), &out, None);
        let after = weights(&out);
        let encoder: Vec<_> =
            before.tensors.iter().filter(|(name, _)| !name.starts_with("decoder_") && *name != "mask_token").collect();
        assert!(encoder.len() > 20);
        for (name, array) in encoder {
            let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&after.tensors[name].values), bits(&array.values), "{augmentation}: {name}");
        }
        assert_ne!(after.tensors["batchnorm.running_mean"].values, vec![0.0; 16], "the statistics were learned");
    }
}

#[test]
fn both_loops_log_top1_and_loss_on_the_test_set_after_every_epoch() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, stage) in [("finetune", Stage::Finetune), ("linprobe", Stage::Linprobe)] {
        let out = folder.path().join(name);
        evaluate(stage, &recipe(""), &Start::Scratch, &out, None);
        let lines: Vec<_> = metrics(&out).into_iter().filter(|line| line["kind"] == "eval").collect();
        assert_eq!(lines.len(), 3, "{name}");
        for line in lines {
            let (top1, loss) = (line["top1"].as_f64().expect("top1"), line["loss"].as_f64().expect("loss"));
            assert!((0.0..=100.0).contains(&top1) && loss.is_finite() && loss > 0.0, "{line:?}");
        }
        assert!(out.join("checkpoints/best.safetensors").exists(), "{name}");
    }
}

#[test]
fn stopped_evaluations_resume_to_the_same_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let recipe = recipe(
        "finetune.drop_path = 0.3\nfinetune.mixup = 0.8\nfinetune.cutmix = 1.0\nfinetune.randaugment = true\n\
         finetune.random_erasing = 0.25",
    );
    for (name, stage) in [("finetune", Stage::Finetune), ("linprobe", Stage::Linprobe)] {
        let (whole, stopped) = (folder.path().join(format!("{name}-whole")), folder.path().join(name));
        evaluate(stage, &recipe, &Start::Scratch, &whole, None);
        let outcome = evaluate(stage, &recipe, &Start::Scratch, &stopped, Some(6));
        assert_eq!(outcome, Outcome::Interrupted { epochs_kept: 1, epochs: 3, steps_kept: 2 }, "{name}");
        evaluate(stage, &recipe, &Start::Scratch, &stopped, None);
        assert_eq!(metrics(&stopped), metrics(&whole), "{name}");
        assert_eq!(weights(&stopped).tensors, weights(&whole).tensors, "{name}");
    }
}

#[test]
fn nearest_neighbours_log_one_figure_and_need_no_training() {
    let folder = tempfile::tempdir().expect("a folder");
    evaluate(Stage::Knn, &recipe(""), &Start::Scratch, folder.path(), None);
    assert_eq!(evaluations(folder.path(), "knn").len(), 1);
    assert!(!folder.path().join("checkpoints").exists());
}

#[test]
fn all_scratch_evaluations_look_at_the_same_random_encoder() {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, second) = (folder.path().join("a"), folder.path().join("b"));
    evaluate(Stage::Linprobe, &recipe(""), &Start::Scratch, &first, None);
    evaluate(Stage::Linprobe, &recipe("linprobe.epochs = 1"), &Start::Scratch, &second, None);
    for name in ["cls_token", "blocks.1.mlp.fc1.weight"] {
        assert_eq!(weights(&first).tensors[name], weights(&second).tensors[name], "{name}");
    }
}

#[test]
fn weights_of_another_shape_are_refused_by_tensor_and_shapes() {
    let folder = tempfile::tempdir().expect("a folder");
    let pretrained = folder.path().join("pretrain");
    pretrain(&recipe("pretrain.epochs = 1"), &pretrained, false, None).expect("trains");
    let wider = recipe("model.encoder.dim = 24");
    let mut watching = Watching::default();
    let out = folder.path().join("probe");
    let start = Start::From(pretrained);
    let error = run::stage(&mut session(&mut watching, 1), &planned(Stage::Linprobe, &wider, &start, &out), false)
        .expect_err("refused");
    let text = error.to_string();
    assert!(text.contains("16") && text.contains("24") && text.contains("last.safetensors"), "{text}");
    assert!(!out.exists(), "nothing was written");
}

#[test]
fn a_run_without_a_finished_epoch_has_no_weights_to_start_from() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut watching = Watching::default();
    let start = Start::From(folder.path().to_owned());
    let out = folder.path().join("probe");
    let error = run::stage(&mut session(&mut watching, 1), &planned(Stage::Knn, &recipe(""), &start, &out), false)
        .expect_err("refused");
    assert!(error.to_string().contains("holds no weights"), "{error}");
}

#[test]
fn a_plan_runs_every_stage_once_and_picks_up_where_it_was_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = recipe("pretrain.epochs = 1\nfinetune.epochs = 1\nlinprobe.epochs = 1").to_toml();
    let text = format!("{text}\n[[runs]]\nname = 'scratch'\n[[runs]]\nname = 'mae'\n");
    let recipe = Recipe::from_toml(&text).expect("a recipe with runs");
    let stages = plan(&recipe, 2, folder.path());
    let folders: Vec<String> = stages
        .iter()
        .map(|stage| stage.out.strip_prefix(folder.path()).expect("inside").display().to_string())
        .collect();
    let of_seed = |suffix: &str| {
        [
            "scratch/finetune",
            "scratch/linprobe",
            "scratch/knn",
            "mae/pretrain",
            "mae/finetune",
            "mae/linprobe",
            "mae/knn",
        ]
        .map(|name| name.replace('/', &format!("{suffix}/")))
    };
    assert_eq!(folders, [of_seed(""), of_seed("-seed8")].concat());

    let mut watching = Watching { stop_after: Some(10), ..Watching::default() };
    let outcome = run::plan(&mut session(&mut watching, 2), &stages, |_| Ok(())).expect("stops");
    assert!(matches!(outcome, PlanOutcome::Interrupted(..)), "{outcome:?}");
    let mut watching = Watching::default();
    let outcome = run::plan(&mut session(&mut watching, 2), &stages, |_| Ok(())).expect("goes on");
    assert!(matches!(outcome, PlanOutcome::Finished), "{outcome:?}");
    for stage in &stages {
        assert!(stage.out.join("metrics.jsonl").exists(), "{}", stage.out.display());
    }
    let begun = |events: &[bmae_train::observer::Event]| {
        events.iter().filter(|event| matches!(event, bmae_train::observer::Event::Started { .. })).count()
    };
    assert!(begun(&watching.events) < stages.len(), "what was finished before is not repeated");
}

#[test]
fn the_names_of_the_classes_travel_in_every_checkpoint_of_a_classifier() {
    let folder = tempfile::tempdir().expect("a folder");
    let recipe = recipe("finetune.checkpoint_every = 1\nlinprobe.checkpoint_every = 1");
    for (name, stage) in [("finetune", Stage::Finetune), ("linprobe", Stage::Linprobe)] {
        let out = folder.path().join(name);
        evaluate(stage, &recipe, &Start::Scratch, &out, None);
        for file in ["last", "best", "epoch-0001"] {
            let weights = StateDict::from_file(&out.join(format!("checkpoints/{file}.safetensors"))).expect("weights");
            let names = weights.class_names().expect("names");
            assert_eq!((names.len(), names[0].as_str()), (10, "disc"), "{name}: {file}");
        }
    }
}
