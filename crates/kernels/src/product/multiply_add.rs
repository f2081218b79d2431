//! The innermost step of a product, for each kind of elements.

#![allow(unsafe_code, reason = "an instruction that the vectors of `pulp` do not know")]

use crate::instruction_set::Simd;

/// The innermost step of a product.
pub(super) trait MultiplyAdd: Copy {
    /// `sum` + `left` times `right`, place by place.
    ///
    /// # Safety
    /// Inlined into a function that was compiled for the instruction, on a machine that has it.
    unsafe fn multiply_add<S: Simd>(simd: S, left: S::f32s, right: S::f32s, sum: S::f32s) -> S::f32s;
}

/// Of f32.
#[derive(Clone, Copy)]
pub(super) struct OfF32;

impl MultiplyAdd for OfF32 {
    #[inline(always)]
    unsafe fn multiply_add<S: Simd>(simd: S, left: S::f32s, right: S::f32s, sum: S::f32s) -> S::f32s {
        simd.mul_add_e_f32s(left, right, sum)
    }
}

/// Of pairs of bfloat16, by AVX512-BF16: both products of a place are added to its sum in f32; denormal numbers count as
/// zero.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(super) struct OfBf16Pairs;

#[cfg(target_arch = "x86_64")]
impl MultiplyAdd for OfBf16Pairs {
    #[inline(always)]
    unsafe fn multiply_add<S: Simd>(_: S, left: S::f32s, right: S::f32s, sum: S::f32s) -> S::f32s {
        use std::arch::x86_64::{__m512, __m512bh, _mm512_dpbf16_ps};
        use std::mem::transmute_copy;
        assert_eq!(size_of::<S::f32s>(), size_of::<__m512>(), "vectors of AVX-512");
        // SAFETY: all four types are 64 bytes in which every bit pattern is a value; the caller promises the rest.
        unsafe {
            let sum: __m512 = transmute_copy(&sum);
            let (left, right): (__m512bh, __m512bh) = (transmute_copy(&left), transmute_copy(&right));
            transmute_copy(&_mm512_dpbf16_ps(sum, left, right))
        }
    }
}
