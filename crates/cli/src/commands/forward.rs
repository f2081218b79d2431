//! `bmae forward`.

use bmae_nn::{StateDict, TensorFile};
use bmae_train::device::DeviceChoice;
use bmae_train::forward::{self, Forward as Of};
use bmae_train::run_directory::write_whole;
use bmae_train::start::{fit, read_weights};
use serde_json::json;

use crate::arguments::{Everywhere, Forward};
use crate::ending::Ending;
use crate::layers;
use crate::output::Output;
use crate::threads;

/// One recorded pass.
pub fn run(arguments: &Forward, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    let mut weights = read_weights(&arguments.weights)?;
    let layers = layers::recorded(arguments.preset.as_deref(), everywhere, &arguments.weights, &weights)?;
    let recipe = layers::resolve(&layers, output)?;
    fit(&mut weights, &recipe, &mut |note| output.note(&note));
    threads::set(everywhere.threads)?;
    let device = DeviceChoice::from(everywhere.device).open()?;

    let mut target: Option<StateDict> = arguments.target.as_deref().map(read_weights).transpose()?;
    if let Some(target) = &mut target {
        fit(target, &recipe, &mut |note| output.note(&note));
    }
    let of = Of { weights: &weights, target: target.as_ref(), gradients: arguments.grads };
    let outputs = forward::run(&recipe, of, &TensorFile::from_file(&arguments.inputs)?, &device)?;
    write_whole(&arguments.outputs, &outputs.to_bytes()?)?;

    let (_, loss) = outputs.floats::<1>("loss", "[1]")?;
    let names: Vec<&str> = outputs.names().collect();
    let text = format!("loss {:.6}, {} tensors in {}", loss[0], names.len(), arguments.outputs.display());
    Ok(output.result(&text, &json!({ "loss": loss[0], "outputs": arguments.outputs, "tensors": names }))?)
}
