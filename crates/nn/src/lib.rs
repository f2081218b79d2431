//! Vision Transformer, masked autoencoder and heads of bmae on Burn tensors.
//!
//! - [`ops`]: the few differentiable operations everything is built from, fused on the CPU, composed of Burn's own
//!   elsewhere.
//! - [`vit`]: positions, blocks and the encoder. [`masking`]: which patches are kept. [`mae`]: decoder, the whole
//!   autoencoder and its loss. [`heads`]: classifier, linear probe, cross-entropy. All are built from the sizes of
//!   `bmae-architecture`.
//! - [`mod@parameters`]: parameters and gradients of any module here by their official name, for optimisers and
//!   averages.
//! - [`weights`]: files in and out, of other programs too; [`tensor_file`]: safetensors for batches, outputs and
//!   features. [`initialisation`]: every random draw, from a generator the caller passes.
//!
//! Layouts are PyTorch's (a Linear's weight is [out, in]) and names are the official MAE's, so that a weight file of
//! either side loads on the other. Images come as plain slices [N, 3, H, W], already normalised; [`patchify`] turns
//! them into patches [N, L, p*p*3] on the CPU, since constants need no gradient. For a GPU there are [`patchify_on_device`], and
//! `gpu_images`, which makes patches of random views of images that are kept there.
//!
//! A module trained on `Device::flex().autodiff()` gives a target encoder by Burn's `Module::valid()`: the same weights
//! on the inner device, where no gradient can exist.

pub mod error;
#[cfg(feature = "gpu")]
pub mod gpu_images;
pub mod heads;
pub mod initialisation;
pub mod mae;
pub mod masking;
pub mod ops;
pub mod parameters;
pub mod patches;
pub mod tensor_file;
pub mod vit;
pub mod weights;

pub use error::ShapeError;
pub use heads::{
    BatchNorm, ClassWeights, Classifier, HeadInit, LinearProbe, Pooling, cross_entropy, soft_cross_entropy,
    weighted_cross_entropy, weighted_soft_cross_entropy,
};
pub use mae::{MaskedAutoencoder, masked_rows, mean_squared_error};
pub use masking::Masking;
pub use parameters::{Parameter, gradients, map_parameters, parameters, replace_parameters, take_module};
pub use patches::{patchify, patchify_on_device, pixel_target};
pub use tensor_file::{TensorFile, TensorFileError};
pub use vit::{DropPath, Encoder, EncoderInit, LayerNorm, Linear};
pub use weights::{Architecture, Array, LoadReport, StateDict, WeightsError};
