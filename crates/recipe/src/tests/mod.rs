//! What the recipe promises, one file per promise.

mod errors;
mod methods;
mod page;
mod precedence;
mod presets;
mod round_trip;

use super::{Layers, Preset, PresetChoice, Recipe, RecipeError, Stage, Warning};

/// Layers over `preset` with these arguments of `--set`.
fn layers(preset: Preset, sets: &[&str]) -> Layers {
    Layers {
        preset: PresetChoice::Builtin(preset),
        sets: sets.iter().map(|&set| set.to_owned()).collect(),
        ..Layers::default()
    }
}

/// A recipe file of one's own with this text.
fn file(text: &str) -> Layers {
    let preset = PresetChoice::File { path: "mine.toml".into(), text: text.to_owned() };
    Layers { preset, ..Layers::default() }
}

fn resolve(layers: &Layers) -> Recipe {
    resolve_with_warnings(layers).0
}

fn resolve_with_warnings(layers: &Layers) -> (Recipe, Vec<Warning>) {
    Recipe::resolve(layers).unwrap_or_else(|error| panic!("{error}"))
}

/// The sentence with which the recipe is refused, which must be one line.
fn refusal(layers: &Layers) -> String {
    let error: RecipeError = Recipe::resolve(layers).expect_err("the recipe is accepted");
    let sentence = error.to_string();
    assert!(!sentence.contains('\n'), "more than one line: {sentence}");
    sentence
}

/// The same for `quick` with one `--set`, where `stage` is about to run.
fn refusal_of(set: &str, stage: Stage) -> String {
    refusal(&Layers { stages: vec![stage], ..layers(Preset::Quick, &[set]) })
}
