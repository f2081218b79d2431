//! Tensors of the GPU backend as its kernels need them, and how many groups of units they are started with. CubeCL calls such a group
//! a cube, where CUDA says block and WGSL workgroup.

use burn::tensor::Shape;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;

/// Memory for a result of `shape`, where `beside` lies and of its type; what is in it is not defined.
pub(super) fn empty(beside: &CubeTensor, shape: Shape) -> CubeTensor {
    empty_device_contiguous_dtype(beside.client.clone(), beside.device.clone(), shape, beside.dtype)
}

/// At least `count` groups of units, spread over the dimensions that the device allows. A kernel sends those home that are too many.
pub(super) fn groups(client: &Client, count: usize) -> CubeCount {
    burn_cubecl::cubecl::calculate_cube_count_elemwise(client, count, CubeDim::new_single())
}
