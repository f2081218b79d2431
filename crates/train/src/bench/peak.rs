//! How fast this machine multiplies matrices, on all threads, when it does nothing else.

use std::time::{Duration, Instant};

use burn::tensor::{Device, Distribution, Tensor};

/// Rows, inner width, columns: the MLP of the published encoder and decoder, a batch's tokens long.
const SHAPES: [[usize; 3]; 3] = [[4096, 192, 768], [4096, 768, 192], [4096, 512, 2048]];
/// Time given to each.
const TIME: Duration = Duration::from_millis(400);

/// The most floating-point operations a second (a multiply-add is two) that any of a few shapes of this model reached in its
/// best run.
pub(super) fn products(device: &Device) -> f64 {
    SHAPES.into_iter().map(|shape| product(shape, device)).fold(0.0, f64::max)
}

fn product([rows, inner, columns]: [usize; 3], device: &Device) -> f64 {
    let random = |shape: [usize; 2]| Tensor::<2>::random(shape, Distribution::Default, device);
    let (left, right) = (random([rows, inner]), random([inner, columns]));
    let begin = Instant::now();
    let mut best = Duration::MAX;
    while begin.elapsed() < TIME {
        let start = Instant::now();
        let product = left.clone().matmul(right.clone());
        let _ = device.sync();
        best = best.min(start.elapsed());
        drop(product);
    }
    2.0 * (rows * inner * columns) as f64 / best.as_secs_f64()
}
