//! `bmae checkpoint export`.

use std::path::Path;

use bmae_nn::StateDict;
use bmae_nn::weights::ModelPart;
use bmae_output::count::count;
use bmae_output::path_text::to_text;
use bmae_output::plain::{plain_json, plain_path};
use bmae_recipe::Recipe;
use bmae_train::export::{self, Exported, OnnxFile, OnnxRequest};
use bmae_train::start::{measured_encoder, usable_weights};
use clap::ValueEnum;
use serde_json::json;

use crate::arguments::{Destination, Everywhere, Export};
use crate::ending::Ending;
use crate::layers;
use crate::output::Output;

/// Writes weights for another program, or as a file that computes by itself, and says how it is opened.
pub fn run(arguments: &Export, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    let measured = measured_encoder(&arguments.from);
    if let Some(encoder) = &measured {
        output.note(&no_classifier(&arguments.from, encoder));
    }
    let from = measured.as_deref().unwrap_or(&arguments.from);
    let to = match arguments.to {
        Destination::Timm => export::Destination::Timm,
        Destination::Mae => export::Destination::Mae,
        Destination::HuggingFace => export::Destination::HuggingFace,
        Destination::Onnx => return as_onnx(arguments, from, everywhere, output),
    };
    let given = [("--input", arguments.input.is_some()), ("--feature", arguments.feature.is_some())];
    if let Some((name, _)) = given.iter().find(|(_, is_given)| *is_given) {
        return Err(Ending::Usage(format!("{name} is for --to onnx: other programs have code of their own").into()));
    }
    Exported::check_place(to == export::Destination::HuggingFace, &arguments.out, from, arguments.force.into())?;
    let (weights, recipe) = weights_and_recipe(arguments, from, everywhere, output)?;
    let exported = export::export(&weights, &recipe, to)?;
    exported.write(&arguments.out)?;
    let tensors = exported.weights.tensors.len();
    tell(arguments, output, &exported.what, &exported.open_with, tensors, &exported.notes, None)
}

fn as_onnx(arguments: &Export, from: &Path, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    OnnxFile::check_place(&arguments.out, from, arguments.force.into())?;
    let request = OnnxRequest { input: arguments.input.map(Into::into), feature: arguments.feature.map(Into::into) };
    let (weights, recipe) = weights_and_recipe(arguments, from, everywhere, output)?;
    let file = export::export_onnx(&weights, &recipe, request)?;
    file.write(&arguments.out)?;
    let ends = Some([file.input.as_str(), file.output.as_str()]);
    tell(arguments, output, &file.what, &file.open_with, file.tensors, &file.notes, ends)
}

fn weights_and_recipe(
    arguments: &Export,
    from: &Path,
    everywhere: &Everywhere,
    output: &Output,
) -> Result<(StateDict, Recipe), Ending> {
    let weights = usable_weights(from, &ModelPart::ALL)?;
    let recipe = layers::resolve(&layers::of_weights(arguments.preset.as_deref(), everywhere, &weights)?, output)?;
    Ok((weights, recipe))
}

/// What is said of a run of nearest neighbours.
pub fn no_classifier(run: &Path, encoder: &Path) -> String {
    format!("{} holds no classifier: this is of the encoder that it measured, {}", plain_path(run), plain_path(encoder))
}

/// Says what was written, and how it is opened; `ends` are what a file that computes takes and gives.
fn tell(
    arguments: &Export,
    output: &Output,
    what: &str,
    open_with: &str,
    tensors: usize,
    notes: &[String],
    ends: Option<[&str; 2]>,
) -> Result<(), Ending> {
    for note in notes {
        output.note(note);
    }
    let out = plain_path(&arguments.out);
    let open_with = open_with.replace("PATH", &in_python(&arguments.out));
    let mut text = format!("{what}, {}, in {out}\n", count(tensors, "tensor"));
    let to = arguments.to.to_possible_value();
    let mut json = json!({
        "to": to.as_ref().map_or("", |to| to.get_name()),
        "out": to_text(&arguments.out),
        "what": what,
        "tensors": tensors,
        "notes": notes,
        "open_with": open_with,
    });
    if let Some([input, output]) = ends {
        text += &format!("it takes {input} and gives {output}\n");
        json["input"] = input.into();
        json["output"] = output.into();
    }
    text += &format!("open it with {open_with}");
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
