//! Where an evaluation's encoder comes from: a run, a weights file, or chance.
//!
//! One order, decided here: a folder is a run, and its `checkpoints/last.safetensors` counts; a file is weights under
//! the official names; `scratch` draws an encoder from the recipe's seed as `method.scratch_init` says.

use std::path::{Path, PathBuf};

use bmae_data::random::{Purpose, keyed};
use bmae_nn::weights::{Architecture, StateDict};
use bmae_nn::{Encoder, EncoderInit, WeightsError};
use burn::module::Module;
use burn::tensor::Device;

use crate::TrainError;
use crate::pretrain::encoder_config;
use crate::recipe::{Recipe, ScratchInit};
use crate::run_directory::{RunFile, last_weights};

/// The origin of an encoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// A random encoder.
    Scratch,
    /// A run directory or a weights file.
    From(PathBuf),
}

impl Start {
    /// As given on the command line: `scratch`, a run directory, or a weights file.
    pub fn parse(text: &str) -> Self {
        if text == "scratch" { Self::Scratch } else { Self::From(PathBuf::from(text)) }
    }

    /// The text of the `config.toml` that the weights were made with, or what their shapes tell of it.
    pub fn config_text(&self) -> Result<Option<String>, TrainError> {
        let Self::From(path) = self else { return Ok(None) };
        let file = path.join("config.toml");
        if path.is_dir() && file.exists() {
            return std::fs::read_to_string(&file).map(Some).map_err(|source| TrainError::reading(file, source));
        }
        Ok(carried_recipe(&StateDict::open(&weights_file(path)?)?))
    }

    /// The name of the run that the weights came from, so that its evaluations share it.
    pub fn run_name(&self) -> Option<String> {
        match self {
            Self::From(path) if path.is_dir() => RunFile::read(path).ok().map(|file| file.name),
            _ => None,
        }
    }

    /// What `run.toml` says of it.
    pub(crate) fn described(&self) -> Option<String> {
        match self {
            Self::Scratch => None,
            Self::From(path) => Some(path.display().to_string()),
        }
    }

    /// The encoder, on `device`, with the recipe's sizes.
    ///
    /// # Errors
    /// When there are no weights, or they are of another architecture.
    pub(crate) fn encoder(&self, recipe: &Recipe, device: &Device) -> Result<Encoder, TrainError> {
        let config = encoder_config(recipe);
        let mut generator = keyed(recipe.seed, 0, 0, Purpose::Initialisation);
        let init = match (self, recipe.method.scratch_init) {
            (Self::Scratch, ScratchInit::Timm) => EncoderInit::Timm,
            _ => EncoderInit::Mae,
        };
        let encoder = Encoder::init(&config, init, &mut generator, device)?;
        match self {
            Self::Scratch => Ok(encoder),
            Self::From(path) => {
                let mut weights = StateDict::open(&weights_file(path)?)?;
                weights.fit_positions(config.image_size / config.patch_size);
                let (encoder, report) = weights.load_into(encoder)?;
                report.require(|_| false, is_beside_the_encoder)?;
                Ok(encoder)
            }
        }
    }
}

/// The recipe that `weights` carry: the `config.toml` that bmae wrote into them, else `[data]` and `[model]` as far as their
/// shapes tell (and, for numbers of heads, the `config.json` of a Hugging Face folder). `None` where they tell nothing.
///
/// It belongs between the preset and the flags, as [`FromRun::text`](crate::recipe::FromRun::text).
pub fn carried_recipe(weights: &StateDict) -> Option<String> {
    if let Some(text) = weights.config_text() {
        return Some(text.to_owned());
    }
    let Architecture { encoder, decoder, .. } = Architecture::of(weights);
    let encoder = encoder.filter(|encoder| encoder.depth > 0 && encoder.hidden > 0)?;
    let mut text = String::new();
    if let Some(image_size) = encoder.image_size() {
        text += &format!("[data]\nimage_size = {image_size}\n\n");
    }
    text += &format!("[model]\npatch_size = {}\n", encoder.patch_size);
    text += &part_of_model("encoder", encoder.dim, encoder.depth, encoder.heads);
    text += &format!("mlp_ratio = {:?}\n", encoder.mlp_ratio());
    if let Some(decoder) = decoder.filter(|decoder| decoder.depth > 0) {
        text += &part_of_model("decoder", decoder.dim, decoder.depth, decoder.heads);
    }
    Some(text)
}

fn part_of_model(part: &str, dim: usize, depth: usize, heads: Option<usize>) -> String {
    let heads = heads.map_or(String::new(), |heads| format!("heads = {heads}\n"));
    format!("\n[model.{part}]\ndim = {dim}\ndepth = {depth}\n{heads}")
}

/// The weights of a run directory or a weights file.
///
/// # Errors
/// When there are none, or the file is none of weights.
pub fn read_weights(path: &Path) -> Result<StateDict, TrainError> {
    Ok(StateDict::open(&weights_file(path)?)?)
}

/// Tensors that an encoder leaves over in a checkpoint of a larger model.
fn is_beside_the_encoder(name: &str) -> bool {
    ["decoder_", "mask_token", "head.", "fc_norm.", "batchnorm."].iter().any(|prefix| name.starts_with(prefix))
}

fn weights_file(path: &Path) -> Result<PathBuf, TrainError> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let file = last_weights(path);
    if file.exists() {
        return Ok(file);
    }
    let what = "its checkpoints/last.safetensors is missing (was one epoch finished?); \
                give a run directory with a finished epoch, a .safetensors file, or `scratch`";
    Err(TrainError::NoWeights { path: path.to_owned(), what: what.to_owned() })
}

/// A module with exactly the tensors of `weights`.
pub(crate) fn load_exactly<M: Module>(weights: &StateDict, module: M) -> Result<M, WeightsError> {
    let (module, report) = weights.load_into(module)?;
    report.require(|_| false, |_| false)?;
    Ok(module)
}
