//! `bmae replay`.

use bmae_nn::TensorFile;
use bmae_train::device::DeviceChoice;
use bmae_train::replay;
use bmae_train::run_directory::write_whole;
use bmae_train::start::{fit, read_weights};
use serde_json::json;

use crate::arguments::{Everywhere, Replay};
use crate::ending::Ending;
use crate::layers;
use crate::output::Output;
use crate::threads;

/// Recorded batches through the training.
pub fn run(arguments: &Replay, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    let mut weights = read_weights(&arguments.weights)?;
    let layers = layers::recorded(arguments.preset.as_deref(), everywhere, &arguments.weights, &weights)?;
    let recipe = layers::resolve(&layers, output)?;
    fit(&mut weights, &recipe, &mut |note| output.note(&note));
    threads::set(everywhere.threads)?;
    let device = DeviceChoice::from(everywhere.device).open()?;

    let batches = TensorFile::from_file(&arguments.batches)?;
    let steps_per_epoch = arguments.steps_per_epoch as usize;
    let outputs = replay::run(&recipe, arguments.stage.into(), &weights, &batches, steps_per_epoch, &device)?;
    write_whole(&arguments.outputs, &outputs.to_bytes()?)?;

    let ([steps], losses) = outputs.floats::<1>("loss", "[S]")?;
    let (first, last) = (losses[0], losses[steps - 1]);
    let text = format!(
        "{steps} steps, loss {first:.6} at the first, {last:.6} at the last, in {}",
        arguments.outputs.display()
    );
    Ok(output.result(&text, &json!({ "steps": steps, "loss": losses, "outputs": arguments.outputs }))?)
}
