//! Images that are the same in every epoch, and what a model makes of them.

use std::sync::Arc;

use bmae_data::Images;
use bmae_nn::{Encoder, MaskedAutoencoder, Masking, masked_rows, mean_squared_error};
use bmae_recipe::Recipe;
use burn::tensor::{Device, Tensor};

use crate::TrainError;
use crate::input::{first_images, flat_patches, mask_noise};
use crate::method::Targets;
use crate::step_images::patch_tensor;

/// Images that a model sees at once.
const AT_ONCE: usize = 64;

/// The first training images as evaluation sees them, each with a mask that never changes.
pub(super) struct FixedImages {
    batches: Vec<Batch>,
    /// Of all of them.
    masking: Masking,
}

struct Batch {
    /// [N, L, p*p*3], flat.
    flat: Vec<f32>,
    /// The same, without autodiff.
    patches: Tensor<3>,
    masking: Masking,
}

impl FixedImages {
    /// The first `count` of `images`, or all if there are fewer, on `device`.
    ///
    /// # Errors
    /// When one cannot be read, or the mask ratio leaves or takes nothing.
    pub fn first(recipe: &Recipe, images: &Arc<dyn Images>, count: usize, device: &Device) -> Result<Self, TrainError> {
        let grid = recipe.architecture().grid;
        let masking = |noise: &[f32]| Masking::from_noise(noise, grid.patches(), recipe.pretrain.mask_ratio);
        let planes = first_images(recipe, images, count)?;
        let noise = mask_noise(recipe, 0, &(0..planes.len() / grid.values_per_image()).collect::<Vec<_>>());
        let of_batch = |(planes, noise): (&[f32], &[f32])| {
            let flat = flat_patches(planes, recipe)?;
            let patches = patch_tensor(flat.clone(), recipe, device);
            Ok::<_, TrainError>(Batch { flat, patches, masking: masking(noise)? })
        };
        let batches = planes.chunks(AT_ONCE * grid.values_per_image()).zip(noise.chunks(AT_ONCE * grid.patches()));
        Ok(Self { batches: batches.map(of_batch).collect::<Result<_, _>>()?, masking: masking(&noise)? })
    }

    /// The features of the patches under `encoder` [N, L, D], which is without autodiff: the whole image seen, the final
    /// norm applied, the class token left out.
    pub fn features(&self, encoder: &Encoder) -> Tensor<3> {
        let of_batch = |batch: &Batch| {
            let tokens = encoder.forward(batch.patches.clone());
            let [images, count, dim] = tokens.dims();
            tokens.slice([0..images, 1..count, 0..dim])
        };
        Tensor::cat(self.batches.iter().map(of_batch).collect(), 0)
    }

    /// The features [N, L, D] that each of `targets` asks for.
    ///
    /// # Errors
    /// As [`Targets::features`].
    pub fn features_of_targets(&self, targets: &Targets) -> Result<Vec<Tensor<3>>, TrainError> {
        let mut parts: Vec<Vec<Tensor<3>>> = Vec::new();
        for batch in &self.batches {
            let features = targets.features(&batch.patches)?;
            parts.resize(features.len(), Vec::new());
            parts.iter_mut().zip(features).for_each(|(parts, features)| parts.push(features));
        }
        Ok(parts.into_iter().map(|parts| Tensor::cat(parts, 0)).collect())
    }

    /// What `model`, which is without autodiff, predicts for the masked patches [M, P].
    ///
    /// # Errors
    /// When the images are not of its size.
    pub fn prediction(&self, model: &MaskedAutoencoder) -> Result<Tensor<2>, TrainError> {
        let of_batch = |Batch { flat, masking, .. }: &Batch| {
            Ok::<_, TrainError>(model.predict_masked(model.encoder.forward_masked(flat, masking)?, masking))
        };
        Ok(Tensor::cat(self.batches.iter().map(of_batch).collect::<Result<_, _>>()?, 0))
    }

    /// The loss of a `prediction` [M, D] against the `features` [N, L, D] of a target.
    pub fn loss(&self, prediction: &Tensor<2>, features: &Tensor<3>) -> f64 {
        let target = masked_rows(features.clone(), &self.masking);
        f64::from(mean_squared_error(prediction.clone(), target).into_scalar::<f32>())
    }
}
