//! Where an evaluation's encoder comes from: a run, a weights file, or chance.
//!
//! One order, decided here: a folder is a run, whose result's weights count, or else one of Hugging
//! Face's; a file is weights of any kind that [`StateDict::open`] knows; `scratch` draws an encoder from the recipe's
//! seed as `method.scratch_init` says.

use std::path::{Path, PathBuf};

use bmae_output::plain::plain_path;

use bmae_architecture::{CHANNELS, ImageSize, PatchSize};
use bmae_nn::weights::{Architecture, FromRgb, ModelPart, StateDict, grouped_names};
use bmae_nn::{Encoder, EncoderInit, LoadReport, WeightsError};
use bmae_output::count::count;
use bmae_recipe::plan::PlannedStage;
use bmae_recipe::{ChannelsFromRgb, Choice, EncoderRecipe, MethodName, Recipe, ScratchInit, Stage, Start, Used};
use burn::module::Module;
use burn::tensor::Device;

use crate::TrainError;
use crate::model::fresh_encoder;
use crate::observer::Message;
use crate::run_directory::{Moved, Recorded, RunFile, has_checkpoint, last_weights, result_weights};

/// The text of the `config.toml` that the weights were made with, or what their shapes tell of the part that is `used`.
pub fn config_text(start: &Start, used: Used) -> Result<Option<String>, TrainError> {
    let Some(path) = start.path() else { return Ok(None) };
    let file = path.join("config.toml");
    if path.is_dir() && file.exists() {
        let text = std::fs::read_to_string(&file).map_err(|source| TrainError::reading(file, source))?;
        return Ok(Some(with_places_now(text, path)));
    }
    Ok(carried_recipe(&usable_weights(path, &[ModelPart::Encoder])?, used))
}

/// The recipe `text` of the run at `path`, with the files that it names where they are now, if they moved along with the run.
fn with_places_now(text: String, path: &Path) -> String {
    let Ok(recipe) = Recipe::from_toml(&text) else { return text };
    let was = RunFile::read(path).ok().and_then(|about| about.directory);
    let mut found = recipe.clone();
    Moved::new(was.as_deref(), path).relocate(&mut found);
    if found == recipe { text } else { found.to_toml() }
}

/// Where the encoder of the evaluation `planned` comes from in this session: from its start; but where those weights are
/// gone, a run that has a checkpoint of its own, which holds the encoder too, begins with any and goes on from that.
pub(crate) fn of_session(planned: &PlannedStage) -> Start {
    match planned.start.path().is_some_and(is_gone) && has_checkpoint(&planned.out) {
        true => Start::Scratch,
        false => planned.start.clone(),
    }
}

/// Whether there are no weights at `path`.
pub(crate) fn is_gone(path: &Path) -> bool {
    let file = weights_file(path).ok().and_then(|file| StateDict::file_at(&file).ok());
    file.is_none_or(|file| !file.exists())
}

/// The name of the run that the weights came from, so that its evaluations share it; those of random encoders share one
/// too.
pub fn run_name(start: &Start) -> Option<String> {
    match start {
        Start::Scratch => Some(MethodName::Scratch.word().to_owned()),
        Start::From(path) if path.is_dir() => RunFile::read(path).ok().map(|file| file.name),
        Start::From(_) | Start::Trunk(_) => None,
    }
}

/// The encoder, on `device`, with the recipe's sizes. What a user should know of the weights goes to `tell`.
///
/// # Errors
/// When there are no weights, or they are of another architecture.
pub(crate) fn encoder(
    start: &Start,
    recipe: &Recipe,
    device: &Device,
    tell: &mut dyn FnMut(Message),
) -> Result<Encoder, TrainError> {
    load(start, recipe, device, true, tell)
}

/// The same for whoever does not look at the encoder's final norm: weights need not have it.
pub(crate) fn encoder_without_norm(
    start: &Start,
    recipe: &Recipe,
    device: &Device,
    tell: &mut dyn FnMut(Message),
) -> Result<Encoder, TrainError> {
    load(start, recipe, device, false, tell)
}

fn load(
    start: &Start,
    recipe: &Recipe,
    device: &Device,
    needs_norm: bool,
    tell: &mut dyn FnMut(Message),
) -> Result<Encoder, TrainError> {
    let init = match (start, recipe.method.scratch_init) {
        (Start::Scratch, ScratchInit::Timm) => EncoderInit::Timm,
        _ => EncoderInit::Mae,
    };
    let encoder = fresh_encoder(recipe, init, device)?;
    let Some(path) = start.path() else { return Ok(encoder) };
    let mut weights = read_weights(path)?;
    fit(&mut weights, recipe, Used::Encoder, &mut *tell)?;
    fill(encoder, &weights, needs_norm, tell)
}

