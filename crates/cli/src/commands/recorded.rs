//! What `forward` and `replay` begin with: weights, recorded tensors, and the recipe that fits both.

use std::path::{Path, PathBuf};

use bmae_nn::weights::ModelPart;
use bmae_nn::{StateDict, TensorFile};
use bmae_output::claim::{Foreign, check_file};
use bmae_recipe::{Need, Recipe, Stage, Used};
use bmae_train::device::Device;
use bmae_train::start::{file_of, fit, usable_weights};
use bmae_train::whole_file::check_place;

use crate::arguments::Everywhere;
use crate::device;
use crate::ending::Ending;
use crate::layers;
use crate::output::Output;
use crate::threads;

/// What is read and what is written.
#[derive(Clone, Copy)]
pub struct Files<'a> {
    /// The model.
    pub weights: &'a Path,
    /// Recorded tensors.
    pub tensors: &'a Path,
    /// Other weights that are read besides.
    pub target: Option<&'a Path>,
    /// What comes out.
    pub outputs: &'a Path,
    /// What that is, by its mark.
    pub mark: &'static str,
    /// What becomes of another file in its place.
    pub foreign: Foreign,
}

/// Everything that was read, in order.
pub struct Opened {
    /// The recipe.
    pub recipe: Recipe,
    /// The model's weights, made to fit it.
    pub weights: StateDict,
    /// The recorded tensors.
    pub tensors: TensorFile,
    /// Where to compute.
    pub device: Device,
}

/// Opens the files of a command for `stage`, which needs that much memory at the least.
pub fn open(
    files: Files<'_>,
    stage: Stage,
    need: Need,
    preset: Option<&str>,
    everywhere: &Everywhere,
    output: &Output,
) -> Result<Opened, Ending> {
    check_place(files.outputs)?;
    let weights = [Some(files.weights), files.target].map(|from| from.map(file_of));
    let inputs: Vec<&Path> = weights.iter().flatten().map(PathBuf::as_path).chain([files.tensors]).collect();
    check_file(files.outputs, files.mark, &inputs, files.foreign)?;
    let (used, parts) = match stage {
        Stage::Pretrain => (Used::Autoencoder, [ModelPart::Encoder, ModelPart::Decoder]),
        Stage::Finetune | Stage::Linprobe | Stage::Knn => (Used::Encoder, [ModelPart::Encoder, ModelPart::Head]),
    };
    let mut weights = usable_weights(files.weights, &parts)?;
    let tensors = TensorFile::from_file(files.tensors)?;
    let layers = layers::recorded(preset, everywhere, &weights, used, &tensors)?;
    let recipe = layers::resolve(&layers, output)?;
    recipe.check_stage(stage, None)?;
    recipe.check_memory(need, layers.available_memory)?;
    fit(&mut weights, &recipe, used, &mut |message| output.message(&message))?;
    threads::set(everywhere.threads)?;
    let device = device::open(everywhere, output)?;
    Ok(Opened { recipe, weights, tensors, device })
}
