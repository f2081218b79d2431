//! `bmae checkpoint info`.

use std::fmt::Write as _;
use std::path::Path;

use bmae_nn::weights::{Architecture, ModelPart, StateDict, grouped_names};
use bmae_output::count::count;
use bmae_output::plain::plain;
use bmae_recipe::Recipe;
use bmae_train::export::SOURCE_KEY;
use bmae_train::run_directory::{chosen_by, epochs_done};
use bmae_train::start::read_weights;
use serde_json::{Map, Value, json};

use crate::ending::Ending;
use crate::output::{Output, Volume};

/// The parts of a model, in the order in which they are listed.
const PARTS: [(ModelPart, &str); 4] = [
    (ModelPart::Encoder, "encoder"),
    (ModelPart::Decoder, "decoder"),
    (ModelPart::Head, "head"),
    (ModelPart::Other, "others"),
];

/// Prints what a weight file holds: architecture, parameters, where it came from, and the recipe it carries.
pub fn run(path: &Path, output: &Output) -> Result<(), Ending> {
    let weights = read_weights(path)?;
    let shapes = Architecture::of(&weights);
    let verbose = output.volume >= Volume::Verbose;

    let mut lines = vec![weights.source_name(), format!("file: {}", file(&weights))];
    lines.extend(shapes.to_string().lines().map(str::to_owned));
    lines.push(format!("parameters: {}", parameters(&weights)));
    if let Some(names) = weights.class_names() {
        lines.push(format!("classes: {}", first_names(&names, verbose)));
    }
    let missing = weights.missing_tensors();
    if !missing.is_empty() {
        lines.push(format!("missing: {}", grouped_names(&missing)));
    }
    let differences = weights.differences(&ModelPart::ALL);
    if !differences.is_empty() {
        lines.push(format!("cannot be used here: it has {}", differences.join("; ")));
    }
    lines.push(format!("recipe: {}", recipe(&weights, verbose)));
    lines.extend(chosen_by(&weights).map(|chosen_by| format!("chosen by: {chosen_by}")));
    if verbose {
        let width = weights.tensors.keys().map(String::len).max().unwrap_or(0);
        let tensors = weights.tensors.iter();
        lines.extend(tensors.map(|(name, tensor)| format!("  {name:<width$}  {:?}", tensor.shape)));
    }
    // What others named stays on its line.
    let mut text = lines.iter().map(|line| plain(line)).collect::<Vec<_>>().join("\n");
    if let Some(recipe) = weights.config_text().filter(|_| verbose) {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n\n{recipe}");
    }
    Ok(output.result(&text, &as_json(&weights, &shapes))?)
}

/// The kind of file, and what was left out of it.
fn file(weights: &StateDict) -> String {
    let origin = &weights.origin;
    let mut text = format!("{}, names of {}", origin.container, origin.naming);
    if !origin.prefix.is_empty() {
        let _ = write!(text, ", under `{}`", origin.prefix.trim_end_matches('.'));
    }
    if origin.outside_prefix > 0 {
        let tensors = if origin.outside_prefix == 1 { "tensor beside it is" } else { "tensors beside it are" };
        let _ = write!(text, "; {} {tensors} not read", origin.outside_prefix);
    }
    if !origin.integer_tensors.is_empty() {
        let _ = write!(text, "; integer tensors are not read ({})", origin.integer_tensors.join(", "));
    }
    if let Some(source) = weights.metadata.get(SOURCE_KEY) {
        let _ = write!(text, "; imported from {source}");
    }
    text
}

/// The names of the classes, or the first of very many.
fn first_names(names: &[String], all: bool) -> String {
    const SHOWN: usize = 20;
    let shown = if all { names.len() } else { names.len().min(SHOWN) };
    let more = names.len() - shown;
    names[..shown].join(", ") + &if more == 0 { String::new() } else { format!(" and {more} more (-v)") }
}

fn parameters(weights: &StateDict) -> String {
    let counts = counts(weights);
    if counts.is_empty() {
        return "none".to_owned();
    }
    let parts: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {}", thousands(*count))).collect();
    format!("{} ({})", thousands(counts.iter().map(|(_, count)| count).sum()), parts.join(", "))
}