/// `encoder` with the `weights`, which were made to fit it; without `needs_norm` they need not have its final norm.
///
/// # Errors
/// When a tensor is missing or has another shape.
pub(crate) fn fill(
    encoder: Encoder,
    weights: &StateDict,
    needs_norm: bool,
    tell: &mut dyn FnMut(Message),
) -> Result<Encoder, TrainError> {
    let (encoder, report) = weights.load_into(encoder)?;
    let is_without_norm = !weights.has_prefix("norm.");
    if needs_norm && is_without_norm && weights.has_prefix("fc_norm.") {
        return Err(TrainError::NoFinalNorm { source_name: weights.source_name() });
    }
    report.require(|name| !needs_norm && is_without_norm && name.starts_with("norm."), |_| true)?;
    tell_left_over(weights, &report.unexpected, tell);
    Ok(encoder)
}

/// Makes `weights` fit `recipe` as far as they can: positions are resized to its image size, and are the fixed ones
/// where there are none. Tells that, and what is not the same here as where the weights come from.
///
/// The recipe's sizes must be such that memory holds them ([`Recipe::check_memory`]).
///
/// # Errors
/// When they are for images of other channels, and the recipe does not say how RGB weights become others.
pub fn fit(
    weights: &mut StateDict,
    recipe: &Recipe,
    used: Used,
    tell: &mut dyn FnMut(Message),
) -> Result<(), TrainError> {
    let source = weights.source_name();
    fit_channels(weights, recipe, tell)?;
    let grid = recipe.architecture().grid.size();
    let added = weights.add_missing_positions(grid);
    if !added.is_empty() {
        let names = added.join(" and ");
        tell(Message::Note(format!("{source} has no {names}: the fixed sin-cos positions are used")));
    }
    if let Some(interpolated) = weights.resize_positions(grid) {
        tell(Message::Note(format!("{source}: {interpolated}")));
    }
    if let Some(taken) = weights.origin.taken() {
        tell(Message::Note(format!("{source}: {taken}")));
    }
    let epsilon = recipe.model.norm_epsilon;
    if let Some(own) = norm_epsilon_of(weights).filter(|own| *own != epsilon) {
        tell(Message::Warning(format!(
            "{source} was made with {own:e} under the root of its LayerNorms, but {epsilon:e} is taken, as the recipe says: it \
             computes something else than it learned (model.norm_epsilon)"
        )));
    }
    let heads = heads_of(weights);
    let decoder = heads.1.filter(|_| used == Used::Autoencoder);
    let parts = [("encoder", heads.0, recipe.model.encoder.heads), ("decoder", decoder, recipe.model.decoder.heads)];
    for (part, own, taken) in parts {
        if let Some(own) = own.filter(|own| *own != taken) {
            tell(Message::Warning(format!(
                "{source} was made with {} in the {part}, but {taken} are taken, as the recipe says: it \
                 computes something else than it learned (model.{part}.heads)",
                count(own, "attention head")
            )));
        }
    }
    Ok(())
}

/// Makes RGB weights fit images of other channels, as the recipe says. What fits already is left alone.
///
/// # Errors
/// When they are for others, and it says nothing.
pub(crate) fn fit_channels(
    weights: &mut StateDict,
    recipe: &Recipe,
    tell: &mut dyn FnMut(Message),
) -> Result<(), TrainError> {
    let (found, wanted) = (weights.channels(), recipe.architecture().grid.channels);
    let Some(found) = found.filter(|found| *found != wanted) else { return Ok(()) };
    let (source, how) = (weights.source_name(), recipe.model.channels_from_rgb);
    let from = match how {
        ChannelsFromRgb::None => None,
        ChannelsFromRgb::Mean => Some(FromRgb::Mean),
        ChannelsFromRgb::Repeat => Some(FromRgb::Repeat),
    };
    match from.is_some_and(|from| weights.adapt_rgb(wanted, from)) {
        true => {
            let images = count(wanted, "channel");
            let text =
                format!("{source}: its kernels of red, green and blue were made to fit images of {images} ({how})");
            tell(Message::Note(text));
            Ok(())
        }
        false => Err(TrainError::OtherChannels { source_name: source, found, wanted }),
    }
}

