//! `bmae reconstruct`.

use bmae_nn::weights::ModelPart;
use bmae_output::count::count;
use bmae_output::path_text::to_text;
use bmae_output::plain::plain_path;
use bmae_recipe::{Need, Used};
use bmae_train::model::Predicted;
use bmae_train::reconstruct::{self, PictureRequest};
use bmae_train::settled;
use bmae_train::start::{fit, usable_weights};
use serde_json::json;

use crate::arguments::{Everywhere, Reconstruct};
use crate::device;
use crate::ending::Ending;
use crate::layers;
use crate::output::Output;
use crate::threads;

/// Draws what a masked autoencoder makes of a few images.
pub fn run(arguments: &Reconstruct, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    if arguments.attention.as_ref() == Some(&arguments.out) {
        return Err(Ending::Usage("--out and --attention name the same file: the two pictures need one each".into()));
    }
    let mut weights = usable_weights(&arguments.from, &[ModelPart::Encoder, ModelPart::Decoder])?;
    let layers = layers::reconstruction(&arguments.recipe, everywhere, &arguments.from, &weights)?;
    let recipe = layers::resolve(&layers, output)?;
    recipe.check_memory(Need::Weights(Used::Autoencoder), layers.available_memory)?;
    threads::set(everywhere.threads)?;
    let device = device::open(everywhere, output)?;
    let tell = &mut |message| output.message(&message);
    let recipe = if recipe.data.is_settled() { recipe } else { settled::open(&recipe, tell)?.1 };
    fit(&mut weights, &recipe, Used::Autoencoder, tell)?;
    let request = PictureRequest {
        split: arguments.split.map(Into::into),
        images: arguments.images.into(),
        out: &arguments.out,
        attention: arguments.attention.as_deref(),
        foreign: arguments.force.into(),
    };
    let drawn = reconstruct::write(&recipe, &weights, request, &device, tell)?;
    let predicted = match drawn.predicted {
        Predicted::Pixels => "pixels",
        Predicted::Features => "features",
    };
    let also =
        arguments.attention.as_ref().map(|path| format!(", attention in {}", plain_path(path))).unwrap_or_default();
    let text = format!("{}: {}, predicted {predicted}{also}", plain_path(&arguments.out), count(drawn.images, "image"));
    let json = json!({
        "path": to_text(&arguments.out),
        "attention": arguments.attention.as_ref().map(to_text),
        "images": drawn.images,
        "predicted": predicted,
    });
    Ok(output.result(&text, &json)?)
}
