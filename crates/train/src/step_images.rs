//! The images of a step, and the patches that the model reads of them: both where the steps are computed.

use bmae_nn::{Encoder, Masking, masked_rows, ops, patchify, patchify_on_device, pixel_target};
use bmae_recipe::{LossOn, Recipe, TargetNormalisation};
use burn::tensor::{Device, Tensor, TensorData};

use crate::TrainError;
use crate::method::normalise;

/// The images of a step, or of a part of it.
#[derive(Debug, Clone)]
pub enum StepImages<'a> {
    /// Normalised [N, C, H, W], flat.
    Planes(&'a [f32]),
    /// Their patches [N, L, P] on the device that takes the step, without autodiff.
    Patches(Box<Tensor<3>>),
}

impl<'a> From<&'a [f32]> for StepImages<'a> {
    fn from(planes: &'a [f32]) -> Self {
        Self::Planes(planes)
    }
}

impl<'a> From<&'a Vec<f32>> for StepImages<'a> {
    fn from(planes: &'a Vec<f32>) -> Self {
        Self::Planes(planes)
    }
}

impl StepImages<'_> {
    /// The images in `count` parts of the same size.
    pub(crate) fn parts(&self, count: usize) -> Vec<StepImages<'_>> {
        match self {
            Self::Planes(planes) => planes.chunks((planes.len() / count).max(1)).map(StepImages::Planes).collect(),
            Self::Patches(patches) => {
                let parts = Tensor::clone(patches).chunk(count, 0).into_iter();
                parts.map(|part| StepImages::Patches(Box::new(part))).collect()
            }
        }
    }

    /// All their numbers; waits for the device.
    pub(crate) fn values(&self) -> Vec<f32> {
        match self {
            Self::Planes(planes) => planes.to_vec(),
            Self::Patches(patches) => patches.to_data().iter::<f32>().collect(),
        }
    }
}

/// The patches of some images, P = p*p*C values each.
#[derive(Debug, Clone)]
pub(crate) enum Patches {
    /// In memory, where the processor computes [N, L, P], flat.
    InMemory(Vec<f32>),
    /// On another device, or made there, without autodiff [N, L, P].
    OnDevice(Box<Tensor<3>>),
}

impl Patches {
    /// Those of `images` for steps on `device`.
    ///
    /// # Errors
    /// When they are not a whole number of images of the recipe's size.
    pub fn of(images: &StepImages<'_>, recipe: &Recipe, device: &Device) -> Result<Self, TrainError> {
        let grid = recipe.architecture().grid;
        Ok(match images {
            StepImages::Patches(patches) => Self::OnDevice(patches.clone()),
            StepImages::Planes(planes) if ops::is_processor(device) => Self::InMemory(patchify(planes, grid)?),
            StepImages::Planes(planes) => {
                Self::OnDevice(Box::new(patchify_on_device(planes, grid, &device.clone().inner())?))
            }
        })
    }

    /// As a tensor [N, L, P] on `device`, without autodiff.
    pub fn tensor(&self, recipe: &Recipe, device: &Device) -> Tensor<3> {
        match self {
            Self::InMemory(patches) => patch_tensor(patches.clone(), recipe, &device.clone().inner()),
            Self::OnDevice(patches) => Tensor::clone(patches),
        }
    }

    /// What `encoder` makes of those that `masking` keeps [N, 1+keep, D].
    ///
    /// # Errors
    /// When they are not the masking's.
    pub fn encoded(&self, encoder: &Encoder, masking: &Masking) -> Result<Tensor<3>, TrainError> {
        Ok(match self {
            Self::InMemory(patches) => encoder.forward_masked(patches, masking)?,
            Self::OnDevice(patches) => encoder.forward_masked_on_device(Tensor::clone(patches), masking),
        })
    }

    /// The pixel target of the patches that the loss counts [M, P], on `device` without autodiff.
    pub fn pixel_rows(&self, masking: &Masking, recipe: &Recipe, device: &Device) -> Tensor<2> {
        let length = recipe.architecture().grid.values_per_patch();
        let settings = &recipe.pretrain;
        match self {
            Self::InMemory(patches) => {
                let pixels = pixel_target(patches, length, settings.norm_pix);
                let rows = match settings.loss_on {
                    LossOn::Masked => masking.masked_values(&pixels, length),
                    LossOn::All => pixels.into_owned(),
                };
                let shape = [rows.len() / length, length];
                Tensor::from_data(TensorData::new(rows, shape), &device.clone().inner())
            }
            Self::OnDevice(patches) => {
                let normalisation = match settings.norm_pix {
                    true => TargetNormalisation::PatchNorm,
                    false => TargetNormalisation::None,
                };
                let pixels = normalise(Tensor::clone(patches), normalisation);
                match settings.loss_on {
                    LossOn::Masked => masked_rows(pixels, masking),
                    LossOn::All => pixels.flatten(0, 1),
                }
            }
        }
    }
}

/// The patches of normalised `images` [N, C, H, W] on `device` [N, L, P], without autodiff.
///
/// # Errors
/// When they are not a whole number of images of the recipe's size.
pub(crate) fn patches_on(images: &[f32], recipe: &Recipe, device: &Device) -> Result<Tensor<3>, TrainError> {
    Ok(match Patches::of(&images.into(), recipe, device)? {
        Patches::InMemory(patches) => patch_tensor(patches, recipe, &device.clone().inner()),
        Patches::OnDevice(patches) => *patches,
    })
}

/// Flat patches as a tensor [N, L, P] on `device`.
pub(crate) fn patch_tensor(patches: Vec<f32>, recipe: &Recipe, device: &Device) -> Tensor<3> {
    let grid = recipe.architecture().grid;
    let shape = [patches.len() / grid.values_per_image(), grid.patches(), grid.values_per_patch()];
    Tensor::from_data(TensorData::new(patches, shape), device)
}