/// Numbers of heads of encoder and decoder, as far as the recipe or the configuration beside `weights` tells them.
pub(crate) fn heads_of(weights: &StateDict) -> (Option<usize>, Option<usize>) {
    let Some(text) = weights.config_text() else {
        return (weights.origin.config.encoder_heads, weights.origin.config.decoder_heads);
    };
    let table: toml::Table = toml::from_str(text).unwrap_or_default();
    let heads = |part: &str| usize::try_from(table.get("model")?.get(part)?.get("heads")?.as_integer()?).ok();
    (heads("encoder"), heads("decoder"))
}

/// What stands under the root of the LayerNorms beside the variance, as far as the recipe or the configuration beside
/// `weights` tells it.
pub(crate) fn norm_epsilon_of(weights: &StateDict) -> Option<f64> {
    match weights.config_text() {
        None => weights.origin.config.norm_epsilon,
        Some(text) => toml::from_str::<toml::Table>(text).ok()?.get("model")?.get("norm_epsilon")?.as_float(),
    }
}

/// What to make of what loading `weights` into a model left: positions may be missing (the fixed ones stand), and so
/// may all tensors whose names begin as one of `fresh`, but not a part of those. Both, and what was left over, are
/// told.
///
/// # Errors
/// When anything else is missing.
pub(crate) fn settle(
    weights: &StateDict,
    report: &LoadReport,
    fresh: &[&str],
    tell: &mut dyn FnMut(Message),
) -> Result<(), TrainError> {
    let begins_fresh = |name: &str| fresh.iter().any(|prefix| name.starts_with(prefix) && !weights.has_prefix(prefix));
    report.require(|name| is_position(name) || begins_fresh(name), |_| true)?;
    let missing: Vec<&String> = report.missing.iter().filter(|name| !is_position(name)).collect();
    if !missing.is_empty() {
        let (source, names) = (weights.source_name(), grouped_names(&missing));
        tell(Message::Note(format!("{source} has no {names}: begun afresh, as at the start of a training")));
    }
    tell_left_over(weights, &report.unexpected, tell);
    Ok(())
}

pub(crate) fn is_position(name: &str) -> bool {
    matches!(name, "pos_embed" | "decoder_pos_embed")
}

/// Of bmae's own weights everybody knows that they may hold more than is used: what is told of them is only what no
/// model has.
pub(crate) fn tell_left_over(weights: &StateDict, unexpected: &[String], tell: &mut dyn FnMut(Message)) {
    let is_own = weights.config_text().is_some();
    let left: Vec<&String> =
        unexpected.iter().filter(|name| !is_own || ModelPart::of(name) == ModelPart::Other).collect();
    if !left.is_empty() {
        tell(Message::Warning(format!(
            "{} holds more than is used: left over were {}",
            weights.source_name(),
            grouped_names(&left)
        )));
    }
}

/// The recipe that `weights` carry: the `config.toml` that bmae wrote into them, else `[data]` and `[model]` as far as
/// their shapes tell (and, for numbers of heads and LayerNorms, the `config.json` beside them), of the decoder only where it is `used`,
/// and `pretrain.norm_pix` with it where `config.json` tells what the decoder predicts. `None` where they tell nothing.
///
/// It belongs between the preset and single settings, as [`CarriedRecipe::text`](bmae_recipe::CarriedRecipe::text).
pub fn carried_recipe(weights: &StateDict, used: Used) -> Option<String> {
    if let Some(text) = weights.config_text() {
        return Some(text.to_owned());
    }
    let Architecture { encoder, decoder, .. } = Architecture::of(weights);
    let encoder = encoder.filter(|encoder| encoder.depth > 0 && encoder.hidden > 0)?;
    let decoder = decoder.filter(|decoder| decoder.depth > 0 && used == Used::Autoencoder);
    let norm_pix = weights.origin.config.norm_pix.filter(|_| decoder.is_some());
    let sizes = sizes_as_recipe(
        (encoder.image_size(), Some(encoder.channels)),
        (encoder.patch, weights.origin.config.norm_epsilon),
        (encoder.dim, encoder.depth, encoder.heads),
        encoder.mlp_ratio(),
        decoder.map(|decoder| (decoder.dim, decoder.depth, decoder.heads)),
    );
    Some(sizes + &norm_pix.map_or(String::new(), |norm_pix| format!("\n[pretrain]\nnorm_pix = {norm_pix}\n")))
}

