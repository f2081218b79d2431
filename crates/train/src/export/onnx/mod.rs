//! One file that other programs compute with, without any code of bmae: ONNX of opset 17. What an encoder or a classifier
//! computes of images stands in it, from their values to features or logits, normalisation included.

mod graph;
mod layers;
mod message;
mod metadata;

use std::path::Path;

use bmae_nn::StateDict;
use bmae_nn::weights::ModelPart;
use bmae_output::claim::{Foreign, check_file};
use bmae_output::count::count;
use bmae_output::mark::PRODUCER;
use bmae_recipe::{Feature, Recipe};
use prost::Message;

use super::error::ExportError;
use super::mark::EXPORTED;
use super::model::{Kind, Sees};
use crate::start::file_of;
use crate::whole_file;
use graph::{Graph, Setting};
use layers::Layers;
use message::{
    DimensionProto, FLOAT, ModelProto, OperatorSetIdProto, TensorShapeProto, TensorTypeProto, TypeProto, UINT8, UINT16,
    ValueInfoProto,
};

/// LayerNormalization is an operator since this version.
const OPSET: i64 = 17;
/// What goes with it.
const IR_VERSION: i64 = 8;
/// More bytes than these no protobuf message can have.
const MOST_BYTES: u64 = i32::MAX as u64;
/// What the nodes take beside the weights is less.
const NODES: u64 = 16 << 20;
/// Name of the size that any number may be.
const BATCH: &str = "N";

/// What images an exported file takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnnxInput {
    /// Integers of 8 bits [N, H, W, C], as an image file has them.
    Uint8,
    /// Integers of 16 bits [N, H, W, C].
    Uint16,
    /// Numbers [N, C, H, W]: integers as 0 to 1, floats as they are.
    Float,
}

/// What an exported file is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnnxRequest {
    /// What it takes; `None`: integers of 8 bits, and floats where the model learned from images of other numbers.
    pub input: Option<OnnxInput>,
    /// The features that it gives; `None`: a classifier's logits, and an encoder's class token.
    pub feature: Option<Feature>,
}

/// A file, and what to say about it.
#[derive(Debug, Clone, PartialEq)]
pub struct OnnxFile {
    /// In words, such as "an ONNX classifier".
    pub what: String,
    /// How Python opens it, statements on one line; PATH stands for where it lies.
    pub open_with: String,
    /// What it takes, as "images: uint8 [N, 32, 32, 3]".
    pub input: String,
    /// What it gives, as "logits: float [N, 10]".
    pub output: String,
    /// How many tensors of weights are in it.
    pub tensors: usize,
    /// What a user should know, a sentence each.
    pub notes: Vec<String>,
    model: ModelProto,
}

impl OnnxFile {
    /// Refuses a place that cannot be written to before any work is done: a name without `.onnx`, and a file that no export
    /// wrote, unless such `foreign` files are replaced. The weights that are exported, at `from`, never are.
    ///
    /// # Errors
    /// Then.
    pub fn check_place(path: &Path, from: &Path, foreign: Foreign) -> Result<(), ExportError> {
        if path.extension().is_none_or(|extension| extension != "onnx") {
            return Err(ExportError::Name { path: path.to_owned(), kind: "an ONNX", ending: ".onnx" });
        }
        whole_file::check_place(path)?;
        Ok(check_file(path, EXPORTED, &[&file_of(from)], foreign)?)
    }

    /// The bytes of the file; equal weights with equal metadata give equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.model.encode_to_vec()
    }

    /// Writes the file, whose place was [checked](Self::check_place).
    ///
    /// # Errors
    /// When the disk refuses; nothing half-written is left.
    pub fn write(&self, path: &Path) -> Result<(), ExportError> {
        Ok(whole_file::write_whole(path, &self.to_bytes())?)
    }
}

