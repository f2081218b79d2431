//! Evaluations that learn from few labels, hold images out, weigh classes and freeze blocks.

use std::path::Path;

use bmae_nn::StateDict;
use bmae_recipe::{Recipe, Stage, Start};
use bmae_train::finetune::FinetuneLearner;
use bmae_train::observer::{Event, Message};
use bmae_train::run_directory::{RunFile, chosen_by, result_weights};
use bmae_train::{Outcome, TrainError, pipeline, run};
use burn::tensor::Device;

use crate::small::{Watching, metrics, planned, pretrain, recipe, session, weights};

const EVALUATIONS: [(&str, Stage); 2] = [("finetune", Stage::Finetune), ("linprobe", Stage::Linprobe)];

fn evaluate(stage: Stage, recipe: &Recipe, out: &Path, stop_after: Option<usize>) -> Result<Outcome, TrainError> {
    let mut watching = Watching { stop_after, ..Watching::default() };
    run::stage(&mut session(&mut watching, 2), &planned(stage, recipe, &Start::Scratch, out), true)
}

/// The `top1` of the lines of one kind with the epochs done then.
fn top1s(run: &Path, kind: &str) -> Vec<(u64, f64)> {
    let lines = metrics(run).into_iter().filter(|line| line["kind"] == kind);
    lines.map(|line| (line["epoch"].as_u64().unwrap() + 1, line["top1"].as_f64().unwrap())).collect()
}

fn best(run: &Path) -> StateDict {
    StateDict::from_file(&run.join("checkpoints/best.safetensors")).expect("the best weights")
}

#[test]
fn the_best_epoch_on_held_out_images_is_tested_once_and_says_by_what_it_was_chosen() {
    let folder = tempfile::tempdir().expect("a folder");
    for (section, stage) in EVALUATIONS {
        let recipe =
            recipe(&format!("{section}.validation_fraction = 0.3\n{section}.epochs = 5\n{section}.base_lr = 0.1"));
        let out = folder.path().join(section);
        evaluate(stage, &recipe, &out, None).expect("evaluates");
        let (validations, tests) = (top1s(&out, "validation"), top1s(&out, "eval"));
        assert_eq!((validations.len(), tests.len()), (5, 1), "{section}");
        let highest = validations.iter().map(|(_, top1)| *top1).fold(0.0, f64::max);
        let (epoch, _) = tests[0];
        assert!(validations.contains(&(epoch, highest)), "{section}: {validations:?}, tested epoch {epoch}");
        let words = format!("validation top-1, epoch {epoch}");
        assert_eq!(chosen_by(&best(&out)), Some(words.as_str()));
        assert_eq!(result_weights(&out), out.join("checkpoints/best.safetensors"));
    }
}

#[test]
fn what_is_tested_in_the_end_are_the_weights_that_were_best() {
    let folder = tempfile::tempdir().expect("a folder");
    let recipe = recipe("finetune = { validation_fraction = 0.3, epochs = 4, base_lr = 0.1 }");
    evaluate(Stage::Finetune, &recipe, folder.path(), None).expect("evaluates");
    let device = Device::flex().autodiff();
    let learner =
        FinetuneLearner::from_weights(&recipe, &best(folder.path()), 10, &device, &mut |_| {}).expect("weights");
    let test = pipeline::open(&recipe).expect("shapes").test.expect("a test set");
    let (transform, values) = (pipeline::evaluation_transform(&recipe), recipe.architecture().grid.values_per_image());
    let mut planes = vec![0.0; test.len() * values];
    for (index, planes) in planes.chunks_exact_mut(values).enumerate() {
        transform.apply(&test.image(index).expect("drawn"), 0, 0, 0, planes).expect("transformed");
    }
    let logits = learner.logits(&learner.frozen(), &planes).expect("images");
    let found: Vec<i64> = logits.argmax(1).into_data().iter::<i64>().collect();
    let right = found.iter().enumerate().filter(|(index, class)| test.label(*index) == Some(**class as usize)).count();
    let (_, top1) = top1s(folder.path(), "eval")[0];
    assert_eq!(top1, 100.0 * right as f64 / test.len() as f64);
}

