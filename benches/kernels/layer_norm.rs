//! LayerNorm of a chunk of rows.

use bmae_kernels::layer_norm::{backward_single_threaded, forward_single_threaded};
use bmae_kernels::pool::Buffer;
use criterion::{Criterion, Throughput};

use crate::numbers;

pub fn bench(criterion: &mut Criterion) {
    let rows = 136;
    for width in [64, 128, 192, 512] {
        let (x, grad, add, weight) =
            (numbers(rows * width, 1), numbers(rows * width, 2), numbers(rows * width, 3), numbers(width, 4));
        let (mut out, mut dw, mut db) = (Buffer::zeros(rows * width), Buffer::zeros(width), Buffer::zeros(width));
        let bytes = (4 * rows * width) as u64;
        let mut group = criterion.benchmark_group(format!("layer norm/{rows} x {width}"));
        group.throughput(Throughput::Bytes(2 * bytes));
        group.bench_function("forward", |bencher| {
            bencher.iter(|| forward_single_threaded(&x, &weight, &weight, 1e-6, &mut out));
        });
        group.throughput(Throughput::Bytes(4 * bytes));
        group.bench_function("backward", |bencher| {
            bencher.iter(|| backward_single_threaded(&x, &weight, 1e-6, &grad, Some(&add), &mut out, &mut dw, &mut db));
        });
    }
}
