//! `bmae checkpoint export`.

use bmae_nn::weights::ModelPart;
use bmae_output::count::count;
use bmae_output::plain::{plain_json, plain_path};
use bmae_train::export::{self, Exported};
use bmae_train::start::usable_weights;
use serde_json::json;

use crate::arguments::{Destination, Everywhere, Export};
use crate::ending::Ending;
use crate::layers;
use crate::output::Output;

/// Writes weights for another program, and says how it opens them.
pub fn run(arguments: &Export, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    let (to, name) = match arguments.to {
        Destination::Timm => (export::Destination::Timm, "timm"),
        Destination::Mae => (export::Destination::Mae, "mae"),
        Destination::HuggingFace => (export::Destination::HuggingFace, "huggingface"),
    };
    Exported::check_place(to == export::Destination::HuggingFace, &arguments.out)?;
    let weights = usable_weights(&arguments.from, &ModelPart::ALL)?;
    let recipe = layers::resolve(&layers::of_weights(arguments.preset.as_deref(), everywhere, &weights)?, output)?;
    let exported = export::export(&weights, &recipe, to)?;
    exported.write(&arguments.out)?;
    for note in &exported.notes {
        output.note(note);
    }
    let out = plain_path(&arguments.out);
    // A text of JSON is one of Python too.
    let path = json!(arguments.out.to_string_lossy()).to_string();
    let open_with = exported.open_with.replace("PATH", &plain_json(&path));
    let tensors = exported.weights.tensors.len();
    let text = format!("{}, {}, in {out}\nopen it with {open_with}", exported.what, count(tensors, "tensor"));
    let json = json!({
        "to": name,
        "out": arguments.out.to_string_lossy(),
        "what": exported.what,
        "tensors": tensors,
        "notes": exported.notes,
        "open_with": open_with,
    });
    Ok(output.result(&text, &json)?)
}
