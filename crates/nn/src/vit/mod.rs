//! The Vision Transformer: pre-norm blocks on patches, with PyTorch's layouts and the official names.

mod block;
mod class_attention;
mod drop_path;
mod encoder;
mod layer_norm;
mod linear;
mod patch_embedding;
pub mod positions;

pub use crate::initialisation::EncoderInit;
pub use block::{Attention, Block, Mlp};
pub use drop_path::DropPath;
pub use encoder::Encoder;
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use patch_embedding::PatchEmbedding;

pub(crate) use block::run_blocks;
pub(crate) use linear::LinearInit;
