//! `bmae data preview`.

use bmae_train::preview::{self, Extent};
use bmae_train::recipe::{Layers, Stage};
use serde_json::json;

use crate::arguments::{Everywhere, Preview, PreviewStage};
use crate::ending::Ending;
use crate::layers;
use crate::output::Output;

/// Draws what a stage's recipe does to the first training images.
pub fn run(arguments: &Preview, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    let stage = match arguments.stage {
        PreviewStage::Pretrain => Stage::Pretrain,
        PreviewStage::Finetune => Stage::Finetune,
        PreviewStage::Linprobe => Stage::Linprobe,
    };
    // Nothing is trained: what a training needs of memory is of no concern.
    let layers =
        Layers { available_memory: None, single: true, ..layers::layers(&arguments.recipe, everywhere, &[stage])? };
    let recipe = layers::resolve(&layers, output)?;
    let extent = Extent { images: arguments.images.into(), epochs: arguments.epochs.into() };
    let drawn = preview::write(&recipe, stage, extent, &arguments.out)?;
    let text = format!(
        "{}: {} images in {} views each, as {} sees them ({})",
        arguments.out.display(),
        drawn.images,
        drawn.columns,
        stage.words(),
        recipe.data.source_text,
    );
    let json = json!({
        "path": arguments.out,
        "stage": stage.section(),
        "images": drawn.images,
        "columns": drawn.columns,
    });
    Ok(output.result(&text, &json)?)
}
