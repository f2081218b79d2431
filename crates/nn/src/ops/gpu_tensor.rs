//! Tensors of the GPU backend as its kernels need them, and how many groups of units these are started with. CubeCL calls such a group
//! a cube, where CUDA says block and WGSL workgroup.

use burn::tensor::{DType, Shape, Tensor};
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl::calculate_cube_count_elemwise;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;

/// What a kernel sees of `tensor`.
///
/// # Panics
/// When it does not lie on a GPU, or has autodiff.
pub(crate) fn on_gpu(tensor: Tensor<1>) -> CubeTensor {
    tensor.try_into_primitive::<CubeBackend>().expect("a tensor on a GPU, without autodiff")
}

/// Memory for a result of `shape`, where `beside` lies and of its type; what is in it is not defined.
pub(crate) fn empty(beside: &CubeTensor, shape: Shape) -> CubeTensor {
    empty_device_contiguous_dtype(beside.client.clone(), beside.device.clone(), shape, beside.dtype)
}

/// `bytes` as numbers of a type of four bytes, beside `beside`.
pub(crate) fn numbers(beside: &CubeTensor, bytes: &[u8], dtype: DType) -> CubeTensor {
    let handle = beside.client.create_from_slice(bytes);
    let shape = Shape::new([bytes.len() / 4]);
    CubeTensor::new_contiguous(beside.client.clone(), beside.device.clone(), shape, handle, dtype)
}

/// At least `count` groups of units, spread over the dimensions that the device allows. A kernel sends those home that are too many.
pub(super) fn groups(client: &Client, count: usize) -> CubeCount {
    calculate_cube_count_elemwise(client, count, CubeDim::new_single())
}

/// Groups for a unit for each of `count` numbers, and how large each is.
pub(crate) fn units(client: &Client, count: usize) -> (CubeCount, CubeDim) {
    let cube_dim = CubeDim::new(client, count);
    (calculate_cube_count_elemwise(client, count, cube_dim), cube_dim)
}
