//! `bmae pretrain`.

use bmae_recipe::plan::{PlannedStage, run_of};
use bmae_recipe::{MethodName, Stage, Start};

use super::stage;
use crate::arguments::{Everywhere, Pretrain};
use crate::ending::Ending;
use crate::layers;
use crate::output::Output;

/// Pre-trains one method.
pub fn run(arguments: &Pretrain, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    let recipe = layers::resolve(&layers::pretraining(arguments, everywhere)?, output)?;
    if recipe.method.name == MethodName::Scratch {
        let message = "the method \"scratch\" pre-trains nothing: evaluate it with `bmae finetune --from scratch` and its like, or \
                       choose another --method";
        return Err(Ending::Usage(message.into()));
    }
    let run = run_of(&arguments.out, Stage::Pretrain, recipe.seed).unwrap_or_else(|| stage::name_of(&arguments.out));
    let planned =
        PlannedStage { run, stage: Stage::Pretrain, recipe, start: Start::Scratch, out: arguments.out.clone() };
    stage::run(&planned, everywhere, output)
}