#[test]
fn without_held_out_images_every_epoch_is_tested_and_the_best_weights_say_so() {
    let folder = tempfile::tempdir().expect("a folder");
    evaluate(Stage::Linprobe, &recipe(""), folder.path(), None).expect("evaluates");
    let tests = top1s(folder.path(), "eval");
    assert_eq!((tests.len(), top1s(folder.path(), "validation").len()), (3, 0));
    let (epoch, _) = tests.iter().copied().rev().max_by(|a, b| a.1.total_cmp(&b.1)).expect("three epochs");
    assert_eq!(chosen_by(&best(folder.path())), Some(format!("test top-1, epoch {epoch}").as_str()));
    assert_eq!(result_weights(folder.path()), folder.path().join("checkpoints/last.safetensors"));
}

#[test]
fn a_training_ends_when_no_epoch_was_better_for_too_long_and_stays_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    for (section, stage) in EVALUATIONS {
        let labels = "validation_fraction = 0.3, patience = 2";
        let recipe = recipe(&format!("{section} = {{ {labels}, epochs = 40, base_lr = 0.5 }}"));
        let out = folder.path().join(section);
        let outcome = evaluate(stage, &recipe, &out, None).expect("evaluates");
        assert!(matches!(outcome, Outcome::Finished(_)), "{section}: {outcome:?}");
        let about = RunFile::read(&out).expect("run.toml");
        let done = about.ended_after.expect("it ended early");
        assert!((3..40).contains(&done), "{section}: {done}");
        assert_eq!(top1s(&out, "validation").len(), done, "{section}");
        assert_eq!(evaluate(stage, &recipe, &out, None).expect("it is there"), Outcome::AlreadyFinished, "{section}");
    }
}

#[test]
fn a_stopped_evaluation_with_held_out_images_resumes_to_the_same_end() {
    let folder = tempfile::tempdir().expect("a folder");
    for (section, stage) in EVALUATIONS {
        let labels =
            "label_fraction = 0.8, validation_fraction = 0.3, patience = 2, class_weights = 'balanced', freeze = 1";
        let recipe = recipe(&format!("{section} = {{ {labels}, epochs = 7, batch_size = 8, base_lr = 0.1 }}"));
        let (whole, stopped) = (folder.path().join(format!("{section}-whole")), folder.path().join(section));
        evaluate(stage, &recipe, &whole, None).expect("evaluates");
        for stop_after in [6, 5, 1] {
            evaluate(stage, &recipe, &stopped, Some(stop_after)).expect("stops");
        }
        evaluate(stage, &recipe, &stopped, None).expect("goes on");
        assert_eq!(metrics(&stopped), metrics(&whole), "{section}");
        assert_eq!(weights(&stopped).tensors, weights(&whole).tensors, "{section}");
        let (resumed, left_alone) = (best(&stopped), best(&whole));
        assert_eq!(chosen_by(&resumed), chosen_by(&left_alone), "{section}");
        assert!(resumed.tensors == left_alone.tensors, "{section}: the best weights differ");
    }
}

#[test]
fn best_weights_that_are_lost_before_they_are_tested_are_missed_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    // Without a rate no epoch is better than the first; it is stopped within the second.
    let recipe = recipe("finetune = { validation_fraction = 0.3, epochs = 2, base_lr = 0.0, min_lr = 0.0 }");
    evaluate(Stage::Finetune, &recipe, folder.path(), Some(3)).expect("stops");
    std::fs::remove_file(folder.path().join("checkpoints/best.safetensors")).expect("it was there");
    let refused =
        evaluate(Stage::Finetune, &recipe, folder.path(), None).expect_err("nothing to be tested").to_string();
    assert!(refused.contains("best.safetensors"), "{refused}");
}

