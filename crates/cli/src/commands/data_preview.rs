//! `bmae data preview`.

use bmae_output::count::count;
use bmae_output::path_text::to_text;
use bmae_output::plain::plain_path;
use bmae_recipe::{Layers, Need, Stage, available_memory};
use bmae_train::preview::{self, PreviewSize};
use serde_json::json;

use crate::arguments::{Everywhere, Preview};
use crate::ending::Ending;
use crate::layers;
use crate::output::Output;

/// Draws what a stage's recipe does to training images of several classes.
pub fn run(arguments: &Preview, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    let stage = Stage::from(arguments.stage);
    // Nothing is trained: of memory, only the images need some.
    let layers =
        Layers { available_memory: None, single_run: true, ..layers::layers(&arguments.recipe, everywhere, &[stage])? };
    let recipe = layers::resolve(&layers, output)?;
    recipe.check_memory(Need::Images, available_memory())?;
    let size = PreviewSize { images: arguments.images.into(), epochs: arguments.epochs.into() };
    let drawn = preview::write(&recipe, stage, size, &arguments.out, arguments.force.into(), &mut |message| {
        output.message(&message)
    })?;
    let text = format!(
        "{}: {} in {}{}, as {} sees them ({})",
        plain_path(&arguments.out),
        count(drawn.images, "image"),
        count(drawn.columns, "view"),
        if drawn.images == 1 { "" } else { " each" },
        stage.words(),
        recipe.data.source.text(),
    );
    let json = json!({
        "path": to_text(&arguments.out),
        "stage": stage.section(),
        "images": drawn.images,
        "columns": drawn.columns,
    });
    Ok(output.result(&text, &json)?)
}
