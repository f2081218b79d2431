//! Numbers that a loop treats at once: `W` vectors of an instruction set, `N` numbers in all.
//!
//! One vector where there are vectors. On the portable path, where a vector is one number, [`LANES`] of them, which
//! compilers turn into what vectors they have.

use crate::instruction_set::Simd;

/// Numbers the widest loops treat at once: one AVX-512 register.
pub(crate) const LANES: usize = 16;

/// Columns that go together: a vector where there are vectors, a few numbers on the portable path.
pub(crate) const fn unit<S: Simd>() -> usize {
    if S::F32_LANES == 1 { LANES } else { S::F32_LANES }
}

/// The numbers as vectors.
#[inline(always)]
pub(crate) fn load<S: Simd, const W: usize, const N: usize>(numbers: &[f32; N]) -> [S::f32s; W] {
    let vectors = S::as_simd_f32s(numbers).0;
    std::array::from_fn(|w| vectors[w])
}

/// Writes what [`load`] reads.
#[inline(always)]
pub(crate) fn store<S: Simd, const W: usize, const N: usize>(numbers: &mut [f32; N], lanes: [S::f32s; W]) {
    S::as_mut_simd_f32s(numbers).0.copy_from_slice(&lanes);
}

/// The sum of all lanes, in a fixed order.
#[inline(always)]
pub(crate) fn total<S: Simd, const W: usize>(simd: S, mut lanes: [S::f32s; W]) -> f32 {
    let mut half = W / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] = simd.add_f32s(lanes[i], lanes[i + half]);
        }
        half /= 2;
    }
    simd.reduce_sum_f32s(lanes[0])
}
