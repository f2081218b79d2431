//! `bmae checkpoint info`.

use std::fmt::Write as _;
use std::path::Path;

use bmae_nn::weights::StateDict;
use bmae_train::run_directory::last_weights;
use serde_json::{Map, json};

use crate::ending::Ending;
use crate::output::Output;

/// Prints the tensors of a weight file, how many numbers they hold, and the recipe they carry.
pub fn run(from: &Path, output: &Output) -> Result<(), Ending> {
    let path = if from.is_dir() { last_weights(from) } else { from.to_owned() };
    let weights = StateDict::from_file(&path)?;
    let numbers: usize = weights.tensors.values().map(|tensor| tensor.values.len()).sum();

    let mut text = format!("{}: {} tensors, {numbers} numbers\n", path.display(), weights.tensors.len());
    let width = weights.tensors.keys().map(String::len).max().unwrap_or(0);
    let mut shapes = Map::new();
    for (name, tensor) in &weights.tensors {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {name:<width$}  {:?}", tensor.shape);
        shapes.insert(name.clone(), json!(tensor.shape));
    }
    match weights.config_text() {
        Some(recipe) => drop(write!(text, "\ntrained with the recipe\n\n{recipe}")),
        None => text.push_str("\nno recipe: give the model's sizes with --preset or --set when you evaluate it\n"),
    }
    let json = json!({
        "path": path,
        "numbers": numbers,
        "tensors": shapes,
        "recipe": weights.config_text(),
    });
    Ok(output.result(&text, &json)?)
}
