//! Weights for other programs: timm, the official MAE, Hugging Face's transformers; and for every runtime of ONNX.
//!
//! A model goes out whole and checked or not at all. What another program has no place for is left behind, and said
//! ([`Exported::notes`]); what it would compute differently is refused.

mod decimal;
mod error;
mod exported;
mod hugging_face;
mod mark;
mod model;
mod onnx;
mod write;

pub use error::ExportError;
pub use exported::{Exported, FolderTexts};
pub use mark::IMPORTED;
pub use model::{Kind, Sees};
pub use onnx::{OnnxFile, OnnxInput, OnnxRequest};
pub use write::check_place_of_import;

use bmae_architecture::{Autoencoder, CHANNELS, LAYER_NORM_EPSILON};
use bmae_nn::StateDict;
use bmae_nn::weights::{Architecture, CONFIG_KEY, ModelPart, grouped_names};
use bmae_output::mark::SAFETENSORS_KEY;
use bmae_recipe::{Need, Recipe, Used, available_memory};

use crate::observer::Message;
use crate::start::{fit, told_model};
use mark::EXPORTED;
use model::Model;

/// The metadata key under which an imported file says where it came from.
pub const SOURCE_KEY: &str = "bmae.source";

/// Whom weights are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// timm's `VisionTransformer`: an encoder or a classifier.
    Timm,
    /// The official MAE: whatever there is, the decoder included.
    Mae,
    /// Hugging Face's transformers.
    HuggingFace,
}

/// `weights`, which fit the recipe's sizes, for another program.
///
/// # Errors
/// When they are no whole model of these sizes, or one that the program cannot have.
pub fn export(weights: &StateDict, recipe: &Recipe, to: Destination) -> Result<Exported, ExportError> {
    let mut weights = weights.clone();
    let notes = fitted(&mut weights, recipe)?;
    let model = Model::of(&weights, recipe)?;
    let sees = match model.kind {
        Kind::Classifier(sees) => sees.metadata(),
        _ => None,
    };
    let class_names = weights.class_names().filter(|_| matches!(model.kind, Kind::Classifier(_))).unwrap_or_default();
    let mut exported = match to {
        Destination::HuggingFace => hugging_face::folder(model, recipe, weights.source_name(), &class_names)?,
        Destination::Timm => for_timm(model, recipe),
        Destination::Mae => for_mae(model, recipe),
    };
    // Loaders of Hugging Face's ask for the first key; with the second the file keeps being one of ours.
    let format = ("format".to_owned(), "pt".to_owned());
    let mark = (SAFETENSORS_KEY.to_owned(), EXPORTED.to_owned());
    exported.weights.metadata = [format, mark, (CONFIG_KEY.to_owned(), carried(&weights, recipe))].into();
    exported.weights.metadata.extend(sees);
    exported.weights.name_classes(&class_names);
    exported.notes.splice(0..0, notes);
    Ok(exported)
}

/// `weights`, which fit the recipe's sizes, as an ONNX file that takes and gives what the request says.
///
/// # Errors
/// When they are no whole model of these sizes, or larger than such a file can be.
pub fn export_onnx(weights: &StateDict, recipe: &Recipe, request: OnnxRequest) -> Result<OnnxFile, ExportError> {
    let mut weights = weights.clone();
    let notes = fitted(&mut weights, recipe)?;
    let Model { kind, .. } = Model::of(&weights, recipe)?;
    let mut file = onnx::file(kind, &weights, recipe, carried(&weights, recipe), request)?;
    file.notes.splice(0..0, notes);
    Ok(file)
}

/// Foreign `weights` under the official names, with a recipe that tells their sizes and numbers of heads.
///
/// # Errors
/// When they hold no encoder, or no whole model of these sizes.
pub fn import(mut weights: StateDict, recipe: &Recipe) -> Result<(StateDict, Vec<String>), ExportError> {
    let mut notes = fitted(&mut weights, recipe)?;
    Model::of(&weights, recipe)?;
    // Beside a whole classifier there may lie parts of an autoencoder.
    let missing = weights.missing_tensors();
    if !missing.is_empty() {
        notes.push(format!("{} has no {}", weights.source_name(), grouped_names(&missing)));
    }
    let others: Vec<&String> = weights.tensors.keys().filter(|name| ModelPart::of(name) == ModelPart::Other).collect();
    if !others.is_empty() {
        notes.push(format!("no model here has {}: left out", grouped_names(&others)));
    }
    weights.tensors.retain(|name, _| ModelPart::of(name) != ModelPart::Other);
    let text = carried(&weights, recipe);
    weights.metadata.insert("format".to_owned(), "pt".to_owned());
    weights.metadata.insert(CONFIG_KEY.to_owned(), text);
    weights.metadata.insert(SAFETENSORS_KEY.to_owned(), IMPORTED.to_owned());
    weights.metadata.insert(SOURCE_KEY.to_owned(), weights.source_name());
    Ok((weights, notes))
}

