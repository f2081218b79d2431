//! What the recipe promises, one file per promise.

mod errors;
mod methods;
mod page;
mod paths;
mod precedence;
mod presets;
mod readers;
mod round_trip;

use super::{Layers, Preset, PresetChoice, Recipe, RecipeError, Setting, Stage, Warning};

/// Layers over `preset` with these assignments, as `--set` gives them.
pub(crate) fn layers(preset: Preset, sets: &[&str]) -> Layers {
    let setting = |set: &&str| Setting::parse(set, format!("--set {set}")).unwrap_or_else(|error| panic!("{error}"));
    Layers { preset: PresetChoice::Builtin(preset), settings: sets.iter().map(setting).collect(), ..Layers::default() }
}

/// A key that an option of its own gives.
fn option(name: &str, path: &str, value: impl Into<toml::Value>) -> Setting {
    Setting { path: path.to_owned(), value: value.into(), place: name.to_owned() }
}

/// A recipe file of one's own with this text.
fn file(text: &str) -> Layers {
    let preset = PresetChoice::File { path: "mine.toml".into(), text: text.to_owned() };
    Layers { preset, ..Layers::default() }
}

pub(crate) fn resolve(layers: &Layers) -> Recipe {
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
