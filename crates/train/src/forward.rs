//! One pass through a masked autoencoder, for whoever checks a port (DESIGN section 6): the model, the masking, the targets
//! and the loss are the student's, as it trains.

use bmae_data::random::{Purpose, keyed};
use bmae_nn::weights::StateDict;
use bmae_nn::{Masking, TensorFile, parameters};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand::RngExt;

use crate::TrainError;
use crate::input::{flat_patches, patch_tensor};
use crate::pretrain::Student;
use crate::recipe::Recipe;

/// What the pass is made with.
#[derive(Debug, Clone, Copy)]
pub struct Forward<'a> {
    /// The masked autoencoder's.
    pub weights: &'a StateDict,
    /// Of an encoder whose features are predicted instead of pixels.
    pub target: Option<&'a StateDict>,
    /// Whether gradients are wanted.
    pub gradients: bool,
}

/// The pass of `inputs`: `images` [N, 3, S, S], already normalised, and optionally `noise` [N, L] (without it, it is drawn
/// from the recipe's seed). What comes out: `latent` [N, 1+keep, D], `pred` [N, L, P], `mask` [N, L] (1 = masked),
/// `ids_restore` [N, L], with a target `target` [N, L, D], `loss` `[1]`, and `grad.<parameter>` for each parameter if asked.
///
/// # Errors
/// When the weights do not fit the recipe's sizes, or the inputs do not fit the model.
pub fn run(recipe: &Recipe, of: Forward<'_>, inputs: &TensorFile, device: &Device) -> Result<TensorFile, TrainError> {
    let device = device.clone().autodiff();
    let student = match of.target {
        Some(target) => Student::predicting_features_of(recipe, of.weights, target, &device)?,
        None => Student::from_weights(recipe, 1, of.weights, &device)?,
    };
    let ([count, ..], images) = recorded_images::<4>(recipe, inputs, "[N, 3, H, W]")?;
    let patches = recipe.model.patches(recipe.data.image_size);
    let noise = match inputs.has("noise") {
        true => recorded_noise::<2>(recipe, inputs, "[N, L]", [count])?.to_vec(),
        false => {
            let mut generator = keyed(recipe.seed, 0, 0, Purpose::Mask);
            (0..count * patches).map(|_| generator.random::<f32>()).collect()
        }
    };
    let masking = Masking::from_noise(&noise, patches, recipe.pretrain.mask_ratio)?;
    let (gradients, report) = student.gradients(images, &noise, 1.0)?;

    let mut outputs = TensorFile::default();
    let model = student.model().valid();
    let flat = flat_patches(images, recipe)?;
    let latent = model.encoder.forward_masked(&flat, &masking)?;
    put(&mut outputs, "latent", latent.clone());
    put(&mut outputs, "pred", model.predict(latent, &masking));
    outputs.put_floats("mask", &[count, patches], masking.mask());
    let restore = masking.restore().iter().map(|&place| place as i64).collect();
    outputs.put_integers("ids_restore", &[count, patches], restore);
    if student.targets().exist() {
        let seen = patch_tensor(flat, recipe, &device.inner());
        for features in student.targets().features(&seen)? {
            put(&mut outputs, "target", features);
        }
    }
    outputs.put_floats("loss", &[1], vec![report.loss as f32]);
    if of.gradients {
        for parameter in parameters::parameters(student.model()) {
            if let Some(gradient) = gradients.get(&parameter.name) {
                let values = gradient.to_data().iter::<f32>().collect();
                outputs.put_floats(format!("grad.{}", parameter.name), &parameter.shape, values);
            }
        }
    }
    Ok(outputs)
}

/// The sizes and values of the tensor `images` of `file`, whose last three sizes are 3, S and S.
pub(crate) fn recorded_images<'a, const D: usize>(
    recipe: &Recipe,
    file: &'a TensorFile,
    axes: &str,
) -> Result<([usize; D], &'a [f32]), TrainError> {
    let (sizes, images) = file.floats::<D>("images", axes)?;
    let side = recipe.data.image_size;
    if sizes[D - 3..] != [3, side, side] || images.is_empty() {
        return Err(TrainError::Recorded {
            tensor: "images".into(),
            source_name: file.source().to_owned(),
            found: format!("has the shape {sizes:?}"),
            expected: format!(
                "{axes} with 3 channels of {side} x {side} pixels was expected: set data.image_size to the side of the images"
            ),
        });
    }
    Ok((sizes, images))
}

/// The values of the tensor `noise` of `file`, whose sizes begin with `before` and end with L.
pub(crate) fn recorded_noise<'a, const D: usize>(
    recipe: &Recipe,
    file: &'a TensorFile,
    axes: &str,
    before: impl AsRef<[usize]>,
) -> Result<&'a [f32], TrainError> {
    let (sizes, noise) = file.floats::<D>("noise", axes)?;
    let patches = recipe.model.patches(recipe.data.image_size);
    let expected: Vec<usize> = before.as_ref().iter().copied().chain([patches]).collect();
    match sizes[..] == expected[..] {
        true => Ok(noise),
        false => Err(TrainError::Recorded {
            tensor: "noise".into(),
            source_name: file.source().to_owned(),
            found: format!("has the shape {sizes:?}"),
            expected: format!("{axes} = {expected:?} was expected: one number for each patch of each image"),
        }),
    }
}

fn put<const D: usize>(outputs: &mut TensorFile, name: &str, tensor: Tensor<D>) {
    let shape = tensor.dims();
    outputs.put_floats(name, &shape, tensor.into_data().iter::<f32>().collect());
}
