//! CPU kernels of bmae on plain `f32` slices: they know no tensors and no framework.
//!
//! One file an operation, forward and backward together; its head says what the backward pass needs. The contract:
//!
//! - slices in, slices out; every buffer's shape stands in its doc comment in letters (N images, T tokens, R rows, D width,
//!   L patches, P values a patch);
//! - a slice of another length than documented is a bug of the caller and panics;
//! - outputs are overwritten, unless the function says that it adds;
//! - work is split over the threads of the calling rayon pool into pieces that do not depend on their number, and sums run
//!   in a fixed order: the same bits on one and on many threads;
//! - no `unsafe`: loops are written over arrays of [`LANES`] numbers, taken and given by value (through
//!   references compilers lose sight of what may overlap, and give up), and compiled once for each instruction set, of which
//!   [`instruction_set`] picks at run time. Products and sums are never fused, so every instruction set gives the same bits.

pub mod adamw;
pub mod attention;
pub mod average;
pub mod block;
pub mod exponential;
pub mod gelu;
pub mod gradient;
pub mod instruction_set;
mod lanes;
pub mod layer_norm;
pub mod patchify;
pub mod product;
pub mod profile;
mod sums;

pub use average::average;
pub use patchify::{normalise_patches, patchify};

pub use lanes::LANES;
