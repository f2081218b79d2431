//! Powers of two for exponents that are not positive, over the vectors of an instruction set: the exponential, once its
//! argument is multiplied by log2 e, which softmax and GELU do with a factor that they have anyway.
//!
//! 2^x = 2^n 2^f with n = round(x) and f = x - n, which is exact; 2^f is a polynomial of degree 5, 1 + f ln 2 + ..
//! fitted to the least largest relative error, 1e-7.

use crate::instruction_set::Simd;

/// The exponent that gives 0, and so do all below it. Not -127, where 2^x itself ends: the products that take softmax's
/// and GELU's results are some 200 times slower on denormal numbers, which the least normal ones become as soon as
/// anything multiplies them. 2^-65 beside a sum of 1 is 4e-13 of what a 32-bit number tells apart.
const LEAST: f32 = -65.0;
/// Adding it rounds to the nearest integer (1.5 * 2^23) and leaves that integer minus LEAST in the low bits.
const ROUNDING: f32 = 12_582_912.0 - LEAST;
/// What is missing to the bias of an exponent, 127, as a factor: 2^62.
const SCALE: f32 = (1u64 << 62) as f32;
/// The factors of f^5 to f^0.
const POLYNOMIAL: [f32; 6] = [
    SCALE * 1.330_056_7e-3,
    SCALE * 9.669_742e-3,
    SCALE * 5.550_558_5e-2,
    SCALE * 2.402_228_1e-1,
    SCALE * std::f32::consts::LN_2,
    SCALE,
];

/// 2^x for x <= 0 to about 1.5e-7 of its value; exponents below -64.5 give 0, and NaN stays NaN.
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
    // The low bits of `shifted` are n + 65: an exponent, once it stands at bit 23, that is 62 too low; of n = -65,
    // zero.
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
        let x: Vec<f32> = (0..=640_000).map(|i| -(i as f32) * 1e-4).collect();
        for set in InstructionSet::present() {
            for (x, found) in x.iter().zip(powers(set, &x)) {
                let want = f64::from(*x).exp2();
                let error = (f64::from(found) / want - 1.0).abs();
                assert!(error < 2.5e-7, "{set}: 2^{x}: relative error {error:e}");
            }
        }
    }

    #[test]
    fn it_is_one_at_zero_and_nothing_far_out() {
        for set in InstructionSet::present() {
            assert_eq!(powers(set, &[0.0, -0.0]), [1.0, 1.0]);
            assert_eq!(powers(set, &[-64.6, -127.0, -1e4, f32::MIN, f32::NEG_INFINITY]), [0.0; 5], "{set}");
            assert!(powers(set, &[f32::NAN; 20]).iter().all(|x| x.is_nan()), "{set}");
        }
    }
}
