//! The exponential for arguments that are not positive, over the vectors of an instruction set.
//!
//! exp(x) = 2^n exp(r) with n = round(x / ln 2) and r = x - n ln 2, |r| <= ln 2 / 2: ln 2 is subtracted in two parts, the
//! first exact in few bits, and exp(r) is a polynomial of degree 6, 1 + r + ... with the rest fitted to the least largest
//! relative error (3e-9, below single precision).

use crate::instruction_set::Simd;

/// The least argument that is told apart: exp of it, 1.6e-38, is still a normal number.
const LEAST: f32 = -87.0;
/// Adding it rounds to the nearest integer (1.5 * 2^23) and leaves that integer plus the bias of an exponent in the low bits.
const ROUNDING: f32 = 12_582_912.0 + 127.0;
/// ln 2 = LN_2_HIGH + LN_2_LOW; the high part has 9 significant bits, so n * LN_2_HIGH is exact.
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;
/// The factors of r^6 to r^0.
const POLYNOMIAL: [f32; 7] = [1.381_446_7e-3, 8.368_781e-3, 4.166_839_3e-2, 1.666_652e-1, 4.999_999_4e-1, 1.0, 1.0];

/// exp(x) for x <= 0 to about 1e-7 of its value; arguments below -87 give exp(-87), and NaN stays NaN.
#[inline(always)]
pub(crate) fn exp_of_negative<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let least = simd.splat_f32s(LEAST);
    let x = if S::IS_SCALAR {
        // Not `max`, which would turn NaN into the bound.
        simd.select_f32s(simd.less_than_f32s(x, least), least, x)
    } else {
        // The vectors' `max` is its second operand where one is NaN.
        simd.max_f32s(least, x)
    };
    let rounding = simd.splat_f32s(ROUNDING);
    let shifted = simd.mul_add_e_f32s(x, simd.splat_f32s(std::f32::consts::LOG2_E), rounding);
    let n = simd.sub_f32s(shifted, rounding);
    let r = simd.negate_mul_add_e_f32s(n, simd.splat_f32s(LN_2_HIGH), x);
    let r = simd.negate_mul_add_e_f32s(n, simd.splat_f32s(LN_2_LOW), r);
    let p = polynomial(simd, POLYNOMIAL, r);
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

    struct Exponentials<'a>(&'a mut [f32]);

    impl WithSimd for Exponentials<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let (whole, rest) = S::as_mut_simd_f32s(self.0);
            for x in whole {
                *x = exp_of_negative(simd, *x);
            }
            let last = exp_of_negative(simd, simd.partial_load_f32s(rest));
            simd.partial_store_f32s(rest, last);
        }
    }

    fn exponentials(set: InstructionSet, x: &[f32]) -> Vec<f32> {
        let mut out = x.to_vec();
        dispatch_to(set, Exponentials(&mut out));
        out
    }

    #[test]
    fn it_is_the_exponential_to_two_units_in_the_last_place() {
        let x: Vec<f32> = (0..=870_000).map(|i| -(i as f32) * 1e-4).collect();
        for set in InstructionSet::present() {
            for (x, found) in x.iter().zip(exponentials(set, &x)) {
                let want = f64::from(*x).exp();
                let error = (f64::from(found) / want - 1.0).abs();
                assert!(error < 2.5e-7, "{set}: exp({x}): relative error {error:e}");
            }
        }
    }

    #[test]
    fn it_is_one_at_zero_and_vanishes_far_out() {
        for set in InstructionSet::present() {
            assert_eq!(exponentials(set, &[0.0, -0.0]), [1.0, 1.0]);
            for found in exponentials(set, &[-88.0, -1e4, f32::MIN, f32::NEG_INFINITY]) {
                assert!((0.0..2e-38).contains(&found), "{set}: {found}");
            }
            assert!(exponentials(set, &[f32::NAN; 20]).iter().all(|x| x.is_nan()), "{set}");
        }
    }
}
