//! `bmae replay`.

use bmae_output::count::count;
use bmae_output::path_text::to_text;
use bmae_output::plain::plain_path;
use bmae_recipe::Need;
use bmae_train::replay;
use bmae_train::whole_file::write_whole;
use serde_json::json;

use super::recorded::{self, Files, Opened};
use crate::arguments::{Everywhere, Replay};
use crate::ending::Ending;
use crate::output::Output;

/// Recorded batches through the training.
pub fn run(arguments: &Replay, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    let files = Files {
        weights: &arguments.weights,
        tensors: &arguments.batches,
        target: None,
        outputs: &arguments.outputs,
        mark: replay::MARK,
        foreign: arguments.force.into(),
    };
    let stage = arguments.stage;
    let need = Need::Replay(stage);
    let Opened { recipe, weights, tensors, device } =
        recorded::open(files, stage.into(), need, arguments.preset.as_deref(), everywhere, output)?;
    let steps_per_epoch = arguments.steps_per_epoch as usize;
    let tell = &mut |message| output.message(&message);
    let outputs = replay::run(&recipe, stage, &weights, &tensors, steps_per_epoch, &device, tell)?;
    write_whole(&arguments.outputs, &outputs.to_bytes()?)?;

    let ([steps], losses) = outputs.floats::<1>("loss", "[S]")?;
    let (first, last) = (losses[0], losses[steps - 1]);
    let text = format!(
        "{}, loss {first:.6} at the first, {last:.6} at the last, in {}",
        count(steps, "step"),
        plain_path(&arguments.outputs)
    );
    Ok(output.result(&text, &json!({ "steps": steps, "loss": losses, "outputs": to_text(&arguments.outputs) }))?)
}
