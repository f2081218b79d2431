//! CPU kernels of bmae on plain `f32` slices: they know no tensors and no framework.
//!
//! One file an operation, forward and backward together; its head says what the backward pass needs. The contract:
//!
//! - slices in, slices out; every buffer's shape stands in its doc comment in letters (N images, T tokens, R rows, D
//!   width, L patches, P values a patch);
//! - a slice of another length than documented is a bug of the caller and panics;
//! - outputs are overwritten, unless the function says that it adds;
//! - work is split over the threads of the calling rayon pool into pieces that do not depend on their number, and sums
//!   run in a fixed order: the same bits on one and on many threads;
//! - loops are written over the vectors of an instruction set and compiled once for each; [`instruction_set`] picks one
//!   at run time. Products and sums are fused where the set can, so bits differ between sets, never between runs;
//! - `unsafe` stands only in the tiles of matrix products (in registers and in those of AMX), the instructions of
//!   AVX512-BF16, a prefetch, a transpose, the memory that buffers share (`arena.rs`), the allocator that says when memory
//!   is out ([`out_of_memory`]) and the question which signals are ignored ([`ignored_signals`]), each block with its
//!   reason;
//! - slices may lie anywhere, but those that begin at a cache line ([`pool`]) are up to a quarter faster.

pub mod adamw;
mod arena;
mod arrays;
pub mod attention;
mod bf16;
pub mod block;
pub mod ema;
mod exponential;
pub mod gelu;
pub mod gradient;
#[cfg(unix)]
pub mod ignored_signals;
pub mod instruction_set;
mod job_graph;
mod lanes;
pub mod layer_norm;
pub mod linear;
pub mod out_of_memory;
pub mod patchify;
pub mod pool;
pub mod product;
pub mod profile;
pub mod squared_error;
pub mod sums;
pub mod token_mean;
pub mod tokens;
pub mod transformer;
mod transpose;

pub use patchify::{normalise_patches, patchify};
