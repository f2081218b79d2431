//! GELU and the sums of columns, over the rows of a chunk.

use bmae_kernels::gelu::{forward_and_backward_single_threaded, forward_single_threaded};
use bmae_kernels::pool::Buffer;
use bmae_kernels::sums::add_column_sums;
use criterion::{Criterion, Throughput};

use crate::numbers;

pub fn bench(criterion: &mut Criterion) {
    let rows = 136;
    for width in [256, 768] {
        let x = numbers(rows * width, 1);
        let mut out = Buffer::zeros(x.len());
        let bytes = (4 * x.len()) as u64;
        let mut group = criterion.benchmark_group(format!("gelu/{rows} x {width}"));
        group.throughput(Throughput::Bytes(2 * bytes));
        group.bench_function("forward", |bencher| bencher.iter(|| forward_single_threaded(&x, &mut out)));
        group.throughput(Throughput::Bytes(4 * bytes));
        group.bench_function("backward", |bencher| {
            // The gradient is multiplied anew each time; ones at x = 30 stay ones.
            let mut far = Buffer::zeros(x.len());
            far.fill(30.0);
            let mut grad = Buffer::zeros(x.len());
            grad.fill(1.0);
            bencher.iter(|| forward_and_backward_single_threaded(&far, &mut out, &mut grad));
        });
        drop(group);

        let mut columns = Buffer::zeros(width);
        let mut group = criterion.benchmark_group(format!("sums of columns/{rows} x {width}"));
        group.throughput(Throughput::Bytes(bytes));
        group.bench_function("add", |bencher| bencher.iter(|| add_column_sums(&x, &mut columns)));
    }
}
