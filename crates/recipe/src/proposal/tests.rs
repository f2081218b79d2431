use bmae_architecture::{ImageSize, PatchSize};

use std::time::Duration;

use super::*;
use crate::{Layers, PresetChoice, Recipe, RecipeError, Setting, Stage, Warning};

fn photographs() -> ImagesAtHand {
    ImagesAtHand {
        source: "photos".to_owned(),
        root: None,
        train: 600,
        test: 200,
        classes: 5,
        shorter_side: Some(240),
        ratio: Some(4.0 / 3.0),
        looked_at: 600,
        mean: vec![0.443_21, 0.4, 0.35],
        std: vec![0.25, 0.24, 0.23],
    }
}

const HOUR: Budget = Budget { time: Duration::from_hours(1), memory: Some(8 << 30) };

/// A machine on which an epoch of so many images takes longer the larger they and the model are.
fn machine(images: usize, speed: f64) -> impl FnMut(&Recipe, Stage) -> Result<f64, RecipeError> {
    move |recipe, stage| {
        let Some(trained) = stage.trained() else { return Ok(1.0) };
        let patches = recipe.architecture().grid.patches() as f64;
        let encoder = &recipe.model.encoder;
        let values = patches * (encoder.dim * encoder.dim * encoder.depth) as f64;
        Ok(recipe.stage(trained).epochs as f64 * images as f64 * values / 1e9 / speed)
    }
}

fn proposed(images: ImagesAtHand, budget: &Budget, settings: &[&str], speed: f64) -> Proposal {
    let setting = |text: &&str| Setting::parse(text, format!("--set {text}")).expect("a setting");
    let settings: Vec<Setting> = settings.iter().map(setting).collect();
    let train = images.train;
    propose(images, budget, &settings, machine(train, speed)).unwrap_or_else(|error| panic!("{error}"))
}

/// What reading the file gives, as a stage of it would.
fn read(text: &str) -> (Recipe, Vec<Warning>) {
    let preset = PresetChoice::File { path: "proposed.toml".into(), text: text.to_owned() };
    Recipe::resolve(&Layers { preset, stages: Stage::ALL.to_vec(), ..Layers::default() })
        .unwrap_or_else(|error| panic!("{error} in\n{text}"))
}

#[test]
fn the_file_reads_back_as_the_recipe_without_a_warning_whatever_the_images() {
    let unlabelled = ImagesAtHand { test: 0, classes: 0, ..photographs() };
    let untested = ImagesAtHand { test: 0, ..photographs() };
    let few = ImagesAtHand { train: 2, test: 1, classes: 2, shorter_side: Some(3), std: vec![0.0; 3], ..photographs() };
    let many = ImagesAtHand { train: 1_300_000, test: 50_000, classes: 1000, ..photographs() };
    let generated = ImagesAtHand { source: "shapes".to_owned(), shorter_side: None, ..photographs() };
    for images in [photographs(), unlabelled, untested, few, many, generated] {
        for speed in [1e-6, 1.0, 10.0, 1000.0] {
            let proposal = proposed(images.clone(), &HOUR, &[], speed);
            let text = proposal.text();
            let (recipe, warnings) = read(&text);
            assert_eq!(warnings, [], "{text}");
            assert_eq!(recipe, proposal.recipe, "{text}");
        }
    }
}

#[test]
fn photographs_keep_their_size_where_the_time_is_enough_and_become_smaller_where_it_is_not() {
    let size = |speed| proposed(photographs(), &HOUR, &[], speed).recipe.data.image_size.height;
    assert_eq!([0.001, 0.2, 100.0].map(size), [64, 160, 224]);
    let text = proposed(photographs(), &HOUR, &[], 0.001).text().replace("\n# ", " ");
    assert!(
        text.contains("shorter sides is 240 pixels. At a larger size the time would do for too few steps"),
        "{text}"
    );
}

