//! Recipes: as files, in layers, and as single settings.

use std::str::from_utf8;

use bmae_recipe::{CarriedRecipe, Layers, PresetChoice, Recipe, Setting, Stage};

const STAGES: [Stage; 4] = [Stage::Pretrain, Stage::Finetune, Stage::Linprobe, Stage::Knn];

/// A recipe file: by itself, as the lowest layer, and as what weights carry. What is taken must come back from what it
/// is written as.
pub fn recipe(bytes: &[u8]) -> bool {
    let Ok(text) = from_utf8(bytes) else { return false };
    if let Ok(recipe) = Recipe::from_toml(text) {
        let written = recipe.to_toml();
        let again = Recipe::from_toml(&written).map(|recipe| recipe.to_toml());
        assert_eq!(again.expect("a recipe reads what it wrote"), written);
    }
    let preset = PresetChoice::File { path: "fuzz.toml".into(), text: text.to_owned() };
    let carried = CarriedRecipe { name: "fuzz".to_owned(), text: text.to_owned(), with_method: true };
    let is_carried =
        resolve(Layers { from: Some(carried), stages: STAGES.to_vec(), single_run: true, ..Layers::default() });
    resolve(Layers { preset, stages: STAGES.to_vec(), ..Layers::default() }) && is_carried
}

/// Settings over a preset, one a line.
pub fn setting(bytes: &[u8]) -> bool {
    let Ok(text) = from_utf8(bytes) else { return false };
    let parsed = text.lines().map(|line| Setting::parse(line, format!("--set {line}")));
    let Ok(settings) = parsed.collect() else { return false };
    resolve(Layers { settings, stages: STAGES.to_vec(), single_run: true, ..Layers::default() })
}

fn resolve(layers: Layers) -> bool {
    let Ok((recipe, warnings)) = Recipe::resolve(&layers) else { return false };
    let _ = (recipe.to_toml(), warnings.iter().map(ToString::to_string).collect::<Vec<_>>());
    true
}
