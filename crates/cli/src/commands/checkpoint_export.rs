//! `bmae checkpoint export`.

use std::path::Path;

use bmae_nn::weights::ModelPart;
use bmae_output::count::count;
use bmae_output::path_text::to_text;
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
    Exported::check_place(
        to == export::Destination::HuggingFace,
        &arguments.out,
        &arguments.from,
        arguments.force.into(),
    )?;
    let weights = usable_weights(&arguments.from, &ModelPart::ALL)?;
    let recipe = layers::resolve(&layers::of_weights(arguments.preset.as_deref(), everywhere, &weights)?, output)?;
    let exported = export::export(&weights, &recipe, to)?;
    exported.write(&arguments.out)?;
    for note in &exported.notes {
        output.note(note);
    }
    let out = plain_path(&arguments.out);
    let open_with = exported.open_with.replace("PATH", &in_python(&arguments.out));
    let tensors = exported.weights.tensors.len();
    let text = format!("{}, {}, in {out}\nopen it with {open_with}", exported.what, count(tensors, "tensor"));
    let json = json!({
        "to": name,
        "out": to_text(&arguments.out),
        "what": exported.what,
        "tensors": tensors,
        "notes": exported.notes,
        "open_with": open_with,
    });
    Ok(output.result(&text, &json)?)
}

/// The path as a text of Python, which one of JSON is too; a byte that is no UTF-8 as Python itself has it in a path.
fn in_python(path: &Path) -> String {
    let mut text = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        let valid = json!(chunk.valid()).to_string();
        text.push_str(&plain_json(valid.trim_matches('"')));
        text.extend(chunk.invalid().iter().map(|byte| format!("\\udc{byte:02x}")));
    }
    format!("\"{text}\"")
}