/// The sizes of the model of `weights` with the numbers of heads that `recipe` settles, and how patches were masked and
/// normalised where a `config.json` beside them told it: a recipe for foreign weights to carry.
pub fn told_model(recipe: &Recipe, weights: &StateDict) -> String {
    let EncoderRecipe { dim, depth, heads, mlp_ratio } = recipe.model.encoder;
    let decoder = &recipe.model.decoder;
    let (mask_ratio, norm_pix) = (recipe.pretrain.mask_ratio, recipe.pretrain.norm_pix);
    let pretraining = match weights.origin.config.norm_pix {
        Some(_) => format!("\n[pretrain]\nmask_ratio = {mask_ratio:?}\nnorm_pix = {norm_pix}\n"),
        None => String::new(),
    };
    let sizes = sizes_as_recipe(
        (Some(recipe.data.image_size), weights.channels()),
        (recipe.model.patch_size, Some(recipe.model.norm_epsilon)),
        (dim, depth, Some(heads)),
        mlp_ratio,
        Architecture::of(weights).decoder.map(|_| (decoder.dim, decoder.depth, Some(decoder.heads))),
    );
    sizes + &pretraining
}

/// Width, depth and, where they are known, heads of a transformer.
type Sizes = (usize, usize, Option<usize>);

fn sizes_as_recipe(
    (image_size, channels): (Option<ImageSize>, Option<usize>),
    (patch_size, norm_epsilon): (PatchSize, Option<f64>),
    encoder: Sizes,
    mlp_ratio: f64,
    decoder: Option<Sizes>,
) -> String {
    let section = |name: &str, (dim, depth, heads): Sizes| {
        let heads = heads.map_or(String::new(), |heads| format!("heads = {heads}\n"));
        format!("\n[model.{name}]\ndim = {dim}\ndepth = {depth}\n{heads}")
    };
    let mut text = "[data]\n".to_owned();
    // What is said of channels holds for the images, too: of RGB it is left to these.
    text += &channels.filter(|channels| *channels != CHANNELS).map_or(String::new(), |n| format!("channels = {n}\n"));
    text += &image_size.map_or(String::new(), |size| format!("image_size = {}\n", size.in_a_recipe()));
    text += "\n";
    text += &format!("[model]\npatch_size = {}\n", patch_size.in_a_recipe());
    text += &norm_epsilon.map_or(String::new(), |epsilon| format!("norm_epsilon = {epsilon:?}\n"));
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

/// The weights at `path`, as [`read_weights`], whose `parts` are wanted: refused before anything is made of their sizes if
/// these are those of another model than any here.
///
/// # Errors
/// As [`read_weights`], and when a part is of another architecture.
pub fn usable_weights(path: &Path, parts: &[ModelPart]) -> Result<StateDict, TrainError> {
    let weights = read_weights(path)?;
    weights.require_known(parts)?;
    Ok(weights)
}

/// What [`read_weights`] opens at `path`: of a run directory the weights that its result is of, as a rule those after its
/// last whole epoch.
pub(crate) fn weights_file(path: &Path) -> Result<PathBuf, TrainError> {
    if !path.is_dir() || path.join("config.json").is_file() {
        return Ok(path.to_owned());
    }
    let file = result_weights(path);
    if file.exists() {
        return Ok(file);
    }
    // What `reproduce` and `sweep` make of a run is a folder of stages.
    let stage = path.join(Stage::Pretrain.section());
    let what = if last_weights(&stage).exists() {
        format!("its pre-training does; give {}", plain_path(stage))
    } else {
        "its checkpoints/last.safetensors is missing (was one epoch finished?); \
         give a run directory with a finished epoch, a weights file, or `scratch`"
            .to_owned()
    };
    Err(TrainError::NoWeights { path: path.to_owned(), what })
}

/// The weights that the nearest neighbours in the run at `path` were found with: such a run has none of its own. `None` for
/// every other path, and where an encoder was measured that was drawn by chance.
pub fn measured_encoder(path: &Path) -> Option<PathBuf> {
    let is_without = path.is_dir() && !path.join("config.json").is_file() && !last_weights(path).exists();
    let recorded = is_without.then(|| Recorded::read(path).ok()).flatten()?;
    (recorded.planned.stage == Stage::Knn).then(|| recorded.planned.start.path().map(Path::to_owned)).flatten()
}

/// The file that the weights at `path` lie in; where there are none, what reads them says so.
pub fn file_of(path: &Path) -> PathBuf {
    let file = weights_file(path).and_then(|place| Ok(StateDict::file_at(&place)?));
    file.unwrap_or_else(|_| path.to_owned())
}

/// A module with exactly the tensors of `weights`.
pub(crate) fn load_exactly<M: Module>(weights: &StateDict, module: M) -> Result<M, WeightsError> {
    let (module, report) = weights.load_into(module)?;
    report.require(|_| false, |_| false)?;
    Ok(module)
}
