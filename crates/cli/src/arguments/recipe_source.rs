//! Where a recipe comes from, and which stage of it is meant.

use bmae_recipe::{Stage, TrainedStage};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::path_word::path_word;

/// Where a recipe comes from.
#[derive(Debug, Args)]
pub struct RecipeSource {
    /// Recipe: quick, mini, paper, or a file of your own that ends in .toml [default: quick]
    #[arg(long, value_name = "NAME|FILE.toml", value_parser = path_word())]
    pub preset: Option<String>,
    /// Images: shapes, cifar10, cifar100, or the path of a folder, a .csv of file,label, a .zip or .tar shards, recognised by what
    /// it holds
    #[arg(long, value_name = "PATH|NAME", value_parser = path_word())]
    pub data: Option<String>,
}

/// One of the stages that train, by its section of the recipe.
pub fn trained_stage() -> impl TypedValueParser<Value = TrainedStage> {
    let names = TrainedStage::ALL.map(|stage| Stage::from(stage).section());
    let of_name = |name: String| TrainedStage::ALL.into_iter().find(|stage| Stage::from(*stage).section() == name);
    // Only these names come through.
    PossibleValuesParser::new(names).try_map(move |name| of_name(name).ok_or("it is no stage that trains"))
}
