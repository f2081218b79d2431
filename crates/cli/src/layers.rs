//! From what was typed to the layers of a recipe.

use std::path::Path;

use bmae_nn::{Architecture, StateDict, TensorFile};
use bmae_recipe::{
    CarriedRecipe, Layers, PresetChoice, Recipe, RecipeError, Setting, Stage, TrainedStage, Used, Warning,
};
use bmae_train::device::DeviceChoice;
use bmae_train::forward::size_of_images;
use bmae_train::start::carried_recipe;
use toml::Value;

use crate::advice;
use crate::arguments::{Bench, DeviceName, Everywhere, Import, PlanOptions, Pretrain, RecipeSource, RgbChannels};
use crate::gpu_memory;
use crate::output::Output;

/// The layers that every recipe has: preset, `--data`, `--seed`, `--set`, for `stages` that are about to run.
pub fn layers(source: &RecipeSource, everywhere: &Everywhere, stages: &[Stage]) -> Result<Layers, RecipeError> {
    with_options(source, everywhere, stages, [])
}

/// Those layers, and below `--set` the `options` that a command has besides.
pub fn with_options(
    source: &RecipeSource,
    everywhere: &Everywhere,
    stages: &[Stage],
    options: impl IntoIterator<Item = Option<Setting>>,
) -> Result<Layers, RecipeError> {
    let preset = match &source.preset {
        Some(name) => PresetChoice::read(name)?,
        None => PresetChoice::default(),
    };
    let seed = everywhere.seed.and_then(|seed| i64::try_from(seed).ok());
    let general = [
        source.data.clone().map(|data| option("--data", "data.source", data)),
        seed.map(|seed| option("--seed", "seed", seed)),
    ];
    let sets = everywhere.set.iter().map(|set| Setting::parse(set, format!("--set {set}")));
    let settings = general.into_iter().chain(options).flatten().map(Ok).chain(sets);
    Ok(Layers {
        preset,
        settings: settings.collect::<Result<_, _>>()?,
        stages: stages.to_vec(),
        available_memory: available_memory(everywhere.device),
        ..Layers::default()
    })
}

/// The layers of a pre-training: those and the method's options. Over the preset lies what the weights that it begins
/// with carry of data and model.
pub fn pretraining(
    arguments: &Pretrain,
    everywhere: &Everywhere,
    carried: Option<String>,
) -> Result<Layers, RecipeError> {
    let from = arguments.from.as_ref();
    let own = [
        from.map(|from| option("--from", "pretrain.from", from.as_str())),
        channels_from_rgb(&arguments.channels),
        method(arguments.method.as_ref()),
        arguments.k.map(|k| option("--k", "method.k", i64::from(k))),
        arguments.wse.map(|wse| option("--wse", "method.wse", i64::from(wse))),
        arguments.tau.map(|tau| option("--tau", "method.tau", tau)),
        arguments.slow_weight.map(|weight| option("--slow-weight", "method.slow_weight", weight)),
    ];
    let from = from.zip(carried).map(|(from, text)| CarriedRecipe { name: from.clone(), text, with_method: false });
    Ok(Layers { single_run: true, from, ..with_options(&arguments.recipe, everywhere, &[Stage::Pretrain], own)? })
}

/// `--epoch-fraction`, of every stage that trains.
pub fn epoch_fraction(options: &PlanOptions) -> [Option<Setting>; 3] {
    TrainedStage::ALL.map(|stage| {
        let key = format!("{}.epoch_fraction", Stage::from(stage).section());
        options.epoch_fraction.map(|fraction| option("--epoch-fraction", &key, fraction))
    })
}

/// `--method`.
pub fn method(name: Option<&String>) -> Option<Setting> {
    name.map(|name| option("--method", "method.name", name.as_str()))
}

/// `--channels-from-rgb`.
fn channels_from_rgb(channels: &RgbChannels) -> Option<Setting> {
    let how = channels.channels_from_rgb.as_deref()?;
    Some(option("--channels-from-rgb", "model.channels_from_rgb", how))
}

/// The layers of an evaluation: over the preset lies what the run or file that it starts from carries.
pub fn evaluation(
    source: &RecipeSource,
    everywhere: &Everywhere,
    stage: Stage,
    from: &str,
    channels: &RgbChannels,
    carried: Option<String>,
) -> Result<Layers, RecipeError> {
    let scratch = (from == "scratch").then(|| option("--from scratch", "method.name", "scratch"));
    let channels = channels_from_rgb(channels);
    let from = carried.map(|text| CarriedRecipe { name: from.to_owned(), text, with_method: true });
    Ok(Layers { single_run: true, from, ..with_options(source, everywhere, &[stage], [scratch, channels])? })
}

/// The layers of a check of recorded tensors: over `paper` lies what the weights carry of data and model, and for
/// weights that tell no image size the side of the images in `tensors`.
pub fn recorded(
    preset: Option<&str>,
    everywhere: &Everywhere,
    weights: &StateDict,
    used: Used,
    tensors: &TensorFile,
) -> Result<Layers, RecipeError> {
    let source = RecipeSource { preset: Some(preset.unwrap_or("paper").to_owned()), data: None };
    let tells_size = weights.config_text().is_some()
        || Architecture::of(weights).encoder.is_some_and(|encoder| encoder.image_size().is_some());
    let size = size_of_images(tensors).filter(|_| !tells_size);
    let place = format!("the images of {}", tensors.source());
    let given = |text: String| Setting::parse(&format!("data.image_size={text}"), place.clone());
    let size = size.map(|size| given(size.in_a_recipe())).transpose()?;
    let from = carried_recipe(weights, used).map(|text| CarriedRecipe {
        name: weights.source_name(),
        text,
        with_method: false,
    });
    Ok(Layers { single_run: true, from, ..with_options(&source, everywhere, &[], [size])? })
}

