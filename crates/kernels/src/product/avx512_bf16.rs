//! AVX512-BF16: whether this machine has it, whether it multiplies faster with it than in f32, and the products.
//!
//! AMD's Zen 4 takes as long for an instruction of bfloat16 as for one of f32, which multiplies half as many numbers;
//! Intel's cores take four times as long.

#![allow(unsafe_code, reason = "functions compiled for instructions whose presence is looked up first")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use super::multiply_add::OfBf16Pairs;
use super::tile::Product;

/// Steps of a chain that is timed: some microseconds.
const STEPS: usize = 2000;
/// How often each chain is timed; the least time counts, so that what else the machine does decides nothing.
const TIMES: usize = 20;

/// Whether this machine has the instruction and multiplies more numbers a second with it than in f32. It measures for a
/// fraction of a millisecond.
pub(super) fn is_faster_than_f32() -> bool {
    if !is_present() {
        return false;
    }
    // SAFETY: it is present, and AVX-512 F with it.
    let of_bf16 = least_time(|| unsafe { chain_of_bf16() });
    // SAFETY: as above.
    let of_f32 = least_time(|| unsafe { chain_of_f32() });
    // An instruction multiplies twice as many numbers; where the gain is small, f32 is more exact.
    of_bf16.as_secs_f64() < 1.6 * of_f32.as_secs_f64()
}

/// Whether this machine has it, beside the AVX-512 that all else needs.
pub(super) fn is_present() -> bool {
    pulp::x86::V4::is_available() && std::arch::is_x86_feature_detected!("avx512bf16")
}

fn least_time(mut chain: impl FnMut() -> f32) -> Duration {
    let time = |_| {
        let start = Instant::now();
        black_box(chain());
        start.elapsed()
    };
    (0..TIMES).map(time).min().unwrap_or_default()
}

/// As many sums as a tile has, [`STEPS`] times.
#[target_feature(enable = "avx512f,avx512bf16")]
fn chain_of_bf16() -> f32 {
    use std::arch::x86_64::{_mm512_cvtne2ps_pbh, _mm512_dpbf16_ps, _mm512_reduce_add_ps, _mm512_set1_ps};
    let mut sums = [_mm512_set1_ps(1.0); 24];
    let small = _mm512_set1_ps(black_box(0.001));
    let factor = _mm512_cvtne2ps_pbh(small, small);
    for _ in 0..STEPS {
        sums.iter_mut().for_each(|sum| *sum = _mm512_dpbf16_ps(*sum, factor, factor));
    }
    sums.into_iter().map(|sum| _mm512_reduce_add_ps(sum)).sum()
}

/// The same in f32.
#[target_feature(enable = "avx512f")]
fn chain_of_f32() -> f32 {
    use std::arch::x86_64::{_mm512_fmadd_ps, _mm512_reduce_add_ps, _mm512_set1_ps};
    let mut sums = [_mm512_set1_ps(1.0); 24];
    let factor = _mm512_set1_ps(black_box(0.001));
    for _ in 0..STEPS {
        sums.iter_mut().for_each(|sum| *sum = _mm512_fmadd_ps(factor, factor, *sum));
    }
    sums.into_iter().map(|sum| _mm512_reduce_add_ps(sum)).sum()
}

/// Makes a product whose factors are pairs of bfloat16.
///
/// # Panics
/// When the machine lacks the instruction.
pub(super) fn product_of_pairs(product: Product<'_, '_>) {
    let simd = pulp::x86::V4::try_new().filter(|_| is_present()).expect("pairs are made only where they can be read");
    // SAFETY: it is present.
    unsafe { on_avx512_bf16(product, simd) }
}

#[target_feature(
    enable = "sse3,ssse3,sse4.1,sse4.2,popcnt,avx,avx2,bmi1,bmi2,fma,lzcnt,avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512bf16"
)]
fn on_avx512_bf16(product: Product<'_, '_>, simd: pulp::x86::V4) {
    // SAFETY: this function is compiled for the instruction, and was called where it is present.
    unsafe { product.of::<pulp::x86::V4, OfBf16Pairs>(simd) };
}