#[test]
fn frozen_blocks_and_what_is_before_them_stay_bit_identical_and_the_others_learn() {
    let folder = tempfile::tempdir().expect("a folder");
    let pretrained = folder.path().join("pretrain");
    pretrain(&recipe("pretrain.epochs = 1"), &pretrained, false, None).expect("trains");
    let before = weights(&pretrained);
    for (freeze, pooling) in [(1, "mean"), (2, "mean"), (2, "class-token")] {
        let settings = format!("freeze = {freeze}, pooling = '{pooling}', weight_decay = 0.5, drop_path = 0.5");
        let out = folder.path().join(format!("{freeze}-{pooling}"));
        let planned = planned(
            Stage::Finetune,
            &recipe(&format!("finetune = {{ {settings} }}")),
            &Start::From(pretrained.clone()),
            &out,
        );
        run::stage(&mut session(&mut Watching::default(), 2), &planned, false).expect("fine-tunes");
        let after = weights(&out);
        let is_frozen = |name: &str| {
            let block = name.strip_prefix("blocks.").and_then(|rest| rest.split('.').next()?.parse::<usize>().ok());
            block.map_or_else(|| !name.starts_with("norm."), |block| block < freeze)
        };
        let of_encoder = |name: &&String| !name.starts_with("decoder_") && *name != "mask_token";
        for name in before.tensors.keys().filter(of_encoder).filter(|name| after.tensors.contains_key(*name)) {
            let same = before.tensors[name] == after.tensors[name];
            assert_eq!(same, is_frozen(name), "{freeze} blocks, {pooling}: {name}");
        }
    }
}

#[test]
fn a_probe_freezes_everything_whatever_it_says_of_blocks() {
    let folder = tempfile::tempdir().expect("a folder");
    let of = |freeze: usize| {
        let out = folder.path().join(freeze.to_string());
        evaluate(Stage::Linprobe, &recipe(&format!("linprobe.freeze = {freeze}")), &out, None).expect("probes");
        weights(&out).tensors
    };
    assert_eq!(of(0), of(2));
}

#[test]
fn balanced_classes_change_the_loss_and_a_class_without_an_image_breaks_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    for (section, stage) in EVALUATIONS {
        let losses = |weights: &str, keys: &str| -> Vec<f64> {
            let out = folder.path().join(format!("{section}-{weights}-{}", keys.len()));
            let keys = format!("{section}.class_weights = '{weights}'\n{keys}");
            evaluate(stage, &recipe(&keys), &out, None).expect("evaluates");
            let epochs = metrics(&out).into_iter().filter(|line| line["kind"] == "epoch");
            epochs.map(|line| line["loss"].as_f64().expect("a number")).collect()
        };
        // 64 images of 10 classes.
        assert_ne!(losses("none", ""), losses("balanced", ""), "{section}");
        // 8 images leave two classes without any; with mixed labels and without.
        let few = format!("data.train_limit = 8\n{section}.batch_size = 8");
        for keys in [few.clone(), format!("{few}\nfinetune.mixup = 0.8\nfinetune.label_smoothing = 0.2")] {
            assert!(losses("balanced", &keys).iter().all(|loss| loss.is_finite() && *loss > 0.0), "{section}");
        }
    }
}

#[test]
fn few_labels_make_one_batch_with_a_word_about_it() {
    let folder = tempfile::tempdir().expect("a folder");
    for (section, stage) in EVALUATIONS {
        let recipe = recipe(&format!("{section}.label_fraction = 0.1\n{section}.batch_size = 512"));
        let mut watching = Watching::default();
        let out = folder.path().join(section);
        let planned = planned(stage, &recipe, &Start::Scratch, &out);
        run::stage(&mut session(&mut watching, 2), &planned, false).expect("evaluates");
        let notes: Vec<&String> = watching
            .events
            .iter()
            .filter_map(|event| match event {
                Event::Message(Message::Note(text)) => Some(text),
                _ => None,
            })
            .collect();
        assert!(
            notes.iter().any(|note| note.contains("10 % of the labels: it learns from 10 images")
                && note.contains("a batch has 10 images for want of 512")),
            "{notes:?}"
        );
        let steps = metrics(&out).into_iter().filter(|line| line["kind"] == "step").count();
        assert_eq!(steps, 3, "one step in each of 3 epochs");
    }
}
