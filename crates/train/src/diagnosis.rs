//! Where numbers stopped being finite: for the sentence that stops a run. Asked for once, when a run is lost anyway.

use bmae_nn::Encoder;
use bmae_nn::parameters::parameters;
use bmae_nn::weights::grouped_names;
use burn::module::Module;
use burn::tensor::Tensor;

use crate::optimiser::GradientMap;

/// Images that hold NaN or an infinity.
pub(crate) fn of_images(images: &[f32]) -> Option<String> {
    let broken = images.iter().any(|value| !value.is_finite());
    broken.then(|| "the images of this step hold such numbers".to_owned())
}

/// The parameters of `module` that hold NaN or an infinity, by name.
pub(crate) fn of_parameters(module: &impl Module) -> Option<String> {
    let broken = parameters(module).into_iter().filter(|parameter| !is_finite(&parameter.values));
    let names: Vec<String> = broken.map(|parameter| parameter.name).collect();
    (!names.is_empty()).then(|| format!("the weights {} hold such numbers", grouped_names(&names)))
}

/// The first layer of `encoder` whose output for `patches` [N, L, p*p*3] is not finite; both without autodiff.
pub(crate) fn of_encoder(encoder: &Encoder, patches: &Tensor<3>) -> Option<String> {
    let depth = encoder.blocks.len();
    let first = (0..depth).find(|&block| {
        encoder.forward_to_block(patches.clone(), block).is_ok_and(|tokens| !is_finite(&tokens.flatten(0, 2)))
    });
    first.map(|block| format!("the first to give such numbers is blocks.{block} of the encoder's {depth}"))
}

/// The parameters whose gradient is not finite, by name.
pub(crate) fn of_gradients(gradients: &GradientMap) -> Option<String> {
    let names: Vec<&String> = gradients.iter().filter(|(_, g)| !is_finite(g)).map(|(name, _)| name).collect();
    (!names.is_empty()).then(|| format!("all outputs are finite, but not the gradients of {}", grouped_names(&names)))
}

/// What is said where nothing else was found.
pub(crate) const NOWHERE: &str = "no single layer gives such numbers, their sum does";

/// Whether all numbers are finite.
pub(crate) fn is_finite(values: &Tensor<1>) -> bool {
    values.to_data().iter::<f32>().all(f32::is_finite)
}
