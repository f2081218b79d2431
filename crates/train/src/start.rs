//! Where an evaluation's encoder comes from: a run, a weights file, or chance.
//!
//! One order, decided here: a folder is a run, whose `checkpoints/last.safetensors` counts, or else one of Hugging Face's; a
//! file is weights of any kind that [`StateDict::open`] knows; `scratch` draws an encoder from the recipe's seed as `method.scratch_init` says.

use std::path::{Path, PathBuf};

use bmae_data::random::{Purpose, keyed};
use bmae_nn::weights::{Architecture, StateDict, grouped};
use bmae_nn::{Encoder, EncoderInit, WeightsError};
use burn::module::Module;
use burn::tensor::Device;

use crate::TrainError;
use crate::pretrain::encoder_config;
use crate::recipe::{EncoderRecipe, Recipe, ScratchInit};
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
        Ok(carried_recipe(&read_weights(path)?))
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

    /// The encoder, on `device`, with the recipe's sizes. What a user should know of the weights goes to `tell`: positions
    /// that were resized, tensors that were left over, numbers of heads that nothing told.
    ///
    /// # Errors
    /// When there are no weights, or they are of another architecture.
    pub(crate) fn encoder(
        &self,
        recipe: &Recipe,
        device: &Device,
        tell: &mut dyn FnMut(String),
    ) -> Result<Encoder, TrainError> {
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
                let mut weights = read_weights(path)?;
                fit(&mut weights, recipe, &mut *tell);
                let (encoder, mut report) = weights.load_into(encoder)?;
                report.require(|_| false, is_beside_the_encoder)?;
                // Of a run's own weights everybody knows that they hold more than an encoder.
                report.unexpected.retain(|_| weights.config_text().is_none());
                if !report.is_complete() {
                    let left = grouped(&report.unexpected);
                    tell(format!("of {} only the encoder is used, left over were {left}", report.source));
                }
                Ok(encoder)
            }
        }
    }
}

/// Makes `weights` fit `recipe` as far as they can: positions are resized to its image size. Tells that, and what of foreign
/// weights cannot be known or is not the same here.
pub fn fit(weights: &mut StateDict, recipe: &Recipe, tell: &mut dyn FnMut(String)) {
    let source = weights.source_name();
    // The recipe was checked: the patch size divides the image size and is not 0.
    if let Some(interpolated) = weights.fit_positions(recipe.data.image_size / recipe.model.patch_size) {
        tell(format!("{source}: {interpolated}"));
    }
    weights.origin.told.differences.iter().for_each(|difference| tell(format!("{source}: {difference}")));
    if weights.config_text().is_some() {
        return;
    }
    let shapes = Architecture::of(weights);
    let encoder = shapes.encoder.filter(|encoder| encoder.heads.is_none());
    let decoder = shapes.decoder.filter(|decoder| decoder.heads.is_none());
    let parts = [
        encoder.map(|_| ("encoder", recipe.model.encoder.heads)),
        decoder.map(|_| ("decoder", recipe.model.decoder.heads)),
    ];
    let parts: Vec<(&str, usize)> = parts.into_iter().flatten().collect();
    if let Some((first, _)) = parts.first() {
        let taken: Vec<String> = parts.iter().map(|(part, heads)| format!("{heads} for the {part}")).collect();
        tell(format!(
            "{source} does not tell its numbers of attention heads: taken are {}, as the recipe says; --set model.{first}.heads=N sets another",
            taken.join(" and ")
        ));
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
    let decoder = decoder.filter(|decoder| decoder.depth > 0);
    Some(sizes_as_recipe(
        encoder.image_size(),
        encoder.patch_size,
        (encoder.dim, encoder.depth, encoder.heads),
        encoder.mlp_ratio(),
        decoder.map(|decoder| (decoder.dim, decoder.depth, decoder.heads)),
    ))
}

/// The sizes of the model of `weights` with the numbers of heads that `recipe` settles: a recipe for foreign weights to carry.
pub fn told_model(recipe: &Recipe, weights: &StateDict) -> String {
    let EncoderRecipe { dim, depth, heads, mlp_ratio } = recipe.model.encoder;
    let decoder = &recipe.model.decoder;
    sizes_as_recipe(
        Some(recipe.data.image_size),
        recipe.model.patch_size,
        (dim, depth, Some(heads)),
        mlp_ratio,
        Architecture::of(weights).decoder.map(|_| (decoder.dim, decoder.depth, Some(decoder.heads))),
    )
}

/// Width, depth and, where they are known, heads of a transformer.
type Sizes = (usize, usize, Option<usize>);

fn sizes_as_recipe(
    image_size: Option<usize>,
    patch_size: usize,
    encoder: Sizes,
    mlp_ratio: f64,
    decoder: Option<Sizes>,
) -> String {
    let section = |name: &str, (dim, depth, heads): Sizes| {
        let heads = heads.map_or(String::new(), |heads| format!("heads = {heads}\n"));
        format!("\n[model.{name}]\ndim = {dim}\ndepth = {depth}\n{heads}")
    };
    let mut text = image_size.map_or(String::new(), |image_size| format!("[data]\nimage_size = {image_size}\n\n"));
    text += &format!("[model]\npatch_size = {patch_size}\n");
    text += &section("encoder", encoder);
    text += &format!("mlp_ratio = {mlp_ratio:?}\n");
    text += &decoder.map_or(String::new(), |decoder| section("decoder", decoder));
    text
}

/// The weights of a run directory, a Hugging Face folder or a weights file, under the official names.
///
/// # Errors
/// When there are none, or the file is none of weights.
pub fn read_weights(path: &Path) -> Result<StateDict, TrainError> {
    Ok(StateDict::open(&weights_file(path)?)?)
}

/// Tensors that an encoder leaves over in a checkpoint of a larger model.
fn is_beside_the_encoder(name: &str) -> bool {
    // The last two are Hugging Face's, which have no official name.
    [
        "decoder_",
        "pixel_pred.",
        "feature_pred.",
        "mask_token",
        "head.",
        "fc_norm.",
        "batchnorm.",
        "pooler.",
        "vit.pooler.",
    ]
    .iter()
    .any(|prefix| name.starts_with(prefix))
}

fn weights_file(path: &Path) -> Result<PathBuf, TrainError> {
    if !path.is_dir() || path.join("config.json").is_file() {
        return Ok(path.to_owned());
    }
    let file = last_weights(path);
    if file.exists() {
        return Ok(file);
    }
    let what = "its checkpoints/last.safetensors is missing (was one epoch finished?); \
                give a run directory with a finished epoch, a weights file, or `scratch`";
    Err(TrainError::NoWeights { path: path.to_owned(), what: what.to_owned() })
}

/// A module with exactly the tensors of `weights`.
pub(crate) fn load_exactly<M: Module>(weights: &StateDict, module: M) -> Result<M, WeightsError> {
    let (module, report) = weights.load_into(module)?;
    report.require(|_| false, |_| false)?;
    Ok(module)
}
