//! What a run does, in full: read from TOML, presets and single settings, checked once, then only read.
//!
//! Two kinds of types. What was *given* is a set of keys with their values; reading it has no side effect. What was
//! *checked* is a [`Recipe`]: complete, and built by [`Recipe::resolve`] or [`Recipe::from_toml`] alone, so nothing
//! behind this edge doubts it.
//!
//! Every key is defined once, in the file of its section: name, type, default, range, description and who reads it. The
//! fields of the recipe, their reading and writing, the checks, the unknown-key message and the page of keys
//! (`docs/keys.md`) all come from that definition; [`keys`] lists them.

mod bytes;
mod channels;
mod checks;
mod choices;
mod error;
mod given;
mod key;
pub mod key_search;
pub mod keys;
mod layers;
mod meanings;
mod memory;
pub mod plan;
mod planned_epochs;
mod preset;
pub mod proposal;
mod read_toml;
mod recipe;
mod recipe_paths;
mod resumed;
mod section;
mod sections;
mod setting;
mod settled_data;
mod stage;
mod start;
mod suggestion;
pub mod sweep;
mod toml_text;
mod untold_heads;
mod warning;

#[cfg(test)]
mod tests;

pub use bytes::{Bytes, available_memory};
pub use channels::{ChannelValues, Channels};
pub use choices::{
    Augmentation, Born, ChannelsFromRgb, Choice, ClassWeighting, CopyAt, EmaUnit, Feature, FeatureHead, LossOn, Masks,
    MethodName, Pooling, Ramp, ScratchInit, TargetNormalisation, Unreadable, UpdateKind, WarmupWeight,
};
pub use error::{Place, RecipeError};
pub use key::AnyKey;
pub use layers::{CarriedRecipe, Layers};
pub use meanings::meant_word;
pub use memory::{Need, Used};
pub use planned_epochs::{EarlierPlan, PlannedEpochs};
pub use preset::{Preset, PresetChoice};
pub use recipe::Recipe;
pub use recipe_paths::data_sets;
pub use sections::data::DataRecipe;
pub use sections::finetune::FinetuneRecipe;
pub use sections::knn::KnnRecipe;
pub use sections::labelled::LabelledRecipe;
pub use sections::linprobe::LinprobeRecipe;
pub use sections::method::{Method, MethodKind, WarmUp};
pub use sections::model::{DecoderRecipe, EncoderRecipe, ModelRecipe};
pub use sections::monitor::MonitorRecipe;
pub use sections::pretrain::PretrainRecipe;
pub use sections::run::PlannedRun;
pub use sections::source::DataSource;
pub use sections::target::{TargetRecipe, Update};
pub use sections::training::StageRecipe;
pub use sections::weights::GivenWeights;
pub use setting::Setting;
pub use stage::{Stage, TrainedStage};
pub use start::{Start, Trunk};
pub use suggestion::nearest;
pub use warning::{LateSwitch, Warning};
