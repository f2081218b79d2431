//! How fast the kernels are at the sizes of the published models' encoders and decoders, on one thread; only the
//! gradients of weights and whole blocks take all.
//!
//! cargo bench -p bmae-benches --bench kernels [-- attention]; `BMAE_SIMD` picks the instruction set,
//! `RAYON_NUM_THREADS` what all threads are. For products and attention an element is a floating-point operation of the
//! matrix products: Gelem/s are GFLOP/s.

use std::time::Duration;

use bmae_kernels::pool::Buffer;
use criterion::Criterion;

mod attention;
mod block;
mod elementwise;
mod layer_norm;
mod products;

/// Numbers between -2 and 2, always the same.
fn numbers(length: usize, seed: u32) -> Buffer {
    let mut numbers = Buffer::zeros(length);
    for (i, number) in (0..).zip(numbers.iter_mut()) {
        *number = (seed.wrapping_add(i).wrapping_mul(2_654_435_761) >> 8) as f32 / 4_194_304.0 - 2.0;
    }
    numbers
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    products::bench(&mut criterion);
    attention::bench(&mut criterion);
    block::bench(&mut criterion);
    layer_norm::bench(&mut criterion);
    elementwise::bench(&mut criterion);
    criterion.final_summary();
}
