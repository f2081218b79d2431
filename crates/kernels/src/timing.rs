//! Prints how fast the pieces are, on one thread; not a check.
//!
//! cargo test --release -p bmae-kernels pieces_reach -- --ignored --nocapture

use crate::aligned::Aligned;
use crate::attention::{self, Scratch, Sizes};
use crate::instruction_set::InstructionSet;
use crate::{gelu, layer_norm, sums};

fn numbers(n: usize, seed: u32) -> Aligned {
    let mut numbers = Aligned::zeros(n);
    for (i, number) in (0..).zip(numbers.iter_mut()) {
        *number = (seed.wrapping_add(i).wrapping_mul(2_654_435_761) >> 8) as f32 / 4_194_304.0 - 2.0;
    }
    numbers
}

/// The least time of many runs, in seconds.
fn best(mut work: impl FnMut()) -> f64 {
    (0..std::env::var("RUNS").map_or(400, |r| r.parse().unwrap())).fold(f64::MAX, |best: f64, _| {
        let start = std::time::Instant::now();
        work();
        best.min(start.elapsed().as_secs_f64())
    })
}

#[test]
#[ignore = "prints how fast the pieces are; not a check"]
fn pieces_reach() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    pool.install(|| {
        println!("{}", InstructionSet::current());
        for (tokens, dim, heads) in
            [(17, 192, 3), (65, 192, 3), (17, 128, 4), (65, 128, 4), (17, 512, 16), (65, 512, 16), (17, 64, 4), (65, 64, 4)]
        {
            let sizes = Sizes { tokens, dim, heads };
            let images = std::env::var("IMAGES").map_or(256usize.div_ceil(tokens).min(8), |i| i.parse().unwrap());
            let mut scratch = Scratch::new(sizes);
            let (qkv, grad) = (numbers(images * tokens * 3 * dim, 1), numbers(images * tokens * dim, 2));
            let (mut out, mut dqkv) = (Aligned::zeros(grad.len()), Aligned::zeros(qkv.len()));
            if std::env::var("ONLY").is_ok_and(|o| o != format!("{tokens}/{dim}")) { continue; }
            let product = (2 * images * tokens * tokens * dim) as f64;
            let forward = best(|| {
                for (qkv, out) in qkv.chunks_exact(3 * tokens * dim).zip(out.chunks_exact_mut(tokens * dim)) {
                    attention::image_forward(qkv, sizes, &mut scratch, out);
                }
            });
            let backward = best(|| {
                let images = qkv.chunks_exact(3 * tokens * dim).zip(grad.chunks_exact(tokens * dim));
                for ((qkv, grad), dqkv) in images.zip(dqkv.chunks_exact_mut(3 * tokens * dim)) {
                    attention::image_backward(qkv, sizes, grad, &mut scratch, dqkv);
                }
            });
            println!(
                "attention {tokens} tokens, {dim}/{heads}: forward {:.1} GFLOP/s ({:.2} us an image), backward {:.1} GFLOP/s ({:.2} us)",
                2.0 * product / forward / 1e9,
                forward / images as f64 * 1e6,
                5.0 * product / backward / 1e9,
                backward / images as f64 * 1e6,
            );
        }
        if std::env::var("ONLY").is_ok() { return; }
        for dim in [64, 128, 192, 512] {
            let rows = 136;
            let (x, grad, weight) = (numbers(rows * dim, 3), numbers(rows * dim, 4), numbers(dim, 5));
            let (mut out, mut dw, mut db) = (Aligned::zeros(rows * dim), Aligned::zeros(dim), Aligned::zeros(dim));
            let bytes = (4 * rows * dim) as f64;
            let forward = best(|| layer_norm::rows_forward(&x, &weight, &weight, 1e-6, &mut out));
            let backward = best(|| layer_norm::rows_backward(&x, &weight, 1e-6, &grad, None, &mut out, &mut dw, &mut db));
            println!(
                "layer norm {rows} x {dim}: forward {:.1} GB/s ({:.1} ns a row), backward {:.1} GB/s ({:.1} ns)",
                2.0 * bytes / forward / 1e9,
                forward / rows as f64 * 1e9,
                3.0 * bytes / backward / 1e9,
                backward / rows as f64 * 1e9,
            );
        }
        for (rows, dim) in [(136, 192), (136, 768), (260, 192)] {
            let (x, mut columns) = (numbers(rows * dim, 3), Aligned::zeros(dim));
            let time = best(|| sums::add_columns(&x, &mut columns));
            println!("sums of columns {rows} x {dim}: {:.1} GB/s", (4 * rows * dim) as f64 / time / 1e9);
        }
        for length in [136 * 256, 136 * 768] {
            let (x, grad) = (numbers(length, 6), numbers(length, 7));
            let mut out = Aligned::zeros(length);
            let mut changing = numbers(length, 7);
            let forward = best(|| gelu::values_forward(&x, &mut out));
            let backward = best(|| gelu::backward(&x, &grad, &mut out));
            let both = best(|| gelu::values_backward(&x, &mut out, &mut changing));
            println!(
                "gelu {length}: forward {:.1} GB/s ({:.3} ns a value), backward {:.1} GB/s ({:.3} ns), both {:.3} ns",
                8.0 * length as f64 / forward / 1e9,
                forward / length as f64 * 1e9,
                12.0 * length as f64 / backward / 1e9,
                backward / length as f64 * 1e9,
                both / length as f64 * 1e9,
            );
        }
    });
}
