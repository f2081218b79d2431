//! The GELU as kernels for GPUs, on tensors of the CubeCL backend.

#![expect(unstable_name_collisions, reason = "a kernel's erf is CubeCL's, whatever the standard library will have")]

use burn::backend::TensorMetadata;
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl::{self, prelude::*};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

use super::fused::GeluKernels;
use crate::ops::gpu_tensor::{empty, units};

/// 1 / sqrt(2)
const INVERSE_ROOT_2: f32 = std::f32::consts::FRAC_1_SQRT_2;
/// 1 / sqrt(2 pi)
const INVERSE_ROOT_2_PI: f32 = 0.398_942_3;
const MINUS_HALF: f32 = -0.5;

#[cube(launch)]
fn forward_kernel(x: &[f32], out: &mut [f32]) {
    if ABSOLUTE_POS < out.len() {
        let value = x[ABSOLUTE_POS];
        out[ABSOLUTE_POS] = value * 0.5 * (1.0 + f32::erf(value * INVERSE_ROOT_2));
    }
}

#[cube(launch)]
fn backward_kernel(x: &[f32], grad: &[f32], dx: &mut [f32]) {
    if ABSOLUTE_POS < dx.len() {
        let value = x[ABSOLUTE_POS];
        let below = 0.5 * (1.0 + f32::erf(value * INVERSE_ROOT_2));
        let density = f32::exp(value * value * MINUS_HALF) * INVERSE_ROOT_2_PI;
        dx[ABSOLUTE_POS] = grad[ABSOLUTE_POS] * (below + value * density);
    }
}

impl GeluKernels for CubeBackend {
    fn forward(x: CubeTensor) -> CubeTensor {
        let x = into_contiguous(x);
        let (out, client, values) = (empty(&x, x.shape()), x.client.clone(), x.shape().num_elements());
        let (cubes, cube_dim) = units(&client, values);
        forward_kernel::launch(&client, cubes, cube_dim, x.into_buffer_arg(), out.clone().into_buffer_arg());
        out
    }

    fn backward(x: CubeTensor, grad: CubeTensor) -> CubeTensor {
        let (x, grad) = (into_contiguous(x), into_contiguous(grad));
        let (dx, client, values) = (empty(&x, x.shape()), x.client.clone(), x.shape().num_elements());
        let (cubes, cube_dim) = units(&client, values);
        let (x, grad, out) = (x.into_buffer_arg(), grad.into_buffer_arg(), dx.clone().into_buffer_arg());
        backward_kernel::launch(&client, cubes, cube_dim, x, grad, out);
        dx
    }
}
