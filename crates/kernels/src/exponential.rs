//! The exponential for arguments that are not positive, written so that compilers vectorise it.
//!
//! exp(x) = 2^n exp(r) with n = round(x / ln 2) and r = x - n ln 2, |r| <= ln 2 / 2: ln 2 is subtracted in two parts, the
//! first exact in few bits, and exp(r) is its Taylor polynomial of degree 7, whose first missing term is below 6e-9.

/// The least argument that gives a normal number: below it the result stays at 2^-126.
const LEAST: f32 = -87.336_54;
/// Adding and subtracting it rounds to the nearest integer (1.5 * 2^23).
const ROUNDING: f32 = 12_582_912.0;
/// ln 2 = LN_2_HIGH + LN_2_LOW; the high part has 9 significant bits, so n * LN_2_HIGH is exact.
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;

/// exp(x) for x <= 0 to about 1e-7 of its value; arguments below -87.3 give 2^-126 or so, and NaN stays NaN.
#[inline(always)]
pub fn exp_of_negative(x: f32) -> f32 {
    // Not `max`, which would turn NaN into the bound.
    let x = if x < LEAST { LEAST } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUNDING;
    let n = shifted - ROUNDING;
    let r = x - n * LN_2_HIGH - n * LN_2_LOW;
    let mut p = 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    // The low bits of `shifted` are n; the exponent of an f32 begins at bit 23 with a bias of 127.
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
    p * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_exponential_to_two_units_in_the_last_place() {
        for i in 0..=870_000 {
            let x = -(i as f32) * 1e-4;
            let want = f64::from(x).exp();
            let error = (f64::from(exp_of_negative(x)) / want - 1.0).abs();
            assert!(error < 2.5e-7, "exp({x}): relative error {error:e}");
        }
    }

    #[test]
    fn it_is_one_at_zero_and_vanishes_far_out() {
        assert_eq!(exp_of_negative(0.0), 1.0);
        assert_eq!(exp_of_negative(-0.0), 1.0);
        for x in [-88.0, -1e4, f32::MIN, f32::NEG_INFINITY] {
            assert!((0.0..2e-38).contains(&exp_of_negative(x)), "exp({x})");
        }
        assert!(exp_of_negative(f32::NAN).is_nan());
    }
}