/// The layers of `bmae reconstruct`: data, model and method are those that the weights carry, and `[pretrain]` where
/// they are a run's, since how patches were masked and normalised is part of what is drawn.
pub fn reconstruction(
    source: &RecipeSource,
    everywhere: &Everywhere,
    from: &Path,
    weights: &StateDict,
) -> Result<Layers, RecipeError> {
    let mut layers = layers(source, everywhere, &[])?;
    layers.single_run = true;
    match (weights.config_text(), &source.preset) {
        (Some(text), None) => layers.preset = PresetChoice::File { path: from.to_owned(), text: text.to_owned() },
        _ => {
            let carried = carried_recipe(weights, Used::Autoencoder);
            layers.from = carried.map(|text| CarriedRecipe { name: weights.source_name(), text, with_method: true });
            layers.settings.splice(0..0, mask_ratio(weights));
        }
    }
    Ok(layers)
}

/// The layers of `bmae bench`: `paper`, and how many images a step takes.
pub fn bench(arguments: &Bench, everywhere: &Everywhere) -> Result<Layers, RecipeError> {
    let preset = arguments.preset.clone().unwrap_or_else(|| "paper".to_owned());
    let stage = Stage::from(arguments.stage);
    let source = RecipeSource { preset: Some(preset), data: arguments.data.clone() };
    let batch_size = format!("{}.batch_size", stage.section());
    let own = [
        method(arguments.method.as_ref()),
        arguments.batch.map(|batch| option("--batch", &batch_size, i64::from(batch))),
    ];
    Ok(Layers { single_run: true, ..with_options(&source, everywhere, &[stage], own)? })
}

/// The layers of weights that are imported: what they carry, and what becomes of their channels.
pub fn imported(arguments: &Import, everywhere: &Everywhere, weights: &StateDict) -> Result<Layers, RecipeError> {
    let mut layers = of_weights(arguments.preset.as_deref(), everywhere, weights)?;
    layers.settings.splice(0..0, channels_from_rgb(&arguments.channels));
    Ok(layers)
}

/// The layers of what is only read and written: what the weights carry, all of it, stands where a preset would.
pub fn of_weights(preset: Option<&str>, everywhere: &Everywhere, weights: &StateDict) -> Result<Layers, RecipeError> {
    let source = RecipeSource { preset: preset.map(str::to_owned), data: None };
    let mut layers = layers(&source, everywhere, &[])?;
    layers.single_run = true;
    let name = weights.source_name();
    match weights.config_text() {
        Some(text) => layers.preset = PresetChoice::File { path: name.into(), text: text.to_owned() },
        None => {
            let carried = carried_recipe(weights, Used::Autoencoder);
            layers.from = carried.map(|text| CarriedRecipe { name, text, with_method: false });
            layers.settings.splice(0..0, mask_ratio(weights));
        }
    }
    Ok(layers)
}

/// The mask ratio that a `config.json` beside foreign weights tells: below every setting.
fn mask_ratio(weights: &StateDict) -> Option<Setting> {
    let ratio = weights.origin.config.mask_ratio?;
    Some(option(&format!("the config.json of {}", weights.source_name()), "pretrain.mask_ratio", ratio))
}

/// The layers of `bmae features`: nothing is trained, so no stage is asked whether it can run.
pub fn features(
    source: &RecipeSource,
    everywhere: &Everywhere,
    from: &str,
    carried: Option<String>,
) -> Result<Layers, RecipeError> {
    Ok(Layers {
        stages: Vec::new(),
        ..evaluation(source, everywhere, Stage::Knn, from, &RgbChannels::default(), carried)?
    })
}

/// The recipe of the layers; what is allowed and probably not meant is said on stderr.
pub fn resolve(layers: &Layers, output: &Output) -> Result<Recipe, RecipeError> {
    let (recipe, warnings) = Recipe::resolve(layers)?;
    for warning in warnings {
        tell(&warning, output);
    }
    Ok(recipe)
}

/// Says something about a recipe, with what to do about it.
pub fn tell(warning: &Warning, output: &Output) {
    let text = match advice::of_warning(warning) {
        Some(advice) => format!("{warning}; {advice}"),
        None => warning.to_string(),
    };
    match warning.is_a_note() {
        true => output.note(&text),
        false => output.warn(&text),
    }
}

fn option(name: &str, path: &str, value: impl Into<Value>) -> Setting {
    Setting { path: path.to_owned(), value: value.into(), place: name.to_owned() }
}

/// The memory that a recipe must fit into, where it is known. A GPU has its own.
pub fn available_memory(device: DeviceName) -> Option<u64> {
    match DeviceChoice::from(device) {
        DeviceChoice::Cpu => bmae_recipe::available_memory(),
        DeviceChoice::Gpu => gpu_memory::most(),
        // Which device that will be is not known yet.
        DeviceChoice::Auto => None,
    }
}
