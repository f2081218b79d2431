//! What a `config.json` beside weights says that their tensors do not: Hugging Face's, or timm's.

use std::path::Path;

use bmae_architecture::{ImageSize, LAYER_NORM_EPSILON, PatchSize};
use serde_json::{Map, Value};

use super::ForeignConfig;
use super::error::WeightsError;

/// Model types of transformers whose encoder is a Vision Transformer as here, and their own default of LayerNorm's
/// epsilon, which holds where a configuration leaves it out.
const MODEL_TYPES: [(&str, f64); 3] = [("vit", 1e-12), ("vit_mae", 1e-12), ("vit_msn", 1e-6)];

/// Sizes that the tensors tell too.
const COUNTS: [&str; 4] = ["hidden_size", "num_hidden_layers", "intermediate_size", "num_channels"];
const COUNTS_OF_A_DECODER: [&str; 2] = ["decoder_hidden_size", "decoder_num_hidden_layers"];

/// Names of the exact GELU in transformers.
const EXACT_GELU: [&str; 2] = ["gelu", "gelu_python"];

/// Attention heads of timm's models of these sizes.
const TIMM_HEADS: [(&str, usize); 5] = [("tiny", 3), ("small", 6), ("base", 12), ("large", 16), ("huge", 16)];

impl ForeignConfig {
    /// What the `config.json` at `path` says; `None` where it is neither transformers' nor timm's.
    ///
    /// # Errors
    /// When it cannot be read, is no JSON object, or has a value of a wrong type.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, WeightsError> {
        let refused = |reason: String| WeightsError::Config { path: path.to_owned(), reason };
        let text = std::fs::read_to_string(path)
            .map_err(|reason| WeightsError::Unreadable { path: path.to_owned(), reason })?;
        let config: Value = serde_json::from_str(&text).map_err(|reason| refused(reason.to_string()))?;
        let Value::Object(config) = config else { return Err(refused("it is no JSON object".to_owned())) };
        let config = Said(&config);
        let read = match (config.text("architecture"), model_type(&config)) {
            (_, Ok(Some(model_type))) => of_transformers(&config, model_type).map(Some),
            (_, Err(other)) => Ok(Some(Self { refused: vec![other], ..Self::default() })),
            (Ok(Some(name)), Ok(None)) => of_timm(&config, name).map(Some),
            (_, Ok(None)) => Ok(None),
        };
        read.map_err(refused)
    }
}

/// The model type of transformers that `config` is of, where it is of transformers; the error says which other it is, as
/// a noun phrase.
fn model_type<'a>(config: &Said<'a>) -> Result<Option<&'a str>, String> {
    let other = |name: &str| format!("the model type {name} (config.json)");
    let named = config.0.get("model_type").and_then(Value::as_str);
    if named == Some("timm_wrapper") {
        return Ok(None);
    }
    if let Some(name) = named {
        return match MODEL_TYPES.iter().any(|(known, _)| *known == name) {
            true => Ok(Some(name)),
            false => Err(other(name)),
        };
    }
    // Old configurations name the class alone.
    let class = config.0.get("architectures").and_then(|classes| classes.get(0)).and_then(Value::as_str);
    match class {
        Some(class) if class.starts_with("ViTMAE") => Ok(Some("vit_mae")),
        Some(class) if class.starts_with("ViTMSN") => Ok(Some("vit_msn")),
        Some("ViTModel" | "ViTForImageClassification" | "ViTForMaskedImageModeling") => Ok(Some("vit")),
        Some(class) => Err(other(class)),
        None if config.0.contains_key("num_attention_heads") => Ok(Some("vit")),
        None => Ok(None),
    }
}

/// The largest epsilon that a recipe may have (`model.norm_epsilon`).
const LARGEST_EPSILON: f64 = 0.1;

