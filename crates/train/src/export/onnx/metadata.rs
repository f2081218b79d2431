//! What an ONNX file says of its model beside computing it.

use bmae_nn::StateDict;
use bmae_nn::weights::{CLASSES_KEY, CONFIG_KEY};
use bmae_output::mark::SAFETENSORS_KEY;
use bmae_recipe::{Choice, Recipe};
use serde_json::json;

use super::super::decimal::decimal;
use super::super::mark::EXPORTED;
use super::message::StringStringEntryProto;

/// Texts by key, in the order of the keys.
pub(super) fn of(
    weights: &StateDict,
    recipe: &Recipe,
    carried: String,
    is_classifier: bool,
) -> Vec<StringStringEntryProto> {
    let grid = recipe.architecture().grid;
    let (mean, std) = recipe.data.normalisation();
    let is_own = weights.config_text().is_some();
    let classes = weights.class_names().filter(|_| is_classifier);
    let entries = [
        (CLASSES_KEY, classes.map(|classes| json!(classes).to_string())),
        (CONFIG_KEY, Some(carried)),
        ("bmae.image_size", Some(json!([grid.image.height, grid.image.width]).to_string())),
        ("bmae.mean", Some(json!(decimal(&mean)).to_string())),
        ("bmae.method", is_own.then(|| recipe.method.name().word().to_owned())),
        ("bmae.std", Some(json!(decimal(&std)).to_string())),
        ("bmae.version", Some(env!("CARGO_PKG_VERSION").to_owned())),
        (SAFETENSORS_KEY, Some(EXPORTED.to_owned())),
    ];
    let entry =
        |(key, value): (&str, Option<String>)| value.map(|value| StringStringEntryProto { key: key.to_owned(), value });
    entries.into_iter().filter_map(entry).collect()
}
