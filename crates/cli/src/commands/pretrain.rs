//! `bmae pretrain`.

use bmae_recipe::plan::run_of;
use bmae_recipe::{MethodName, Stage};
use bmae_train::pretrain;

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
    let planned = run_of(&arguments.out, Stage::Pretrain, recipe.seed);
    let name = planned.unwrap_or_else(|| stage::name_of(&arguments.out));
    stage::with_session(everywhere, output, |session| {
        pretrain::run(session, &recipe, &name, &arguments.out, everywhere.resume)
    })
    .and_then(|outcome| stage::tell(Stage::Pretrain, &name, &arguments.out, &outcome, output))
}
