//! How fast this machine multiplies matrices, on all threads, when it does nothing else.

use std::time::{Duration, Instant};

use bmae_architecture::Precision;
use bmae_kernels::instruction_set::InstructionSet;
use bmae_kernels::pool::Buffer;
use bmae_kernels::product::{PackedMatrix, product_on_all_threads};
use bmae_kernels::profile::Operation;
use burn::tensor::{Device, Distribution, Tensor};

/// Rows, inner width, columns: the MLP of the published encoder and decoder, a batch's tokens long.
const SHAPES: [[usize; 3]; 3] = [[4096, 192, 768], [4096, 768, 192], [4096, 512, 2048]];
/// Time given to each, with each program.
const TIME: Duration = Duration::from_millis(400);

/// The most floating-point operations a second (a multiply-add is two) that any of a few shapes of this model reached
/// in its best run.
#[derive(Debug, Clone, Copy)]
pub struct ProductPeak {
    /// Of this project's own product, its weight packed already as it is for the pieces of a batch; on the CPU alone.
    pub own: Option<f64>,
    /// Of Burn's, the `gemm` crate's on the CPU; absent where a narrower instruction set is forced than this machine
    /// has, since Burn's takes the widest all the same.
    pub burn: Option<f64>,
}

impl ProductPeak {
    /// Of products whose factors are of `precision`; Burn's multiply f32 in any case.
    pub(super) fn measure(precision: Precision, device: &Device) -> Self {
        let on_cpu = *device == Device::flex();
        let widest = InstructionSet::current() == InstructionSet::best();
        let best = |product: &dyn Fn([usize; 3]) -> f64| SHAPES.into_iter().map(product).fold(0.0, f64::max);
        Self {
            own: on_cpu.then(|| best(&|shape| own(shape, precision))),
            burn: (!on_cpu || widest).then(|| best(&|shape| of_burn(shape, device))),
        }
    }

    /// That of the faster one.
    pub fn best(&self) -> f64 {
        self.own.into_iter().chain(self.burn).fold(0.0, f64::max)
    }
}

fn own(shape: [usize; 3], precision: Precision) -> f64 {
    let [rows, inner, columns] = shape;
    let numbers = |length: usize| {
        let mut numbers = Buffer::zeros(length);
        for (place, number) in numbers.iter_mut().enumerate() {
            *number = (place % 7) as f32 - 3.0;
        }
        numbers
    };
    let left = numbers(rows * inner);
    let right = PackedMatrix::transposed(&numbers(columns * inner), columns, inner, precision);
    let mut out = Buffer::zeros(rows * columns);
    flop_per_s(shape, || product_on_all_threads(Operation::Linear, &left, &right, None, &mut out))
}

fn of_burn(shape: [usize; 3], device: &Device) -> f64 {
    let [rows, inner, columns] = shape;
    let random = |shape: [usize; 2]| Tensor::<2>::random(shape, Distribution::Default, device);
    let (left, right) = (random([rows, inner]), random([inner, columns]));
    flop_per_s(shape, || {
        let _product = left.clone().matmul(right.clone());
        let _ = device.sync();
    })
}

/// Of the best of as many runs of `product` as fit into [`TIME`].
fn flop_per_s([rows, inner, columns]: [usize; 3], mut product: impl FnMut()) -> f64 {
    let begin = Instant::now();
    let mut best = Duration::MAX;
    while begin.elapsed() < TIME {
        let start = Instant::now();
        product();
        best = best.min(start.elapsed());
    }
    2.0 * (rows * inner * columns) as f64 / best.as_secs_f64()
}
