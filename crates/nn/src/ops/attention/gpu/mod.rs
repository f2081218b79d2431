//! Attention as kernels for GPUs, on tensors of the CubeCL backend.
//!
//! A group of units takes a block of rows of one head of one image and goes through the others tile by tile, so that no matrix of
//! scores is ever in the GPU's memory (Dao et al. 2022, FlashAttention, algorithms 1 and 4): the forward pass goes through the keys
//! of a block of queries, and keeps of each query the logarithm of its sum of exponentials; the backward pass goes through the keys
//! of a block of queries for their gradient, and through the queries of a block of keys for that of keys and values. Each sum has
//! one owner, so that the same pass gives the same bits.

mod backward;
mod forward;
mod tile;

use burn::backend::TensorMetadata;
use burn::tensor::{Shape, Tensor};
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

use super::fused::{AttentionKernels, Division};
use crate::ops::gpu_tensor::{empty, groups};
use tile::{ROWS, UNITS};

/// Whether heads of `head_dim` values fit into what a group of units shares on the GPU where `qkv` lies.
pub(super) fn fits(qkv: &Tensor<2>, head_dim: usize) -> bool {
    let plain = if qkv.is_autodiff() { qkv.clone().inner() } else { qkv.clone() };
    plain.try_into_primitive::<CubeBackend>().is_ok_and(|qkv| {
        let shared = qkv.client.properties().hardware.max_shared_memory_size;
        backward::shared_values(head_dim) * size_of::<f32>() <= shared
    })
}

/// What the backward pass needs.
#[derive(Debug, Clone)]
pub(crate) struct SavedAttention {
    /// The result [N*T, D].
    out: CubeTensor,
    /// The logarithm of each query's sum of exponentials [N, heads, T].
    log_sums: CubeTensor,
}

/// How a launch divides qkv.
struct Launch {
    client: Client,
    /// Images times heads.
    pairs: usize,
    head_dim: usize,
    cubes: CubeCount,
    cube_dim: CubeDim,
    /// 1 / sqrt(head_dim)
    scale: f32,
}

impl Launch {
    fn of(qkv: &CubeTensor, division: Division) -> Self {
        let shape = qkv.shape();
        let head_dim = shape[1] / 3 / division.heads;
        let pairs = shape[0] / division.tokens * division.heads;
        Self {
            client: qkv.client.clone(),
            pairs,
            head_dim,
            cubes: groups(&qkv.client, pairs * division.tokens.div_ceil(ROWS)),
            cube_dim: CubeDim::new_1d(UNITS as u32),
            scale: (1.0 / (head_dim as f64).sqrt()) as f32,
        }
    }
}

impl AttentionKernels for CubeBackend {
    type Saved = SavedAttention;

    fn forward(qkv: CubeTensor, division: Division) -> (CubeTensor, SavedAttention) {
        let qkv = into_contiguous(qkv);
        let Launch { client, pairs, head_dim, cubes, cube_dim, scale } = Launch::of(&qkv, division);
        let shape = qkv.shape();
        let out = empty(&qkv, Shape::new([shape[0], shape[1] / 3]));
        let log_sums = empty(&qkv, Shape::new([pairs, division.tokens]));
        forward::launch(
            &client,
            cubes,
            cube_dim,
            qkv.into_buffer_arg(),
            out.clone().into_buffer_arg(),
            log_sums.clone().into_buffer_arg(),
            division.tokens,
            division.heads,
            scale,
            head_dim,
        );
        (out.clone(), SavedAttention { out, log_sums })
    }

    fn backward(qkv: CubeTensor, division: Division, saved: SavedAttention, grad: CubeTensor) -> CubeTensor {
        let (qkv, grad) = (into_contiguous(qkv), into_contiguous(grad));
        let Launch { client, pairs, head_dim, cubes, cube_dim, scale } = Launch::of(&qkv, division);
        let gradient = empty(&qkv, qkv.shape());
        let inner_products = empty(&qkv, Shape::new([pairs, division.tokens]));
        backward::launch_queries(
            &client,
            cubes.clone(),
            cube_dim,
            qkv.clone().into_buffer_arg(),
            grad.clone().into_buffer_arg(),
            saved.out.into_buffer_arg(),
            saved.log_sums.clone().into_buffer_arg(),
            gradient.clone().into_buffer_arg(),
            inner_products.clone().into_buffer_arg(),
            division.tokens,
            division.heads,
            scale,
            head_dim,
        );
        backward::launch_keys(
            &client,
            cubes,
            cube_dim,
            qkv.into_buffer_arg(),
            grad.into_buffer_arg(),
            saved.log_sums.into_buffer_arg(),
            inner_products.into_buffer_arg(),
            gradient.clone().into_buffer_arg(),
            division.tokens,
            division.heads,
            scale,
            head_dim,
        );
        gradient
    }
}
