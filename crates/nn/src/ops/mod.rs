//! The differentiable operations of the transformer, one folder each: fused on the CPU, composed of Burn's own
//! elsewhere.
//!
//! Each is a plain function on tensors in `mod.rs`, which chooses by device ([`is_fused`]). `composed.rs` is the form
//! for every device, and what the fused one is tested against; `cpu.rs` puts the loops of `bmae-kernels` into Burn by
//! its extension mechanism, with a backward pass of its own that saves what its head says, and nothing without
//! autodiff. `gpu.rs`, where there is one, has kernels for GPUs, written with CubeCL; `fused.rs` then says what a backend
//! computes, and has the backward pass of all. Another backend is one more file beside them. Rows are tokens:
//! activations are [R, D] with R = N*T, so that a product is one matrix product and a weight gradient one matrix.

#[cfg(feature = "gpu")]
mod adamw_gpu;
pub mod attention;
pub mod blocks;
mod choice;
mod cpu_tensor;
mod flat;
pub mod gelu;
#[cfg(feature = "gpu")]
mod gpu_rows;
#[cfg(feature = "gpu")]
pub(crate) mod gpu_tensor;
#[cfg(feature = "gpu")]
mod group_sum_gpu;
mod indices;
pub mod layer_norm;
pub mod linear;
#[cfg(feature = "gpu")]
mod norm_gpu;
mod picked_rows;
mod rounding;
mod selected_tokens;
pub mod squared_error;
mod tensor_list;
pub mod token_mean;
pub mod tokens;

#[cfg(feature = "gpu")]
pub use adamw_gpu::{adamw_on_gpu, is_updated_on_gpu};
pub use attention::attention;
pub use blocks::{BlockOptions, BlockParameters, WeightAndBias, blocks};
pub use choice::{is_fused, is_processor, set_fused};
pub use flat::CpuValues;
pub use gelu::gelu;
pub use layer_norm::layer_norm;
pub use linear::linear;
#[cfg(feature = "gpu")]
pub use norm_gpu::sum_of_squares_on_gpu;
pub(crate) use picked_rows::pick_rows;
pub use selected_tokens::SelectedTokens;
pub use squared_error::mean_squared_error;
pub use token_mean::mean_of_patch_tokens;
pub use tokens::place_tokens;
