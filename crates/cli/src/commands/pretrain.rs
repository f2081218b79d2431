//! `bmae pretrain`.

use std::path::Path;

use bmae_output::count::count;
use bmae_output::path_text::from_text;
use bmae_recipe::plan::{PlannedStage, run_name};
use bmae_recipe::{Stage, Start, Trunk, Used};
use bmae_train::run_directory::RunFile;
use bmae_train::{TrainError, start};

use super::stage;
use crate::arguments::{Everywhere, Pretrain};
use crate::ending::Ending;
use crate::layers;
use crate::output::Output;

/// Pre-trains one method.
pub fn run(arguments: &Pretrain, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    let layers = layers::pretraining(arguments, everywhere, carried(arguments, everywhere)?)?;
    let recipe = layers::resolve(&layers, output)?;
    if !recipe.method.pretrains() {
        let message = "the method \"scratch\" pre-trains nothing: evaluate it with `bmae finetune --from scratch` and its like, or \
                       choose another --method";
        return Err(Ending::Usage(message.into()));
    }
    let epochs = recipe.pretrain.stage.epochs;
    let ends_after = arguments.stop_after.map(|epochs| epochs as usize);
    if let Some(after) = ends_after.filter(|after| *after > epochs) {
        let message =
            format!("--stop-after {after} is beyond the {} of the training (pretrain.epochs)", count(epochs, "epoch"));
        return Err(Ending::Usage(message.into()));
    }
    let start = match &arguments.trunk {
        None => Start::Scratch,
        Some(directory) => Start::Trunk(trunk(directory, ends_after.unwrap_or(epochs))),
    };
    let run = run_name(&arguments.out, Stage::Pretrain, recipe.seed).unwrap_or_else(|| stage::name_of(&arguments.out));
    if let (Some(from), None) = (&arguments.from, &arguments.recipe.preset) {
        stage::tell_preset(Stage::Pretrain, &layers, from, "data and model", output);
    }
    let out = arguments.out.clone();
    let planned = PlannedStage { run, stage: Stage::Pretrain, recipe, start, out, ends_after };
    stage::run(&planned, everywhere, output)
}

/// The trunk in `directory`, for a run that ends after `epochs`.
fn trunk(directory: &Path, epochs: usize) -> Trunk {
    let shared = match RunFile::read(directory) {
        Ok(about) if about.trunk && about.epochs <= epochs => about.epochs,
        // What is wrong with another one is said where it is needed: a run that has epochs of its own needs none.
        _ => epochs,
    };
    Trunk { directory: directory.to_owned(), epochs: shared }
}

/// What the weights that it begins with carry. A run that is resumed knows that itself, whatever became of them.
fn carried(arguments: &Pretrain, everywhere: &Everywhere) -> Result<Option<String>, TrainError> {
    let Some(from) = &arguments.from else { return Ok(None) };
    let has_begun = everywhere.resume && arguments.out.join("config.toml").is_file();
    let place = if has_begun { arguments.out.clone() } else { from_text(from) };
    start::config_text(&Start::From(place), Used::Autoencoder)
}
