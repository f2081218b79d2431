//! `bmae checkpoint import`.

use bmae_nn::weights::{Architecture, ModelPart};
use bmae_output::count::count;
use bmae_output::path_text::to_text;
use bmae_output::plain::plain_path;
use bmae_train::export;
use bmae_train::start::usable_weights;
use bmae_train::whole_file::write_whole;
use serde_json::json;

use crate::arguments::{Everywhere, Import};
use crate::ending::Ending;
use crate::layers;
use crate::output::Output;

/// Writes foreign weights under the official names, with what is known of their model.
pub fn run(arguments: &Import, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    export::check_place_of_import(&arguments.out, &arguments.from, arguments.force.into())?;
    let weights = usable_weights(&arguments.from, &ModelPart::ALL)?;
    let recipe = layers::resolve(&layers::imported(arguments, everywhere, &weights)?, output)?;
    let (weights, notes) = export::import(weights, &recipe)?;
    write_whole(&arguments.out, &weights.to_bytes()?)?;
    for note in &notes {
        output.note(note);
    }
    let (tensors, out) = (weights.tensors.len(), plain_path(&arguments.out));
    let text = format!("{} in {out}\n{}", count(tensors, "tensor"), Architecture::of(&weights));
    Ok(output.result(&text, &json!({ "out": to_text(&arguments.out), "tensors": tensors, "notes": notes }))?)
}
