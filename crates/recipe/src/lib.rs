//! What a run does, in full: read from TOML, presets and the command line, checked once, then only read.
//!
//! Two kinds of types. What was *typed* is a set of keys, each with its value and the place it came from (`typed`);
//! reading it has no side effect. What was *checked* is a [`Recipe`]: complete, and built by [`Recipe::resolve`] or
//! [`Recipe::from_toml`] alone, so nothing behind this edge doubts it.
//!
//! Every key is defined once, in [`keys`]: path, type, range, default, description. Help, the unknown-key message and
//! the checks all come from that definition.

mod checks;
mod choices;
mod error;
pub mod keys;
mod layers;
mod memory;
mod method;
mod parts;
pub mod plan;
mod preset;
mod read;
mod stages;
mod start;
pub mod sweep;
mod typed;
mod warning;
mod write;

#[cfg(test)]
mod tests;

pub use choices::{
    Augmentation, Choice, CopyAt, EmaUnit, Feature, FeatureHead, MethodName, Pooling, Ramp, ScratchInit,
    TargetNormalisation, UpdateKind,
};
pub use error::{Place, RecipeError};
pub use keys::AnyKey;
pub use layers::{Flag, FromRun, Layers, Stage, TrainedStage};
pub use memory::{Bytes, Need, available_memory};
pub use method::{Method, PlannedRun, TargetRecipe, Update};
pub use parts::{DataRecipe, DataSource, DecoderRecipe, EncoderRecipe, ModelRecipe, Used};
pub use preset::{Preset, PresetChoice};
pub use stages::{FinetuneRecipe, KnnRecipe, LinprobeRecipe, MonitorRecipe, PretrainRecipe, StageRecipe};
pub use start::Start;
pub use warning::Warning;

/// The checked recipe of a run, complete down to the last default.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// Everything random depends on it; `shapes` images do not.
    pub seed: u64,
    /// `[data]`.
    pub data: DataRecipe,
    /// `[model]`.
    pub model: ModelRecipe,
    /// `[method]`, its short form expanded.
    pub method: Method,
    /// `[pretrain]`.
    pub pretrain: PretrainRecipe,
    /// `[finetune]`.
    pub finetune: FinetuneRecipe,
    /// `[linprobe]`.
    pub linprobe: LinprobeRecipe,
    /// `[knn]`.
    pub knn: KnnRecipe,
    /// `[monitor]`.
    pub monitor: MonitorRecipe,
    /// `[[runs]]`: what `reproduce` trains; empty in the recipe of a single run.
    pub runs: Vec<PlannedRun>,
    /// Keeps construction inside this module.
    _sealed: Sealed,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Sealed;
