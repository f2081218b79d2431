//! Whole blocks on a batch, over all threads, as in encoder and decoder of a pre-training.

use bmae_kernels::block::{Block, BlockSizes, Linear, Norm, Parameters};
use bmae_kernels::pool::Buffer;
use bmae_kernels::transformer::{backward, forward, forward_saving};
use criterion::{BatchSize, Criterion, Throughput};

use crate::numbers;

pub fn bench(criterion: &mut Criterion) {
    for (images, tokens, dim, heads, hidden) in [
        (64, 17, 192, 3, 768),
        (64, 65, 192, 3, 768),
        (64, 65, 512, 16, 2048),
        (128, 17, 128, 4, 512),
        (128, 65, 64, 4, 256),
    ] {
        block(criterion, images, BlockSizes { tokens, dim, heads, hidden });
    }
}

fn block(criterion: &mut Criterion, images: usize, sizes: BlockSizes) {
    let BlockSizes { tokens, dim, heads, hidden } = sizes;
    // Weights small enough that nothing saturates.
    let small = |length, seed| {
        let mut numbers = numbers(length, seed);
        numbers.iter_mut().for_each(|number| *number /= (dim as f32).sqrt());
        numbers
    };
    let weights = [3 * dim * dim, dim * dim, hidden * dim, dim * hidden].map(|length| small(length, 1));
    let bias = small(3 * dim.max(hidden), 2);
    let norm = Norm { weight: &numbers(dim, 3), bias: &bias[..dim] };
    let [qkv, proj, fc1, fc2] = [(0, 3 * dim), (1, dim), (2, hidden), (3, dim)]
        .map(|(number, outputs)| Linear { weight: &weights[number], bias: &bias[..outputs] });
    let parameters = Parameters { norm1: norm, qkv, proj, norm2: norm, fc1, fc2 };
    let block = Block::new(sizes, parameters, 1e-6);

    let rows = images * tokens;
    let (x, grad) = (numbers(rows * dim, 4), numbers(rows * dim, 5));
    let (mut out, mut dx) = (Buffer::zeros(x.len()), Buffer::zeros(x.len()));
    let multiply_adds = rows * ((4 * dim + 2 * hidden) * dim + 2 * tokens * dim);
    let mut group = criterion.benchmark_group(format!("block/{images} x {tokens} tokens, {dim} in {heads} heads"));
    group.throughput(Throughput::Elements(2 * multiply_adds as u64));
    group.bench_function("forward", |bencher| bencher.iter(|| forward(&[block], &x, &mut out)));
    group.bench_function("forward, saving activations", |bencher| {
        bencher.iter(|| forward_saving(&[block], &x, &mut out));
    });
    group.throughput(Throughput::Elements(4 * multiply_adds as u64));
    let saved = forward_saving(&[block], &x, &mut out);
    group.bench_function("backward", |bencher| {
        bencher.iter_batched(
            || saved.clone(),
            |saved| backward(&[block], &x, saved, &grad, &mut dx),
            BatchSize::PerIteration,
        );
    });
}
