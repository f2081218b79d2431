//! From what was typed to the layers of a recipe.

use std::path::Path;

use bmae_nn::{Architecture, StateDict, TensorFile};
use bmae_recipe::{Flag, FromRun, Layers, PresetChoice, Recipe, RecipeError, Stage, Used};
use bmae_train::device::DeviceChoice;
use bmae_train::forward::side_of_images;
use bmae_train::start::carried_recipe;
use toml::Value;

use crate::arguments::{Bench, DeviceName, Everywhere, Pretrain, RecipeSource};
use crate::output::Output;

/// The layers that every recipe has: preset, `--data`, `--seed`, `--set`, for `stages` that are about to run.
pub fn layers(source: &RecipeSource, everywhere: &Everywhere, stages: &[Stage]) -> Result<Layers, RecipeError> {
    let preset = match &source.preset {
        Some(name) => PresetChoice::read(name)?,
        None => PresetChoice::default(),
    };
    let seed = everywhere.seed.and_then(|seed| i64::try_from(seed).ok());
    let flags = [
        source.data.clone().map(|data| flag("--data", "data.source", data)),
        seed.map(|seed| flag("--seed", "seed", seed)),
    ];
    Ok(Layers {
        preset,
        flags: flags.into_iter().flatten().collect(),
        sets: everywhere.set.clone(),
        stages: stages.to_vec(),
        available_memory: available_memory(everywhere.device),
        ..Layers::default()
    })
}

/// The layers of a pre-training: those and the method's flags.
pub fn pretraining(arguments: &Pretrain, everywhere: &Everywhere) -> Result<Layers, RecipeError> {
    let mut layers = layers(&arguments.recipe, everywhere, &[Stage::Pretrain])?;
    layers.single = true;
    layers.method.clone_from(&arguments.method);
    let own = [
        arguments.k.map(|k| flag("--k", "method.k", i64::from(k))),
        arguments.wse.map(|wse| flag("--wse", "method.wse", i64::from(wse))),
        arguments.tau.map(|tau| flag("--tau", "method.tau", tau)),
        arguments.slow_weight.map(|weight| flag("--slow-weight", "method.slow_weight", weight)),
    ];
    layers.flags.extend(own.into_iter().flatten());
    Ok(layers)
}

/// The layers of an evaluation: over the preset lies what the run or file that it starts from carries.
pub fn evaluation(
    source: &RecipeSource,
    everywhere: &Everywhere,
    stage: Stage,
    from: &str,
    carried: Option<String>,
) -> Result<Layers, RecipeError> {
    let mut layers = layers(source, everywhere, &[stage])?;
    layers.single = true;
    layers.from = carried.map(|text| FromRun { name: from.to_owned(), text, method: true });
    if from == "scratch" {
        layers.method = Some("scratch".to_owned());
    }
    Ok(layers)
}

/// The layers of a check of recorded tensors: over `paper` lies what the weights carry of data and model, and for weights that
/// tell no image size the side of the images in `tensors`.
pub fn recorded(
    preset: Option<&str>,
    everywhere: &Everywhere,
    (weights, used): (&StateDict, Used),
    tensors: &TensorFile,
) -> Result<Layers, RecipeError> {
    let source = RecipeSource { preset: Some(preset.unwrap_or("paper").to_owned()), data: None };
    let mut layers = layers(&source, everywhere, &[])?;
    layers.single = true;
    let tells_size = weights.config_text().is_some()
        || Architecture::of(weights).encoder.is_some_and(|encoder| encoder.image_size().is_some());
    let side = side_of_images(tensors).and_then(|side| i64::try_from(side).ok()).filter(|_| !tells_size);
    let place = format!("the images of {}", tensors.source());
    layers.flags.extend(side.map(|side| flag(&place, "data.image_size", side)));
    layers.from =
        carried_recipe(weights, used).map(|text| FromRun { name: weights.source_name(), text, method: false });
    Ok(layers)
}

/// The layers of `bmae reconstruct`: data, model and method are those that the weights carry, and `[pretrain]` where they are a
/// run's, since how patches were masked and normalised is part of what is drawn.
pub fn reconstruction(
    source: &RecipeSource,
    everywhere: &Everywhere,
    from: &Path,
    weights: &StateDict,
) -> Result<Layers, RecipeError> {
    let mut layers = layers(source, everywhere, &[])?;
    layers.single = true;
    match (weights.config_text(), &source.preset) {
        (Some(text), None) => layers.preset = PresetChoice::File { path: from.to_owned(), text: text.to_owned() },
        _ => {
            let carried = carried_recipe(weights, Used::Autoencoder);
            layers.from = carried.map(|text| FromRun { name: weights.source_name(), text, method: true });
        }
    }
    Ok(layers)
}

/// The layers of `bmae bench`: `paper`, and how many images a step takes.
pub fn bench(arguments: &Bench, everywhere: &Everywhere) -> Result<Layers, RecipeError> {
    let preset = arguments.preset.clone().unwrap_or_else(|| "paper".to_owned());
    let stage = Stage::from(arguments.stage);
    let source = RecipeSource { preset: Some(preset), data: None };
    let mut layers = layers(&source, everywhere, &[stage])?;
    layers.single = true;
    layers.method.clone_from(&arguments.method);
    let batch =
        arguments.batch.map(|batch| flag("--batch", &format!("{}.batch_size", stage.section()), i64::from(batch)));
    layers.flags.extend(batch);
    Ok(layers)
}

/// The layers of what is only read and written: what the weights carry, all of it, stands where a preset would.
pub fn of_weights(preset: Option<&str>, everywhere: &Everywhere, weights: &StateDict) -> Result<Layers, RecipeError> {
    let source = RecipeSource { preset: preset.map(str::to_owned), data: None };
    let mut layers = layers(&source, everywhere, &[])?;
    layers.single = true;
    let name = weights.source_name();
    match weights.config_text() {
        Some(text) => layers.preset = PresetChoice::File { path: name.into(), text: text.to_owned() },
        None => {
            let carried = carried_recipe(weights, Used::Autoencoder);
            layers.from = carried.map(|text| FromRun { name, text, method: false });
        }
    }
    Ok(layers)
}

/// The layers of `bmae features`: nothing is trained, so no stage is asked whether it can run.
pub fn features(
    source: &RecipeSource,
    everywhere: &Everywhere,
    from: &str,
    carried: Option<String>,
) -> Result<Layers, RecipeError> {
    Ok(Layers { stages: Vec::new(), ..evaluation(source, everywhere, Stage::Knn, from, carried)? })
}

/// The recipe of the layers; what is allowed and probably not meant is said on stderr.
pub fn resolve(layers: &Layers, output: &Output) -> Result<Recipe, RecipeError> {
    let (recipe, warnings) = Recipe::resolve(layers)?;
    for warning in warnings {
        match warning.is_a_note() {
            true => output.note(&warning.to_string()),
            false => output.warn(&warning.to_string()),
        }
    }
    Ok(recipe)
}

fn flag(name: &str, path: &str, value: impl Into<Value>) -> Flag {
    Flag { name: name.to_owned(), path: path.to_owned(), value: value.into() }
}

/// A GPU has memory of its own, which this machine's says nothing about.
fn available_memory(device: DeviceName) -> Option<u64> {
    match DeviceChoice::from(device) {
        DeviceChoice::Cpu => bmae_recipe::available_memory(),
        _ => None,
    }
}
