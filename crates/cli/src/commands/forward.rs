//! `bmae forward`.

use bmae_nn::weights::ModelPart;
use bmae_output::count::count;
use bmae_output::path_text::to_text;
use bmae_output::plain::plain_path;
use bmae_recipe::{Need, Stage, Used};
use bmae_train::forward::{self, Forward as Of};
use bmae_train::start::usable_weights;
use bmae_train::whole_file::write_whole;
use serde_json::json;

use super::recorded::{self, Files, Opened};
use crate::arguments::{Everywhere, Forward};
use crate::ending::Ending;
use crate::output::Output;

/// One recorded pass.
pub fn run(arguments: &Forward, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    let files = Files {
        weights: &arguments.weights,
        tensors: &arguments.inputs,
        target: arguments.target.as_deref(),
        outputs: &arguments.outputs,
        mark: forward::MARK,
        foreign: arguments.force.into(),
    };
    let need = Need::Weights(Used::Autoencoder);
    let Opened { recipe, weights, tensors, device } =
        recorded::open(files, Stage::Pretrain, need, arguments.preset.as_deref(), everywhere, output)?;
    let tell = &mut |message| output.message(&message);
    let target = arguments.target.as_deref().map(|target| usable_weights(target, &[ModelPart::Encoder])).transpose()?;
    let of = Of { weights: &weights, target: target.as_ref(), gradients: arguments.grads };
    let passed = forward::run(&recipe, of, &tensors, &device, tell)?;
    write_whole(&arguments.outputs, &passed.outputs.to_bytes()?)?;

    let (_, loss) = passed.outputs.floats::<1>("loss", "[1]")?;
    let names: Vec<&str> = passed.outputs.names().collect();
    output.detail(&format!("prediction head: {} of {}", passed.head, weights.source_name()));
    let text = format!("loss {:.6}, {} in {}", loss[0], count(names.len(), "tensor"), plain_path(&arguments.outputs));
    let json =
        json!({ "loss": loss[0], "head": passed.head, "outputs": to_text(&arguments.outputs), "tensors": names });
    Ok(output.result(&text, &json)?)
}
