//! One pass through a masked autoencoder, for whoever checks a port (`docs/formats.md`, "forward"): the model, the
//! masking, the targets and the loss are the student's, as it trains.

use bmae_architecture::{ImageSize, MOST_CHANNELS};
use bmae_data::random::{Purpose, keyed};
use bmae_nn::weights::StateDict;
use bmae_nn::{TensorFile, parameters};
use bmae_output::mark::SAFETENSORS_KEY;
use bmae_recipe::Recipe;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand::RngExt;

use crate::TrainError;
use crate::observer::Message;
use crate::pretrain::{Pass, Student};
use crate::step_images::patches_on;

/// What a file of outputs is, by its mark.
pub const MARK: &str = "results of a forward pass";

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

/// What came out of a pass.
#[derive(Debug, Clone, PartialEq)]
pub struct Passed {
    /// The tensors.
    pub outputs: TensorFile,
    /// The name under which the weights have the prediction head that was used: `decoder_pred` or `feature_pred`.
    pub head: &'static str,
}

/// The pass of `inputs`: `images` [N, 3, S, S], already normalised, and optionally `noise` [N, L] (without it, it is
/// drawn from the recipe's seed). What comes out: `latent` [N, 1+keep, D], `pred` [N, L, P], `mask` [N, L] (1 =
/// masked), `ids_restore` [N, L], with a target `target` [N, L, D], `loss` `[1]`, and `grad.<parameter>` for each
/// parameter if asked. What a user should know of the weights goes to `tell`.
///
/// # Errors
/// When the weights do not fit the recipe's sizes, or the inputs do not fit the model.
pub fn run(
    recipe: &Recipe,
    of: Forward<'_>,
    inputs: &TensorFile,
    device: &Device,
    tell: &mut dyn FnMut(Message),
) -> Result<Passed, TrainError> {
    let ([count, ..], images) = recorded_images::<4>(recipe, inputs, "[N, 3, H, W]")?;
    let patches = recipe.architecture().grid.patches();
    let noise = match inputs.has("noise") {
        true => recorded_noise::<2>(recipe, inputs, "noise", "[N, L]", [count])?.to_vec(),
        false => {
            let mut generator = keyed(recipe.seed, 0, 0, Purpose::Mask);
            (0..count * patches).map(|_| generator.random::<f32>()).collect()
        }
    };
    let device = device.clone().autodiff();
    let (student, head) = match of.target {
        Some(target) => Student::predicting_features_of(recipe, of.weights, target, &device, tell)?,
        None => (Student::predicting_pixels(recipe, of.weights, &device, tell)?, "decoder_pred"),
    };
    let Pass { loss, masking, latent, report } = student.pass(&images.into(), &noise, 1.0, 0..1)?;

    let mut outputs = TensorFile::default();
    outputs.put_text(SAFETENSORS_KEY, MARK);
    put(&mut outputs, "latent", latent.clone());
    // The loss reads masked patches alone; here the prediction for all is wanted.
    put(&mut outputs, "pred", student.model().valid().predict(latent, &masking));
    outputs.put_floats("mask", &[count, patches], masking.mask());
    let restore = masking.restore().iter().map(|&place| place as i64).collect();
    outputs.put_integers("ids_restore", &[count, patches], restore);
    if student.targets().exist() {
        let seen = patches_on(images, recipe, &device)?;
        for features in student.targets().features(&seen)? {
            put(&mut outputs, "target", features);
        }
    }
    outputs.put_floats("loss", &[1], vec![report.loss.item() as f32]);
    if of.gradients {
        let gradients = student.backward(loss);
        for parameter in parameters::parameters(student.model()) {
            if let Some(gradient) = gradients.get(&parameter.name) {
                let values = gradient.to_data().iter::<f32>().collect();
                outputs.put_floats(format!("grad.{}", parameter.name), &parameter.shape, values);
            }
        }
    }
    Ok(Passed { outputs, head })
}

/// The size of the `images` of `file`, if it holds some.
pub fn size_of_images(file: &TensorFile) -> Option<ImageSize> {
    let (shape, _) = file.floats_of_any_rank("images").ok()?;
    match *shape {
        [.., 1..=MOST_CHANNELS, height, width] if height > 0 && width > 0 => Some(ImageSize { height, width }),
        _ => None,
    }
}

/// The sizes and values of the tensor `images` of `file`, whose last three sizes are C, H and W.
pub(crate) fn recorded_images<'a, const D: usize>(
    recipe: &Recipe,
    file: &'a TensorFile,
    axes: &str,
) -> Result<([usize; D], &'a [f32]), TrainError> {
    let (sizes, images) = file.floats::<D>("images", axes)?;
    let size = recipe.data.image_size;
    let [channels, height, width] = [sizes[D - 3], sizes[D - 2], sizes[D - 1]];
    let found_size = ImageSize { height, width };
    let wanted = recipe.architecture().grid.channels;
    let (found, expected) = if channels != wanted {
        let last = if width == wanted { ": the channels come before rows and columns" } else { "" };
        (format!("has {channels} channels ({sizes:?})"), format!("{axes} with {wanted} was expected{last}"))
    } else if images.is_empty() {
        (format!("is empty ({sizes:?})"), "at least one image was expected".to_owned())
    } else if found_size != size {
        let expected = format!("the model is for {size}: set data.image_size to that of the images");
        (format!("has images of {found_size} pixels"), expected)
    } else {
        return Ok((sizes, images));
    };
    Err(TrainError::Recorded { tensor: "images".into(), source_name: file.source().to_owned(), found, expected })
}

/// The values of the noise `name` of `file`, whose sizes begin with `before` and end with L.
pub(crate) fn recorded_noise<'a, const D: usize>(
    recipe: &Recipe,
    file: &'a TensorFile,
    name: &str,
    axes: &str,
    before: impl AsRef<[usize]>,
) -> Result<&'a [f32], TrainError> {
    let (sizes, noise) = file.floats::<D>(name, axes)?;
    let patches = recipe.architecture().grid.patches();
    let expected: Vec<usize> = before.as_ref().iter().copied().chain([patches]).collect();
    match sizes[..] == expected[..] {
        true => Ok(noise),
        false => Err(TrainError::Recorded {
            tensor: name.into(),
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
