//! CPU kernels of bmae on plain `f32` slices: no tensors, no framework, no allocation hidden from the caller.
//!
//! What is here today is what the model needs before its first matrix product: cutting images into patches, and the
//! per-patch normalisation of pixel targets. The fused forward and backward kernels of the transformer (products with
//! fused ends, LayerNorm, attention, GELU) belong here too, behind the same contract:
//!
//! - slices in, slices out; every buffer's shape stands in its doc comment in letters (N images, L patches, P values a patch);
//! - a slice of another length than documented is a bug of the caller and panics;
//! - each function says whether it overwrites its output or adds to it.

pub mod patchify;

pub use patchify::{normalise_patches, patchify};