/// The model `kind` of the `weights`, which hold a whole one of the recipe's sizes, as an ONNX file that carries the recipe
/// `carried`.
///
/// # Errors
/// When the file would be larger than such a file can be.
pub(super) fn file(
    kind: Kind,
    weights: &StateDict,
    recipe: &Recipe,
    carried: String,
    request: OnnxRequest,
) -> Result<OnnxFile, ExportError> {
    let architecture = recipe.architecture();
    let mut layers = Layers::new(&weights.tensors, weights.source_name(), architecture.grid, architecture.encoder);
    let images = request.input.unwrap_or_else(|| usual_input(recipe));
    let normalised = normalised_images(&mut layers.graph, recipe, images);
    let mut x = layers.embed(&normalised, [architecture.grid.patch.height, architecture.grid.patch.width])?;
    for block in 0..architecture.encoder.depth {
        x = layers.block(&x, block)?;
    }
    let (name, width) = match (kind, request.feature) {
        (Kind::Classifier(sees), None) => {
            logits(&mut layers, &x, sees)?;
            ("logits", layers.rows("head.bias")?)
        }
        (_, feature) => {
            features(&mut layers, &x, feature.unwrap_or(Feature::ClassToken))?;
            ("features", architecture.encoder.dim)
        }
    };
    let bytes = layers.graph.bytes_of_constants() + NODES;
    if bytes > MOST_BYTES {
        return Err(ExportError::TooLargeForOnnx { source_name: weights.source_name(), bytes });
    }
    let (elements, shape) = taken(recipe, images);
    let input = value("images", elements, &shape, &meaning_of_input(recipe, images));
    let output = value(name, FLOAT, &[width], meaning_of_output(kind, request.feature));
    let (input_text, output_text) = (in_words(&input), in_words(&output));
    let is_classifier = name == "logits";
    let (what, called) = match is_classifier {
        true => (format!("an ONNX classifier of {}", count(width, "class")), "classifier"),
        false => ("an ONNX encoder".to_owned(), "encoder"),
    };
    let mut notes = Vec::new();
    if weights.tensors.keys().any(|name| ModelPart::of(name) == ModelPart::Decoder) {
        notes.push("the decoder stays behind: only the encoder is exported".to_owned());
    }
    if is_classifier && weights.class_names().is_none() {
        notes.push(format!("{} does not name its classes, so the file does not, either", weights.source_name()));
    }
    Ok(OnnxFile {
        what,
        open_with: format!(
            "session = onnxruntime.InferenceSession(PATH); [{name}] = session.run([\"{name}\"], {{\"images\": images}})"
        ),
        input: input_text,
        output: output_text,
        tensors: layers.weights_taken(),
        notes,
        model: ModelProto {
            ir_version: IR_VERSION,
            producer_name: PRODUCER.to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            doc_string: EXPORTED.to_owned(),
            opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
            metadata_props: metadata::of(weights, recipe, carried, is_classifier),
            graph: Some(layers.graph.finish(called, input, output)),
        },
    })
}

/// What the model gives: a classifier's logits.
fn logits(layers: &mut Layers<'_>, x: &str, sees: Sees) -> Result<(), ExportError> {
    let pooled = match sees {
        Sees::ClassToken => {
            let token = layers.class_token(x);
            layers.layer_norm(&token, "norm")?
        }
        Sees::NormalisedMean => {
            let mean = layers.mean_of_patch_tokens(x);
            layers.layer_norm(&mean, "fc_norm")?
        }
        Sees::MeanOfNormalised => {
            let normed = layers.layer_norm(x, "norm")?;
            layers.mean_of_patch_tokens(&normed)
        }
    };
    let pooled = match layers.has("batchnorm.running_mean") {
        true => layers.batch_norm(&pooled, "batchnorm")?,
        false => pooled,
    };
    let head = layers.linear(&pooled, "head")?;
    layers.graph.node("logits", "Identity", &[&head], []);
    Ok(())
}

/// What the model gives: the feature of each image, as `crate::features` gives it.
fn features(layers: &mut Layers<'_>, x: &str, feature: Feature) -> Result<(), ExportError> {
    let is_without_norm = !layers.has("norm.weight");
    let pooled = match (feature, is_without_norm) {
        (Feature::ClassToken, true) => {
            let token = layers.class_token(x);
            layers.layer_norm(&token, "fc_norm")?
        }
        (Feature::ClassToken, false) => {
            let token = layers.class_token(x);
            layers.layer_norm(&token, "norm")?
        }
        (Feature::Mean, true) => {
            let mean = layers.mean_of_patch_tokens(x);
            layers.layer_norm(&mean, "fc_norm")?
        }
        (Feature::Mean, false) => {
            let normed = layers.layer_norm(x, "norm")?;
            layers.mean_of_patch_tokens(&normed)
        }
    };
    layers.graph.node("features", "Identity", &[&pooled], []);
    Ok(())
}

/// What images the model learned from, as far as their mean and standard deviation tell: those of integers are shares of white.
fn usual_input(recipe: &Recipe) -> OnnxInput {
    let is_share = |value: &f32| (0.0..=1.0).contains(value);
    let (mean, std) = recipe.data.normalisation();
    match mean.iter().chain(&std).all(is_share) {
        true => OnnxInput::Uint8,
        false => OnnxInput::Float,
    }
}