#[test]
fn the_model_grows_with_time_and_images() {
    let dim = |train, speed| {
        let images = ImagesAtHand { train, shorter_side: Some(32), ..photographs() };
        proposed(images, &HOUR, &[], speed).recipe.model.encoder.dim
    };
    assert_eq!([dim(600, 0.1), dim(600, 1000.0), dim(50_000, 20.0), dim(50_000, 1000.0)], [96, 128, 192, 384]);
}

#[test]
fn memory_limits_model_and_batch_and_what_cannot_fit_is_refused() {
    let images = || ImagesAtHand { train: 50_000, ..photographs() };
    let little = |memory| Budget { memory: Some(memory), ..HOUR };
    let recipe = |memory| proposed(images(), &little(memory), &[], 1000.0).recipe;
    let (ample, tight) = (recipe(64 << 30), recipe(128 << 20));
    assert!(tight.model.encoder.dim < ample.model.encoder.dim);
    assert!(tight.pretrain.stage.batch_size < ample.pretrain.stage.batch_size);
    assert!(recipe(64 << 20).data.image_size.height < ample.data.image_size.height);
    let error = propose(images(), &little(1 << 20), &[], machine(600, 1.0)).expect_err("it cannot fit");
    assert!(matches!(error, RecipeError::Memory { .. }), "{error}");
}

#[test]
fn pre_training_takes_the_time_that_it_is_given() {
    for minutes in [1, 10, 60] {
        let budget = Budget { time: Duration::from_mins(minutes), ..HOUR };
        let proposal = proposed(photographs(), &budget, &[], 0.1);
        let (stage, seconds) = proposal.stages[0];
        let asked = budget.time.as_secs_f64();
        assert!(stage == Stage::Pretrain && (0.8 * asked..=1.03 * asked).contains(&seconds), "{seconds} of {asked}");
    }
}

#[test]
fn images_without_labels_or_tests_have_no_evaluations_and_the_file_says_why() {
    let text = |test, classes| proposed(ImagesAtHand { test, classes, ..photographs() }, &HOUR, &[], 1.0).text();
    for (text, why) in [(text(0, 0), "no classes"), (text(0, 5), "no test images")] {
        assert!(text.contains(why), "{text}");
        for section in ["[finetune]\n", "[linprobe]\n", "[knn]\n", "[[runs]]\n"] {
            assert!(!text.contains(&format!("\n{section}")), "{section} in\n{text}");
        }
    }
    assert!(text(200, 5).contains("[finetune]\n"));
}

#[test]
fn what_was_decided_beforehand_holds_and_the_rest_is_chosen_around_it() {
    let proposal = proposed(
        photographs(),
        &HOUR,
        &["data.image_size=96", "pretrain.epochs=7", "finetune.mixup=0.8", "seed=3", "runs=[{name='mae'}]"],
        1.0,
    );
    let (recipe, text) = (&proposal.recipe, proposal.text());
    assert_eq!((recipe.data.image_size, recipe.model.patch_size), (ImageSize::square(96), PatchSize::square(8)));
    assert_eq!((recipe.pretrain.stage.epochs, recipe.finetune.mixup, recipe.seed), (7, 0.8, 3));
    assert_eq!(recipe.runs.len(), 1);
    assert!(text.contains("# As --set pretrain.epochs=7 says.\nepochs = 7\n"), "{text}");
    assert_eq!(read(&text).0, *recipe, "{text}");
    let patches = proposed(photographs(), &HOUR, &["model.patch_size=14"], 0.001).recipe;
    assert_eq!((patches.data.image_size, patches.model.patch_size), (ImageSize::square(56), PatchSize::square(14)));
    let bad = Setting::parse("data.image_size=none", "--set data.image_size=none".to_owned()).expect("a setting");
    propose(photographs(), &HOUR, &[bad], machine(600, 1.0)).expect_err("no number");
}

#[test]
fn every_line_is_short_and_every_section_says_how_long_it_takes() {
    let text = proposed(photographs(), &HOUR, &[], 1.0).text();
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    for section in ["pretrain", "finetune", "linprobe"] {
        assert!(text.contains(&format!("[{section}]\n# About ")), "{text}");
    }
}
