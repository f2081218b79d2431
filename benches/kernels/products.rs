//! The products of a Linear on a batch's tokens: outputs, gradient of the inputs, gradient of the weight. The first two
//! take one thread, as a piece of a batch does, the weight packed before; the last takes all. Packing is measured by
//! itself.

use bmae_architecture::Precision;
use bmae_kernels::pool::Buffer;
use bmae_kernels::product::{Epilogue, PackedMatrix, WeightGradient, product, weight_gradients};
use criterion::{Criterion, Throughput};

use crate::numbers;

pub fn bench(criterion: &mut Criterion) {
    // A batch of 64 in decoder and encoder of a pre-training.
    for rows in [4160, 1088] {
        for (inputs, outputs) in [(192, 576), (192, 192), (192, 768), (768, 192), (512, 2048)] {
            linear(criterion, rows, inputs, outputs);
        }
    }
}

fn linear(criterion: &mut Criterion, rows: usize, inputs: usize, outputs: usize) {
    let (x, grad, weight, bias) =
        (numbers(rows * inputs, 1), numbers(rows * outputs, 2), numbers(outputs * inputs, 3), numbers(outputs, 4));
    let (forward, backward) = (
        PackedMatrix::transposed(&weight, outputs, inputs, Precision::F32),
        PackedMatrix::new(&weight, outputs, inputs, Precision::F32),
    );
    let (mut y, mut dx, mut gradient) =
        (Buffer::zeros(grad.len()), Buffer::zeros(x.len()), Buffer::zeros(weight.len()));
    let mut group = criterion.benchmark_group(format!("products/{rows} rows, {inputs} to {outputs}"));
    group.throughput(Throughput::Elements((2 * rows * inputs * outputs) as u64));
    group.bench_function("forward", |bencher| {
        bencher.iter(|| product(&x, &forward, Epilogue::Bias(&bias), &mut y));
    });
    group.bench_function("input gradient", |bencher| {
        bencher.iter(|| product(&grad, &backward, Epilogue::Plain, &mut dx));
    });
    group.bench_function("packing, transposed", |bencher| {
        bencher.iter(|| PackedMatrix::transposed(&weight, outputs, inputs, Precision::F32));
    });
    group.bench_function("packing", |bencher| {
        bencher.iter(|| PackedMatrix::new(&weight, outputs, inputs, Precision::F32))
    });
    group.bench_function("weight gradient, all threads", |bencher| {
        bencher.iter(|| {
            let job =
                WeightGradient { outputs: &grad, inputs: &x, gradient: &mut gradient, rows: outputs, columns: inputs };
            weight_gradients(vec![job], Precision::F32);
        });
    });
}
