//! The sum of squares of many tensors on a GPU: one kernel a tensor, whose groups of units each add up a piece of it, and the sum of
//! what they found.

use burn::backend::TensorMetadata;
use burn::tensor::{Shape, Tensor};
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl::{self, prelude::*};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

use super::gpu_rows::column_sums;
use super::gpu_tensor::{empty, groups, on_gpu};
use super::group_sum_gpu::{UNITS, sum_of_group};

/// Numbers that a group of units adds up.
const PIECE: usize = 4096;

/// The sum of squares of each piece of `values`, to `sums` from `first` on.
#[cube(launch)]
fn squares_kernel(values: &[f32], sums: &mut [f32], first: usize) {
    let start = CUBE_POS * PIECE;
    if start >= values.len() {
        terminate!();
    }
    let mut shared = Shared::new_slice(UNITS);
    let end = min(start + PIECE, values.len());
    let mut sum = 0.0f32;
    let mut at = start + UNIT_POS as usize;
    while at < end {
        sum += values[at] * values[at];
        at += UNITS;
    }
    let of_group = sum_of_group(sum, &mut shared);
    if UNIT_POS == 0 {
        sums[first + CUBE_POS] = of_group;
    }
}

/// The sum of the squares of all numbers of `tensors`, at least one, which lie on one GPU without autodiff; gives `[1]`.
///
/// # Panics
/// When they lie elsewhere, or there are none.
pub fn sum_of_squares_on_gpu(tensors: Vec<Tensor<1>>) -> Tensor<1> {
    let tensors: Vec<CubeTensor> = tensors.into_iter().map(|tensor| into_contiguous(on_gpu(tensor))).collect();
    let pieces = |tensor: &CubeTensor| tensor.shape().num_elements().div_ceil(PIECE);
    let beside = tensors.first().expect("at least one");
    let (client, total) = (beside.client.clone(), tensors.iter().map(pieces).sum());
    let sums = empty(beside, Shape::new([total, 1]));
    let mut first = 0;
    for tensor in tensors {
        let own = pieces(&tensor);
        let cube_dim = CubeDim::new_1d(UNITS as u32);
        let (values, to) = (tensor.into_buffer_arg(), sums.clone().into_buffer_arg());
        squares_kernel::launch(&client, groups(&client, own), cube_dim, values, to, first);
        first += own;
    }
    Tensor::from_primitive::<CubeBackend>(column_sums(sums))
}
