//! `bmae reproduce`.

use std::path::Path;

use bmae_recipe::Stage;
use bmae_recipe::plan::plan as planned;
use serde_json::json;

use super::plan;
use crate::arguments::{Everywhere, Reproduce};
use crate::ending::Ending;
use crate::layers;
use crate::output::Output;

/// Trains and evaluates all runs of the preset, then writes the report and prints its table.
pub fn run(arguments: &Reproduce, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    let options = layers::epoch_fraction(&arguments.plan);
    let layers = layers::with_options(&arguments.recipe, everywhere, &Stage::ALL, options)?;
    let preset = layers.preset.name();
    let recipe = layers::resolve(&layers, output)?;
    if recipe.runs.is_empty() {
        let message = format!(
            "the recipe {preset} lists no [[runs]] to reproduce: add a [[runs]] with a name for each, or train one with `bmae pretrain`"
        );
        return Err(Ending::Usage(message.into()));
    }
    let out = arguments.out.clone().unwrap_or_else(|| Path::new("runs").join(preset));
    let stages = plan::shared(planned(&recipe, arguments.seeds.into(), &out), &out, &arguments.plan);
    match arguments.dry_run {
        true => plan::list(&stages, &out, json!({}), everywhere, output),
        false => plan::run(&stages, &out, &arguments.plan, everywhere, output),
    }
}
