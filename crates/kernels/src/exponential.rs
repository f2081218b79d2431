//! Powers of two for exponents that are not positive, over the vectors of an instruction set: the exponential, once its argument
//! is multiplied by log2 e, which softmax and GELU do with a factor that they have anyway.
//!
//! 2^x = 2^n 2^f with n = round(x) and f = x - n, which is exact; 2^f is a polynomial of degree 5, 1 + f ln 2 + .. fitted to the
//! least largest relative error, 1e-7.

use crate::instruction_set::Simd;

/// The least exponent that is told apart: 2 to it is still a normal number.
const LEAST: f32 = -126.0;
/// Adding it rounds to the nearest integer (1.5 * 2^23) and leaves that integer plus the bias of an exponent in the low bits.
const ROUNDING: f32 = 12_582_912.0 + 127.0;
/// The factors of f^5 to f^0.
const POLYNOMIAL: [f32; 6] = [1.326_465_9e-3, 9.671_566e-3, 5.550_734_3e-2, 2.402_224e-1, 6.931_47e-1, 1.0];

/// 2^x for x <= 0 to about 1.5e-7 of its value; exponents below -126 give 2^-126, and NaN stays NaN.
#[inline(always)]
pub(crate) fn power_of_two<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let least = simd.splat_f32s(LEAST);
    let x = if S::IS_SCALAR {
        // Not `max`, which would turn NaN into the bound.
        simd.select_f32s(simd.less_than_f32s(x, least), least, x)
    } else {
        // The vectors' `max` is its second operand where one is NaN.
        simd.max_f32s(least, x)
    };
    let rounding = simd.splat_f32s(ROUNDING);
    let shifted = simd.add_f32s(x, rounding);
    let f = simd.sub_f32s(x, simd.sub_f32s(shifted, rounding));
    let p = polynomial(simd, POLYNOMIAL, f);
    // The low bits of `shifted` are n + 127: an exponent, once it stands at bit 23.
    let bits = simd.wrapping_dyn_shl_u32s(simd.transmute_u32s_f32s(shifted), simd.splat_u32s(23));
    simd.mul_f32s(p, simd.transmute_f32s_u32s(bits))
}

/// The polynomial with these factors, that of the highest power first.
#[inline(always)]
pub(crate) fn polynomial<S: Simd, const N: usize>(simd: S, factors: [f32; N], x: S::f32s) -> S::f32s {
    let mut sum = simd.splat_f32s(factors[0]);
    for factor in &factors[1..] {
        sum = simd.mul_add_e_f32s(sum, x, simd.splat_f32s(*factor));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instruction_set::{InstructionSet, WithSimd, dispatch_to};

    struct Powers<'a>(&'a mut [f32]);

    impl WithSimd for Powers<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let (whole, rest) = S::as_mut_simd_f32s(self.0);
            for x in whole {
                *x = power_of_two(simd, *x);
            }
            let last = power_of_two(simd, simd.partial_load_f32s(rest));
            simd.partial_store_f32s(rest, last);
        }
    }

    fn powers(set: InstructionSet, x: &[f32]) -> Vec<f32> {
        let mut out = x.to_vec();
        dispatch_to(set, Powers(&mut out));
        out
    }

    #[test]
    fn it_is_the_power_to_two_units_in_the_last_place() {
        let x: Vec<f32> = (0..=1_260_000).map(|i| -(i as f32) * 1e-4).collect();
        for set in InstructionSet::present() {
            for (x, found) in x.iter().zip(powers(set, &x)) {
                let want = f64::from(*x).exp2();
                let error = (f64::from(found) / want - 1.0).abs();
                assert!(error < 2.5e-7, "{set}: 2^{x}: relative error {error:e}");
            }
        }
    }

    #[test]
    fn it_is_one_at_zero_and_vanishes_far_out() {
        for set in InstructionSet::present() {
            assert_eq!(powers(set, &[0.0, -0.0]), [1.0, 1.0]);
            for found in powers(set, &[-127.0, -1e4, f32::MIN, f32::NEG_INFINITY]) {
                assert!((0.0..2e-38).contains(&found), "{set}: {found}");
            }
            assert!(powers(set, &[f32::NAN; 20]).iter().all(|x| x.is_nan()), "{set}");
        }
    }
}
