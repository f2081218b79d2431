//! A folder that `from_pretrained` of Hugging Face's transformers opens: `config.json`, `preprocessor_config.json` and
//! `model.safetensors`.

use bmae_architecture::Autoencoder;
use bmae_nn::StateDict;
use bmae_nn::weights::EncoderPrefix;
use bmae_recipe::Recipe;
use serde_json::{Map, Value, json};

use super::decimal::decimal;
use super::error::ExportError;
use super::exported::{Exported, FolderTexts};
use super::model::{Kind, Model, Sees};

/// `model` as a `ViTMAEForPreTraining`, a `ViTForImageClassification` whose classes are called `class_names` (empty where
/// they have no names), or a `ViTModel`.
pub(super) fn folder(
    model: Model,
    recipe: &Recipe,
    source_name: String,
    class_names: &[String],
) -> Result<Exported, ExportError> {
    let mut notes = model.notes.clone();
    let grid = recipe.architecture().grid;
    let is_square = grid.image.is_square() && grid.patch.is_square();
    let (class, arguments, weights, config) = match model.kind {
        Kind::PixelAutoencoder if is_square => {
            let weights = model.weights.in_hugging_face_names(EncoderPrefix::Vit);
            ("ViTMAEForPreTraining", "", weights, of_autoencoder(recipe))
        }
        Kind::Classifier(Sees::ClassToken) => {
            let classes = model.weights.tensors.get("head.bias").map_or(0, |bias| bias.values.len());
            let weights = model.weights.in_hugging_face_names(EncoderPrefix::Vit);
            ("ViTForImageClassification", "", weights, of_classifier(classes, class_names))
        }
        Kind::Classifier(Sees::NormalisedMean | Sees::MeanOfNormalised) => {
            return Err(ExportError::MeanPooling { source_name });
        }
        Kind::Encoder | Kind::FeatureAutoencoder | Kind::PixelAutoencoder => {
            let cannot = match model.kind {
                Kind::FeatureAutoencoder => Some("its decoder predicts features, which ViTMAE cannot".to_owned()),
                Kind::PixelAutoencoder => Some(format!(
                    "its images of {} in patches of {} are not square, which ViTMAE cannot take",
                    grid.image, grid.patch
                )),
                _ => None,
            };
            notes.extend(cannot.map(|cannot| format!("{cannot}: only the encoder is exported, as a ViTModel")));
            let weights = model.encoder().in_hugging_face_names(EncoderPrefix::None);
            ("ViTModel", ", add_pooling_layer=False", weights, of_encoder())
        }
    };
    let config = Value::Object(sizes(recipe, class).into_iter().chain(config).collect());
    Ok(Exported {
        what: format!("a {class} folder"),
        open_with: format!("model = transformers.{class}.from_pretrained(PATH{arguments})"),
        weights: StateDict { metadata: Default::default(), ..weights },
        folder: Some(FolderTexts {
            config: format!("{config:#}\n"),
            preprocessor: format!("{:#}\n", preprocessor(recipe)),
        }),
        notes,
    })
}

/// What all of them have. The names are those of transformers' `ViTConfig` and `ViTMAEConfig`.
fn sizes(recipe: &Recipe, class: &str) -> Map<String, Value> {
    let Autoencoder { grid, encoder, .. } = recipe.architecture();
    object(json!({
        "architectures": [class],
        "image_size": grid.image,
        "patch_size": grid.patch,
        "num_channels": grid.channels,
        "hidden_size": encoder.dim,
        "num_hidden_layers": encoder.depth,
        "num_attention_heads": encoder.heads,
        "intermediate_size": encoder.hidden(),
        "hidden_act": "gelu",
        "layer_norm_eps": encoder.norm_epsilon,
        "qkv_bias": true,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
        "initializer_range": 0.02,
    }))
}

fn of_autoencoder(recipe: &Recipe) -> Map<String, Value> {
    let decoder = recipe.architecture().decoder;
    object(json!({
        "model_type": "vit_mae",
        "decoder_hidden_size": decoder.dim,
        "decoder_num_hidden_layers": decoder.depth,
        "decoder_num_attention_heads": decoder.heads,
        "decoder_intermediate_size": decoder.hidden(),
        "mask_ratio": recipe.pretrain.mask_ratio,
        "norm_pix_loss": recipe.pretrain.norm_pix,
    }))
}

fn of_encoder() -> Map<String, Value> {
    object(json!({ "model_type": "vit" }))
}

/// Classes without names are numbered as transformers numbers them. Where two have the same name, it stands for the first.
fn of_classifier(classes: usize, names: &[String]) -> Map<String, Value> {
    let label = |class: usize| names.get(class).cloned().unwrap_or_else(|| format!("LABEL_{class}"));
    let labels: Map<String, Value> = (0..classes).map(|class| (class.to_string(), json!(label(class)))).collect();
    let ids: Map<String, Value> = (0..classes).rev().map(|class| (label(class), json!(class))).collect();
    object(json!({ "model_type": "vit", "id2label": labels, "label2id": ids }))
}

/// What transformers' image processor makes of an image before the model sees it. It resizes the whole image to the size of
/// the input; the evaluation here keeps its proportions and takes the centre: `docs/weights.md`.
fn preprocessor(recipe: &Recipe) -> Value {
    /// Pillow's number.
    const BICUBIC: u8 = 3;
    let (grid, (mean, std)) = (recipe.architecture().grid, recipe.data.normalisation());
    json!({
        "image_processor_type": "ViTImageProcessor",
        "do_convert_rgb": grid.channels == 3,
        "do_resize": true,
        "size": { "height": grid.image.height, "width": grid.image.width },
        "resample": BICUBIC,
        "do_rescale": true,
        "rescale_factor": 1.0 / 255.0,
        "do_normalize": true,
        "image_mean": decimal(&mean),
        "image_std": decimal(&std),
    })
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
