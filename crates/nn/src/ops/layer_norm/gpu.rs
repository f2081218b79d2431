//! LayerNorm as kernels for GPUs, on tensors of the CubeCL backend: one group of units a row, and for the gradients of weight and bias
//! one unit a column, over a chunk of rows.

use burn::backend::TensorMetadata;
use burn::tensor::Shape;
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl::{self, prelude::*};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

use super::fused::LayerNormKernels;
use crate::ops::gpu_rows::column_sums;
use crate::ops::gpu_tensor::{empty, groups, units};
use crate::ops::group_sum_gpu::{UNITS, sum_of_group};

/// Rows of one chunk.
const CHUNK: usize = 64;

/// Mean and 1 / sqrt(var + epsilon) of the `width` values of `x` from `start`.
#[cube]
fn mean_and_inverse_deviation(
    x: &[f32],
    start: usize,
    width: usize,
    epsilon: f32,
    shared: &mut Shared<[f32]>,
) -> (f32, f32) {
    let mut sum = 0.0f32;
    let mut column = UNIT_POS as usize;
    while column < width {
        sum += x[start + column];
        column += UNITS;
    }
    let mean = sum_of_group(sum, shared) / width as f32;
    let mut squares = 0.0f32;
    let mut column = UNIT_POS as usize;
    while column < width {
        let centred = x[start + column] - mean;
        squares += centred * centred;
        column += UNITS;
    }
    let variance = sum_of_group(squares, shared) / width as f32;
    (mean, 1.0 / f32::sqrt(variance + epsilon))
}

#[cube(launch)]
fn forward_kernel(x: &[f32], weight: &[f32], bias: &[f32], out: &mut [f32], epsilon: f32) {
    let width = weight.len();
    let start = CUBE_POS * width;
    if start >= out.len() {
        terminate!();
    }
    let mut shared = Shared::new_slice(UNITS);
    let (mean, inverse) = mean_and_inverse_deviation(x, start, width, epsilon, &mut shared);
    let mut column = UNIT_POS as usize;
    while column < width {
        out[start + column] = (x[start + column] - mean) * inverse * weight[column] + bias[column];
        column += UNITS;
    }
}

/// The gradient for x, and mean and inverse deviation of each row into `statistics` [R, 2].
#[cube(launch)]
fn backward_rows_kernel(x: &[f32], weight: &[f32], grad: &[f32], dx: &mut [f32], statistics: &mut [f32], epsilon: f32) {
    let width = weight.len();
    let start = CUBE_POS * width;
    if start >= dx.len() {
        terminate!();
    }
    let mut shared = Shared::new_slice(UNITS);
    let (mean, inverse) = mean_and_inverse_deviation(x, start, width, epsilon, &mut shared);
    let mut sum = 0.0f32;
    let mut sum_along = 0.0f32;
    let mut column = UNIT_POS as usize;
    while column < width {
        let slope = grad[start + column] * weight[column];
        sum += slope;
        sum_along += slope * (x[start + column] - mean) * inverse;
        column += UNITS;
    }
    let mean_slope = sum_of_group(sum, &mut shared) / width as f32;
    let mean_along = sum_of_group(sum_along, &mut shared) / width as f32;
    let mut column = UNIT_POS as usize;
    while column < width {
        let normal = (x[start + column] - mean) * inverse;
        let slope = grad[start + column] * weight[column];
        dx[start + column] = (slope - mean_slope - normal * mean_along) * inverse;
        column += UNITS;
    }
    if UNIT_POS == 0 {
        statistics[CUBE_POS * 2] = mean;
        statistics[CUBE_POS * 2 + 1] = inverse;
    }
}

/// The gradients of weight and bias over each chunk of rows, both [chunks, D].
#[cube(launch)]
fn backward_columns_kernel(
    x: &[f32],
    grad: &[f32],
    statistics: &[f32],
    weights: &mut [f32],
    biases: &mut [f32],
    width: usize,
) {
    let column = ABSOLUTE_POS % width;
    let chunk = ABSOLUTE_POS / width;
    if ABSOLUTE_POS >= weights.len() {
        terminate!();
    }
    let rows = statistics.len() / 2;
    let mut of_weight = 0.0f32;
    let mut of_bias = 0.0f32;
    let mut row = chunk * CHUNK;
    let end = min(row + CHUNK, rows);
    while row < end {
        let slope = grad[row * width + column];
        of_weight += slope * (x[row * width + column] - statistics[row * 2]) * statistics[row * 2 + 1];
        of_bias += slope;
        row += 1;
    }
    weights[ABSOLUTE_POS] = of_weight;
    biases[ABSOLUTE_POS] = of_bias;
}

impl LayerNormKernels for CubeBackend {
    fn forward(x: CubeTensor, weight: CubeTensor, bias: CubeTensor, epsilon: f64) -> CubeTensor {
        let [x, weight, bias] = [x, weight, bias].map(into_contiguous);
        let (out, client, rows) = (empty(&x, x.shape()), x.client.clone(), x.shape()[0]);
        forward_kernel::launch(
            &client,
            groups(&client, rows),
            CubeDim::new_1d(UNITS as u32),
            x.into_buffer_arg(),
            weight.into_buffer_arg(),
            bias.into_buffer_arg(),
            out.clone().into_buffer_arg(),
            epsilon as f32,
        );
        out
    }

    fn backward(x: CubeTensor, weight: CubeTensor, epsilon: f64, grad: CubeTensor) -> [CubeTensor; 3] {
        let [x, weight, grad] = [x, weight, grad].map(into_contiguous);
        let (client, rows, width) = (x.client.clone(), x.shape()[0], x.shape()[1]);
        let (dx, statistics) = (empty(&x, x.shape()), empty(&x, Shape::new([rows, 2])));
        backward_rows_kernel::launch(
            &client,
            groups(&client, rows),
            CubeDim::new_1d(UNITS as u32),
            x.clone().into_buffer_arg(),
            weight.clone().into_buffer_arg(),
            grad.clone().into_buffer_arg(),
            dx.clone().into_buffer_arg(),
            statistics.clone().into_buffer_arg(),
            epsilon as f32,
        );
        let chunks = rows.div_ceil(CHUNK);
        let [of_weight, of_bias] = [(); 2].map(|()| empty(&x, Shape::new([chunks, width])));
        let (cubes, cube_dim) = units(&client, chunks * width);
        backward_columns_kernel::launch(
            &client,
            cubes,
            cube_dim,
            x.into_buffer_arg(),
            grad.into_buffer_arg(),
            statistics.into_buffer_arg(),
            of_weight.clone().into_buffer_arg(),
            of_bias.clone().into_buffer_arg(),
            width,
        );
        [dx, column_sums(of_weight), column_sums(of_bias)]
    }
}