/// `weights` made to fit `recipe`, whose sizes memory must hold; what there is to say of it.
fn fitted(weights: &mut StateDict, recipe: &Recipe) -> Result<Vec<String>, ExportError> {
    weights.require_known(&ModelPart::ALL)?;
    let used = match Architecture::of(weights).decoder {
        Some(_) => Used::Autoencoder,
        None => Used::Encoder,
    };
    recipe.check_memory(Need::Weights(used), available_memory()).map_err(crate::TrainError::from)?;
    let mut notes = Vec::new();
    fit(weights, recipe, used, &mut |message| match message {
        Message::Note(text) | Message::Warning(text) => notes.push(text),
    })?;
    Ok(notes)
}

/// The recipe that the written file carries: the one it had, unless it is now of another image size.
fn carried(weights: &StateDict, recipe: &Recipe) -> String {
    match weights.config_text() {
        None => told_model(recipe, weights),
        Some(text) => match Recipe::from_toml(text) {
            Ok(earlier) if earlier.data.image_size == recipe.data.image_size => text.to_owned(),
            _ => recipe.to_toml(),
        },
    }
}

fn for_timm(model: Model, recipe: &Recipe) -> Exported {
    let mut notes = model.notes.clone();
    let mut weights = model.weights;
    let left = weights.tensors.len();
    weights.tensors.retain(|name, _| ModelPart::of(name) != ModelPart::Decoder);
    if weights.tensors.len() < left {
        notes.push("a VisionTransformer has no decoder: only the encoder is exported".to_owned());
    }
    let classes = weights.tensors.get("head.bias").map_or(0, |bias| bias.values.len());
    let pooling = match model.kind {
        Kind::Classifier(Sees::NormalisedMean) => "global_pool=\"avg\"",
        Kind::Classifier(Sees::MeanOfNormalised) => "global_pool=\"avg\", fc_norm=False",
        _ => "global_pool=\"token\"",
    };
    let Autoencoder { grid, encoder, .. } = recipe.architecture();
    // timm's own LayerNorm has the usual epsilon.
    let norm_layer = match encoder.norm_epsilon {
        epsilon if epsilon == LAYER_NORM_EPSILON => String::new(),
        epsilon => format!(", norm_layer=functools.partial(torch.nn.LayerNorm, eps={epsilon:e})"),
    };
    // What timm takes to be the usual.
    let channels = match grid.channels {
        CHANNELS => String::new(),
        channels => format!("in_chans={channels}, "),
    };
    Exported {
        what: "weights of a timm VisionTransformer".to_owned(),
        open_with: format!(
            "model = timm.models.VisionTransformer(img_size={}, patch_size={}, {channels}embed_dim={}, depth={}, num_heads={}, mlp_ratio={:?}, \
             num_classes={classes}, {pooling}{norm_layer}); model.load_state_dict(safetensors.torch.load_file(PATH))",
            in_python(grid.image.height, grid.image.width),
            in_python(grid.patch.height, grid.patch.width),
            encoder.dim,
            encoder.depth,
            encoder.heads,
            encoder.mlp_ratio,
        ),
        weights,
        folder: None,
        notes,
    }
}

/// A height and a width as timm takes them: one number, or a pair.
fn in_python(height: usize, width: usize) -> String {
    if height == width { height.to_string() } else { format!("({height}, {width})") }
}

fn for_mae(model: Model, recipe: &Recipe) -> Exported {
    let mut notes = model.notes.clone();
    if model.kind == Kind::FeatureAutoencoder {
        notes.push(format!(
            "decoder_pred predicts features of width {} and not pixels, as MaskedAutoencoderViT would",
            recipe.model.encoder.dim
        ));
    }
    let class = match model.kind {
        Kind::PixelAutoencoder | Kind::FeatureAutoencoder => "models_mae.MaskedAutoencoderViT",
        Kind::Encoder | Kind::Classifier(_) => "models_vit.VisionTransformer",
    };
    Exported {
        what: format!("weights of the official {class}"),
        open_with: "model.load_state_dict(safetensors.torch.load_file(PATH))".to_owned(),
        weights: model.weights,
        folder: None,
        notes,
    }
}
