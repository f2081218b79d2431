//! One step of AdamW on a GPU: one kernel for each parameter, which reads every array once and writes it once. On the CPU
//! `bmae_kernels::adamw` does it; both take the same coefficients.

use bmae_kernels::adamw::Coefficients;
use burn::tensor::Tensor;
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl::{self, prelude::*};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

use super::choice::runs_on_gpu;
use super::gpu_tensor::{on_gpu, units};

/// What PyTorch adds to a norm before it divides by it.
const NORM_EPSILON: f32 = 1e-6;

#[cube(launch)]
#[expect(clippy::too_many_arguments, reason = "a kernel takes its numbers one by one")]
fn step(
    values: &mut [f32],
    gradient: &[f32],
    first: &mut [f32],
    second: &mut [f32],
    decay: f32,
    beta_1: f32,
    gradient_factor: f32,
    beta_2: f32,
    square_factor: f32,
    root_correction: f32,
    epsilon: f32,
    rate: f32,
    norm: &[f32],
    maximum: f32,
) {
    if ABSOLUTE_POS < values.len() {
        let mut slope = 0.0f32;
        // NaN is above no number, and infinity above this one.
        if norm[0] <= f32::MAX {
            slope = gradient[ABSOLUTE_POS];
            if maximum > 0.0 {
                slope *= min(1.0, maximum / (norm[0] + NORM_EPSILON));
            }
        }
        let new_first = first[ABSOLUTE_POS] * beta_1 + slope * gradient_factor;
        let new_second = second[ABSOLUTE_POS] * beta_2 + slope * slope * square_factor;
        let value = values[ABSOLUTE_POS];
        let change = new_first / (f32::sqrt(new_second) * root_correction + epsilon) * rate;
        values[ABSOLUTE_POS] = value - value * decay - change;
        first[ABSOLUTE_POS] = new_first;
        second[ABSOLUTE_POS] = new_second;
    }
}

/// Whether [`adamw_on_gpu`] updates this parameter: it lies on a GPU, without autodiff, and the kernels are on.
pub fn is_updated_on_gpu(value: &Tensor<1>) -> bool {
    runs_on_gpu(value) && !value.is_autodiff()
}

/// The value of a parameter and its first and second moment after an update by its gradient, given in this order, all `[n]` on one
/// GPU where [`is_updated_on_gpu`] says so; changed where they lie unless something else refers to them. The gradient is clipped first:
/// to the maximum beside the norm `[1]` of all gradients together, 0 for none; it counts as zeros where that norm is no finite number.
///
/// # Panics
/// When they lie elsewhere.
pub fn adamw_on_gpu(
    coefficients: &Coefficients,
    value: Tensor<1>,
    gradient: Tensor<1>,
    moments: [Tensor<1>; 2],
    (norm, maximum): (Tensor<1>, f64),
) -> [Tensor<1>; 3] {
    let [first, second] = moments;
    let [value, gradient, first, second, norm] = [value, gradient, first, second, norm].map(on_gpu);
    let gradient = into_contiguous(gradient);
    let [value, first, second] = [value, first, second].map(own);
    let (client, count) = (value.client.clone(), gradient.meta.num_elements());
    let (cubes, cube_dim) = units(&client, count);
    let [decay, beta_1, gradient_factor, beta_2, square_factor, root_correction, epsilon, rate] =
        coefficients.numbers();
    step::launch(
        &client,
        cubes,
        cube_dim,
        value.clone().into_buffer_arg(),
        gradient.into_buffer_arg(),
        first.clone().into_buffer_arg(),
        second.clone().into_buffer_arg(),
        decay,
        beta_1,
        gradient_factor,
        beta_2,
        square_factor,
        root_correction,
        epsilon,
        rate,
        norm.into_buffer_arg(),
        maximum as f32,
    );
    [value, first, second].map(Tensor::from_primitive::<CubeBackend>)
}

/// `tensor` in memory of its own.
fn own(tensor: CubeTensor) -> CubeTensor {
    let tensor = into_contiguous(tensor);
    if tensor.can_mut() { tensor } else { tensor.copy() }
}