/// The images as the model was trained on them, [N, C, H, W].
fn normalised_images(graph: &mut Graph, recipe: &Recipe, input: OnnxInput) -> String {
    let highest = match input {
        OnnxInput::Uint8 => Some(f32::from(u8::MAX)),
        OnnxInput::Uint16 => Some(f32::from(u16::MAX)),
        OnnxInput::Float => None,
    };
    let planes = match highest {
        None => "images".to_owned(),
        Some(highest) => {
            let numbers = graph.node("images/numbers", "Cast", &["images"], [Setting::Integer("to", FLOAT.into())]);
            let highest = graph.number("images/highest", highest);
            let shares = graph.node("images/shares", "Div", &[&numbers, &highest], []);
            graph.node("images/planes", "Transpose", &[&shares], [Setting::Integers("perm", vec![0, 3, 1, 2])])
        }
    };
    let (mean, std) = recipe.data.normalisation();
    let mean = graph.floats("images/mean", &[mean.len(), 1, 1], &mean);
    let std = graph.floats("images/std", &[std.len(), 1, 1], &std);
    let centred = graph.node("images/centred", "Sub", &[&planes, &mean], []);
    graph.node("images/normalised", "Div", &[&centred, &std], [])
}

/// What numbers the images have, and the sizes of one.
fn taken(recipe: &Recipe, input: OnnxInput) -> (i32, Vec<usize>) {
    let grid = recipe.architecture().grid;
    let (height, width) = (grid.image.height, grid.image.width);
    match input {
        OnnxInput::Uint8 => (UINT8, vec![height, width, grid.channels]),
        OnnxInput::Uint16 => (UINT16, vec![height, width, grid.channels]),
        OnnxInput::Float => (FLOAT, vec![grid.channels, height, width]),
    }
}

/// A value of the file: N of these `sizes`.
fn value(name: &str, elem_type: i32, sizes: &[usize], doc_string: &str) -> ValueInfoProto {
    let batch = DimensionProto { dim_value: None, dim_param: Some(BATCH.to_owned()) };
    let size = |&size: &usize| DimensionProto { dim_value: Some(size as i64), dim_param: None };
    let shape = TensorShapeProto { dim: std::iter::once(batch).chain(sizes.iter().map(size)).collect() };
    let tensor_type = Some(TensorTypeProto { elem_type, shape: Some(shape) });
    ValueInfoProto { name: name.to_owned(), kind: Some(TypeProto { tensor_type }), doc_string: doc_string.to_owned() }
}

fn in_words(value: &ValueInfoProto) -> String {
    let tensor = value.kind.as_ref().and_then(|kind| kind.tensor_type.as_ref());
    let sizes = tensor.and_then(|tensor| tensor.shape.as_ref()).map_or(&[][..], |shape| &shape.dim);
    let size = |size: &DimensionProto| match (size.dim_value, &size.dim_param) {
        (Some(value), _) => value.to_string(),
        (None, name) => name.clone().unwrap_or_default(),
    };
    let numbers = match tensor.map(|tensor| tensor.elem_type) {
        Some(UINT8) => "uint8",
        Some(UINT16) => "uint16",
        _ => "float",
    };
    format!("{}: {numbers} [{}]", value.name, sizes.iter().map(size).collect::<Vec<_>>().join(", "))
}

fn meaning_of_input(recipe: &Recipe, input: OnnxInput) -> String {
    let order = if recipe.architecture().grid.channels == 3 { " (red, green, blue)" } else { "" };
    let exactly = "exactly of this size, as the evaluation crop leaves them";
    match input {
        OnnxInput::Uint8 => format!("images: row, column, channel{order}; 0 to 255; {exactly}"),
        OnnxInput::Uint16 => format!("images: row, column, channel{order}; 0 to 65535; {exactly}"),
        OnnxInput::Float => format!(
            "images: channel{order}, row, column; integers as 0 to 1, floats as they are, not normalised; {exactly}"
        ),
    }
}

fn meaning_of_output(kind: Kind, feature: Option<Feature>) -> &'static str {
    match (kind, feature) {
        (Kind::Classifier(_), None) => "one number for each class; their softmax is the probabilities",
        (_, None | Some(Feature::ClassToken)) => "the class token after the last norm",
        (_, Some(Feature::Mean)) => "the mean of the patch tokens, with the last norm",
    }
}