/// What is left out has the default of transformers' `ViTConfig` or `ViTMAEConfig`.
fn of_transformers(config: &Said<'_>, model_type: &str) -> Result<ForeignConfig, String> {
    let of_a_mae = model_type == "vit_mae";
    let mut read = ForeignConfig {
        encoder_heads: Some(config.count("num_attention_heads")?.unwrap_or(12)),
        decoder_heads: of_a_mae.then_some(config.count("decoder_num_attention_heads")?.unwrap_or(16)),
        norm_pix: of_a_mae.then_some(config.truth("norm_pix_loss")?.unwrap_or(false)),
        is_without_qkv_bias: config.truth("qkv_bias")? == Some(false),
        mask_ratio: of_a_mae.then_some(config.number("mask_ratio")?.unwrap_or(0.75)),
        ..ForeignConfig::default()
    };
    let default = MODEL_TYPES.iter().find(|(known, _)| *known == model_type).map_or(LAYER_NORM_EPSILON, |of| of.1);
    let epsilon = config.number("layer_norm_eps")?.unwrap_or(default);
    if epsilon > 0.0 && epsilon <= LARGEST_EPSILON {
        read.norm_epsilon = Some(epsilon);
    } else {
        read.refused.push(format!("LayerNorms with epsilon {epsilon:e} (layer_norm_eps in config.json)"));
    }
    read.refused.extend(other_activation("hidden_act", config.text("hidden_act")?, &EXACT_GELU));
    for key in COUNTS {
        read.stated.extend(config.count(key)?.map(|stated| (key, stated)));
    }
    if of_a_mae {
        for key in COUNTS_OF_A_DECODER {
            read.stated.extend(config.count(key)?.map(|stated| (key, stated)));
        }
    }
    read.image = config.sides("image_size")?.map(|(height, width)| ImageSize { height, width });
    read.patch = config.sides("patch_size")?.map(|(height, width)| PatchSize { height, width });
    Ok(read)
}

/// The architecture's name tells the heads of the usual sizes, `model_args` what was chosen otherwise.
fn of_timm(config: &Said<'_>, name: &str) -> Result<ForeignConfig, String> {
    let none = Map::new();
    let chosen = Said(config.0.get("model_args").and_then(Value::as_object).unwrap_or(&none));
    let size = ["vit_", "deit_"].iter().find_map(|family| name.strip_prefix(family)).unwrap_or_default();
    let usual = TIMM_HEADS.iter().find(|(usual, _)| size.split('_').next() == Some(usual)).map(|(_, heads)| *heads);
    let is_custom = chosen.0.contains_key("embed_dim");
    let mut read = ForeignConfig {
        encoder_heads: chosen.count("num_heads")?.or(usual.filter(|_| !is_custom)),
        ..ForeignConfig::default()
    };
    read.image = chosen.sides("img_size")?.map(|(height, width)| ImageSize { height, width });
    if name.contains("quickgelu") {
        read.refused
            .push(format!("the activation quick_gelu ({name} in config.json), where it is the exact GELU here"));
    }
    let activation = chosen.0.get("act_layer").and_then(Value::as_str);
    read.refused.extend(other_activation("act_layer", activation, &["gelu"]));
    let norm = chosen.0.get("norm_layer").and_then(Value::as_str);
    if let Some(norm) = norm.filter(|norm| !["layernorm", "layer_norm"].contains(&norm.to_lowercase().as_str())) {
        read.refused.push(format!("the norm {norm} (norm_layer in config.json), where it is LayerNorm here"));
    }
    Ok(read)
}

fn other_activation(key: &str, name: Option<&str>, same: &[&str]) -> Option<String> {
    let name = name.filter(|name| !same.contains(name))?;
    Some(format!("the activation {name} ({key} in config.json), where it is the exact GELU here"))
}

/// The values of a configuration; one of a wrong type is an error that names its key.
struct Said<'a>(&'a Map<String, Value>);

impl<'a> Said<'a> {
    fn get<T>(&self, key: &str, what: &str, read: impl Fn(&'a Value) -> Option<T>) -> Result<Option<T>, String> {
        match self.0.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| format!("{key} is {value}, which is no {what}")),
        }
    }

    fn count(&self, key: &str) -> Result<Option<usize>, String> {
        self.get(key, "whole number", count)
    }

    fn number(&self, key: &str) -> Result<Option<f64>, String> {
        self.get(key, "number", Value::as_f64)
    }

    fn truth(&self, key: &str) -> Result<Option<bool>, String> {
        self.get(key, "true or false", Value::as_bool)
    }

    fn text(&self, key: &str) -> Result<Option<&'a str>, String> {
        self.get(key, "text", Value::as_str)
    }

    /// One number for both sides, or a list of two.
    fn sides(&self, key: &str) -> Result<Option<(usize, usize)>, String> {
        self.get(key, "whole number or pair of them", |value| match value.as_array().map(Vec::as_slice) {
            None => count(value).map(|side| (side, side)),
            Some([rows, columns]) => count(rows).zip(count(columns)),
            Some(_) => None,
        })
    }
}

fn count(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|count| usize::try_from(count).ok())
}
