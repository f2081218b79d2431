//! Attention of a chunk of images, one after the other.

use bmae_kernels::attention::{AttentionSizes, Scratch, image_backward, image_forward};
use bmae_kernels::pool::Buffer;
use criterion::{Criterion, Throughput};

use crate::numbers;

pub fn bench(criterion: &mut Criterion) {
    for (tokens, images) in [(17, 8), (65, 4)] {
        for (dim, heads) in [(192, 3), (128, 4), (512, 16), (64, 4)] {
            whole(criterion, AttentionSizes { tokens, dim, heads }, images);
        }
    }
    part(criterion, AttentionSizes { tokens: 65, dim: 192, heads: 3 });
}

fn whole(criterion: &mut Criterion, sizes: AttentionSizes, images: usize) {
    let AttentionSizes { tokens, dim, heads } = sizes;
    let mut scratch = Scratch::new(sizes);
    let (qkv, grad) = (numbers(images * tokens * 3 * dim, 1), numbers(images * tokens * dim, 2));
    let (mut out, mut dqkv) = (Buffer::zeros(grad.len()), Buffer::zeros(qkv.len()));
    let of_product = (2 * images * tokens * tokens * dim) as u64;
    let mut group = criterion.benchmark_group(format!("attention/{tokens} tokens, {dim} in {heads} heads"));
    group.throughput(Throughput::Elements(2 * of_product));
    group.bench_function("forward", |bencher| {
        bencher.iter(|| {
            for (qkv, out) in qkv.chunks_exact(3 * tokens * dim).zip(out.chunks_exact_mut(tokens * dim)) {
                image_forward(qkv, sizes, None, &mut scratch, out);
            }
        });
    });
    group.throughput(Throughput::Elements(5 * of_product));
    group.bench_function("backward", |bencher| {
        bencher.iter(|| {
            let images = qkv.chunks_exact(3 * tokens * dim).zip(grad.chunks_exact(tokens * dim));
            for ((qkv, grad), dqkv) in images.zip(dqkv.chunks_exact_mut(3 * tokens * dim)) {
                image_backward(qkv, sizes, None, grad, &mut scratch, dqkv);
            }
        });
    });
}

/// Only the masked three quarters of the tokens, as in the last block of a decoder.
fn part(criterion: &mut Criterion, sizes: AttentionSizes) {
    let AttentionSizes { tokens, dim, heads } = sizes;
    let queries: Vec<u32> = (1..tokens as u32).filter(|token| token % 4 > 0).collect();
    let mut scratch = Scratch::new(sizes);
    let (qkv, grad) = (numbers(tokens * 3 * dim, 1), numbers(queries.len() * dim, 2));
    let (mut out, mut dqkv) = (Buffer::zeros(grad.len()), Buffer::zeros(qkv.len()));
    let of_product = (2 * queries.len() * tokens * dim) as u64;
    let name = format!("attention/{} of {tokens} tokens, {dim} in {heads} heads", queries.len());
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(2 * of_product));
    group.bench_function("forward", |bencher| {
        bencher.iter(|| image_forward(&qkv, sizes, Some(&queries), &mut scratch, &mut out));
    });
    group.throughput(Throughput::Elements(5 * of_product));
    group.bench_function("backward", |bencher| {
        bencher.iter(|| image_backward(&qkv, sizes, Some(&queries), &grad, &mut scratch, &mut dqkv));
    });
}
