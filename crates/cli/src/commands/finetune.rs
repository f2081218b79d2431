//! `bmae finetune`.

use bmae_recipe::Stage;

use super::stage;
use crate::arguments::{Evaluate, Everywhere};
use crate::ending::Ending;
use crate::output::Output;

/// Fine-tuning of what `--from` names.
pub fn run(arguments: &Evaluate, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    stage::evaluate(Stage::Finetune, arguments, everywhere, output)
}
