//! The sizes of a masked autoencoder, without tensors: what a recipe checks, a model is built from and a benchmark
//! counts.
//!
//! - [`ImageSize`], [`PatchSize`] and [`GridSize`]: height and width.
//! - [`PatchGrid`]: how images are cut into patches; L patches of P values.
//! - [`kept_patches`]: how many of them the encoder sees.
//! - [`Transformer`]: width, depth and heads of encoder or decoder, and which widths can be.
//! - [`Precision`]: the numbers that linear layers multiply.
//! - [`Autoencoder`]: all of it; [`encoder_parameters`] and its like count the parameters.
//!
//! Sizes are those of He et al. 2022 and of the official code, `models_mae.py`, whose names the sources below cite.
//! Numbers of one image or one token are `usize`, numbers of parameters `u128`; both saturate, so that no absurd size
//! overflows.

mod autoencoder;
mod error;
mod grid;
mod mask;
mod multiple;
mod parameters;
mod precision;
mod size;
mod transformer;

pub use autoencoder::{Autoencoder, check_decoder, check_encoder};
pub use error::{ArchitectureError, WidthDivisor};
pub use grid::{CHANNELS, MOST_CHANNELS, PatchGrid};
pub use mask::{check_mask_ratio, kept_patches};
pub use parameters::{ParameterCount, decoder_parameters, encoder_parameters, linear_parameters};
pub use precision::Precision;
pub use size::{GridSize, ImageSize, PatchSize};
pub use transformer::{DECODER_MLP_RATIO, LAYER_NORM_EPSILON, Transformer};