/// The numbers of each part that there is.
fn counts(weights: &StateDict) -> Vec<(&'static str, usize)> {
    let of = |part| {
        let tensors = weights.tensors.iter().filter(|(name, _)| ModelPart::of(name) == part);
        tensors.map(|(_, tensor)| tensor.values.len()).sum()
    };
    PARTS.into_iter().map(|(part, name)| (name, of(part))).filter(|(_, count)| *count > 0).collect()
}

fn recipe(weights: &StateDict, verbose: bool) -> String {
    let Some(text) = weights.config_text() else {
        let config = &weights.origin.config;
        let heads = [("encoder", config.encoder_heads), ("decoder", config.decoder_heads)];
        let heads: Vec<String> = heads
            .into_iter()
            .filter_map(|(part, heads)| Some(format!("{} in the {part}", count(heads?, "head"))))
            .collect();
        let normalised = if config.norm_pix == Some(true) { ", and that pixels are normalised (norm_pix)" } else { "" };
        return match heads.is_empty() {
            true => "none; numbers of attention heads come from --preset or --set model.encoder.heads=N".to_owned(),
            false => format!("none; config.json tells {}{normalised}", heads.join(" and ")),
        };
    };
    let mut words = match Recipe::from_toml(text) {
        Ok(recipe) => {
            // An import knows sizes and heads alone.
            let what = match text.contains("[method]") {
                true => format!("method {}, seed {}", recipe.method.name(), recipe.seed),
                false => "sizes only".to_owned(),
            };
            vec![what, format!("heads {} and {} (decoder)", recipe.model.encoder.heads, recipe.model.decoder.heads)]
        }
        Err(error) => vec![format!("one that this version cannot read ({error})")],
    };
    if let Some(done) = epochs_done(weights) {
        words.push(format!("{} done", count(done, "epoch")));
    }
    if !verbose {
        words.push("-v prints the recipe and every tensor".to_owned());
    }
    words.join(", ")
}

fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap_or_default()).collect();
    groups.join(",")
}

fn as_json(weights: &StateDict, shapes: &Architecture) -> Value {
    let tensors: Map<String, Value> =
        weights.tensors.iter().map(|(name, tensor)| (name.clone(), json!(tensor.shape))).collect();
    let counts: Map<String, Value> =
        counts(weights).into_iter().map(|(name, count)| (name.to_owned(), json!(count))).collect();
    let recipe = weights.config_text().and_then(|text| Recipe::from_toml(text).ok());
    let heads = recipe.map(|recipe| (recipe.model.encoder.heads, recipe.model.decoder.heads));
    let encoder = shapes.encoder.as_ref().map(|encoder| {
        json!({
            "dim": encoder.dim,
            "depth": encoder.depth,
            "heads": encoder.heads.or(heads.map(|(encoder, _)| encoder)),
            "mlp_ratio": encoder.mlp_ratio(),
            "patch_size": encoder.patch,
            "image_size": encoder.image_size(),
        })
    });
    let decoder = shapes.decoder.as_ref().map(|decoder| {
        json!({
            "dim": decoder.dim,
            "depth": decoder.depth,
            "heads": decoder.heads.or(heads.map(|(_, decoder)| decoder)),
            "prediction": decoder.prediction,
        })
    });
    let origin = &weights.origin;
    json!({
        "path": weights.source_name(),
        "file": origin.container.to_string(),
        "naming": origin.naming.to_string(),
        "under": origin.prefix,
        "beside": origin.outside_prefix,
        "encoder": encoder,
        "decoder": decoder,
        "classes": shapes.classes,
        "class_names": weights.class_names(),
        "numbers": weights.tensors.values().map(|tensor| tensor.values.len()).sum::<usize>(),
        "parameters": counts,
        "tensors": tensors,
        "missing": weights.missing_tensors(),
        "differences": weights.differences(&ModelPart::ALL),
        "recipe": weights.config_text(),
        "epochs_done": epochs_done(weights),
        "chosen_by": chosen_by(weights),
    })
}
