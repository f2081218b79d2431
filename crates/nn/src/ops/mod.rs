//! The differentiable operations of the transformer, one file each, composed of Burn's own.
//!
//! Each is a plain function on tensors; a fused operation replaces the composed one behind the same signature. Rows are
//! tokens: activations are [R, D] with R = N*T, so that a product is one matrix product and a weight gradient one matrix.

mod attention;
mod gelu;
mod layer_norm;
mod linear;

pub use attention::attention;
pub use gelu::gelu;
pub use layer_norm::layer_norm;
pub use linear::linear;
