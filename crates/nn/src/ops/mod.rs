//! The differentiable operations of the transformer, one file each: fused on the CPU, composed of Burn's own elsewhere.
//!
//! Each is a plain function on tensors that chooses by device; `composed` beside it is the form for every other device, and
//! what the fused one is tested against. Rows are tokens: activations are [R, D] with R = N*T, so that a product is one
//! matrix product and a weight gradient one matrix.

pub mod attention;
pub mod block;
mod flat;
mod fused;
pub mod gelu;
mod indices;
pub mod layer_norm;
pub mod linear;
mod pooled;
pub mod squared_error;
pub mod token_mean;
pub mod tokens;

pub use attention::attention;
pub use block::{BlockParameters, BlockPass, Wanted, block};
pub use flat::Flat;
pub use gelu::gelu;
pub(crate) use indices::indices;
pub use layer_norm::layer_norm;
pub use linear::linear;
pub use squared_error::mean_squared_error;
pub use token_mean::mean_of_patch_tokens;
pub use tokens::place_tokens;

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// `BMAE_OPS=composed` switches the fused operations off from the start, so that one machine tests both.
static FUSED: LazyLock<AtomicBool> =
    LazyLock::new(|| AtomicBool::new(std::env::var_os("BMAE_OPS").is_none_or(|ops| ops != "composed")));

/// Lets the whole process use the fused operations on the CPU, or the composed ones everywhere: for whoever compares the two.
/// What a recorded forward pass used, its backward pass uses too.
pub fn set_fused(fused: bool) {
    FUSED.store(fused, Relaxed);
}

/// Whether the fused operations are used where there are some: yes, unless `BMAE_OPS=composed` or
/// [`set_fused`] say otherwise.
pub fn is_fused() -> bool {
    FUSED.load(Relaxed)
}
