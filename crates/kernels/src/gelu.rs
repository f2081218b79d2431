//! The exact GELU, x Phi(x), and its derivative. The backward pass needs x.
//!
//! With a = |x| / sqrt 2, the tail of the normal distribution is Phi(-|x|) = erfc(a) / 2 = exp(-x^2/2) * erfcx(a) / 2, and
//! the scaled function erfcx(a) = t P(t) with t = 1 / (1 + a/2) and P a polynomial of degree 8, fitted by interpolation at
//! the Chebyshev nodes of 0 <= a <= 9.6 (relative error 5e-8). So one exponential serves distribution and density, and the
//! negative tail keeps its relative accuracy, which 1 + erf(x / sqrt 2) loses.

use rayon::prelude::*;

use crate::exponential::exp_of_negative;
use crate::instruction_set::{Work, widest};

/// P, lowest power first.
const POLYNOMIAL: [f32; 9] = [
    0.282_084,
    0.282_420_08,
    0.242_766_9,
    0.204_039_4,
    -0.029_815_113,
    0.282_620_94,
    -0.491_068_37,
    0.286_372_7,
    -0.059_420_564,
];
/// 1 / (2 sqrt 2): a/2 for |x| = 1.
const HALF_OF_ROOT_HALF: f32 = 0.353_553_4;
/// 1 / sqrt(2 pi)
const DENSITY_AT_ZERO: f32 = 0.398_942_3;
/// Values a thread takes at once.
const PIECE: usize = 1 << 14;

/// out = x Phi(x); any length, the same for both.
///
/// # Panics
/// When the lengths differ.
pub fn forward(x: &[f32], out: &mut [f32]) {
    assert_eq!(x.len(), out.len(), "x and out are of one length");
    x.par_chunks(PIECE).zip(out.par_chunks_mut(PIECE)).for_each(|(x, out)| widest(Forward { x, out }));
}

/// out = grad * (Phi(x) + x phi(x)), the gradient for x; any length, the same for all.
///
/// # Panics
/// When the lengths differ.
pub fn backward(x: &[f32], grad: &[f32], out: &mut [f32]) {
    assert!(x.len() == out.len() && grad.len() == out.len(), "x, grad and out are of one length");
    x.par_chunks(PIECE)
        .zip(grad.par_chunks(PIECE))
        .zip(out.par_chunks_mut(PIECE))
        .for_each(|((x, grad), out)| widest(Backward { x, grad, out }));
}

pub fn values_forward(x: &[f32], out: &mut [f32]) {
    widest(Forward { x, out })
}
pub fn values_backward(x: &[f32], out: &mut [f32], grad: &mut [f32]) {
    values_forward(x, out);
    let g = grad.to_vec();
    widest(Backward { x, grad: &g, out: grad });
}
struct Forward<'a> {
    x: &'a [f32],
    out: &'a mut [f32],
}

impl Work for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (x, out) in self.x.iter().zip(self.out) {
            *out = x * distribution(*x).0;
        }
    }
}

struct Backward<'a> {
    x: &'a [f32],
    grad: &'a [f32],
    out: &'a mut [f32],
}

impl Work for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for ((x, grad), out) in self.x.iter().zip(self.grad).zip(self.out) {
            let (cumulative, density) = distribution(*x);
            *out = grad * (cumulative + x * density);
        }
    }
}

/// Phi(x) and phi(x) of the standard normal distribution.
#[inline(always)]
fn distribution(x: f32) -> (f32, f32) {
    let exponential = exp_of_negative(-0.5 * x * x);
    let t = 1.0 / (1.0 + HALF_OF_ROOT_HALF * x.abs());
    let mut p = POLYNOMIAL[8];
    p = p * t + POLYNOMIAL[7];
    p = p * t + POLYNOMIAL[6];
    p = p * t + POLYNOMIAL[5];
    p = p * t + POLYNOMIAL[4];
    p = p * t + POLYNOMIAL[3];
    p = p * t + POLYNOMIAL[2];
    p = p * t + POLYNOMIAL[1];
    p = p * t + POLYNOMIAL[0];
    let tail = 0.5 * exponential * (p * t);
    (if x > 0.0 { 1.0 - tail } else { tail }, DENSITY_AT_ZERO * exponential)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Phi by Simpson's rule from 0, in f64: independent of the approximation under test, good to 1e-12.
    fn phi(x: f64) -> f64 {
        let (n, h) = (2000, x / 2000.0);
        let density = |x: f64| (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let inner: f64 = (1..n).map(|i| if i % 2 == 1 { 4.0 } else { 2.0 } * density(h * f64::from(i))).sum();
        0.5 + h / 3.0 * (density(0.0) + inner + density(x))
    }

    #[test]
    fn value_and_derivative_are_exact_to_single_precision() {
        let x: Vec<f32> = (-800..=800).map(|i| i as f32 * 0.01).collect();
        let (mut value, mut derivative) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        forward(&x, &mut value);
        backward(&x, &vec![1.0; x.len()], &mut derivative);
        for ((x, value), derivative) in x.iter().map(|&x| f64::from(x)).zip(value).zip(derivative) {
            let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
            let (want, slope) = (x * phi(x), phi(x) + x * density);
            assert!((f64::from(value) - want).abs() < 2e-7 * want.abs().max(1.0), "gelu({x}) = {value}, not {want}");
            assert!((f64::from(derivative) - slope).abs() < 3e-7, "gelu'({x}) = {derivative}, not {slope}");
        }
    }

    #[test]
    fn the_negative_tail_keeps_its_relative_accuracy() {
        // -x Phi(x) at -6 by the asymptotic series of the tail: 6 phi(6) / 6 * (1 - 1/36 + 3/36^2 - 15/36^3 + 105/36^4).
        let mut out = [0.0];
        forward(&[-6.0], &mut out);
        let density = (-18f64).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let want = -density * (1.0 - 1.0 / 36.0 + 3.0 / 1296.0 - 15.0 / 46656.0 + 105.0 / 1_679_616.0);
        assert!((f64::from(out[0]) / want - 1.0).abs() < 1e-4, "{} is not {want}", out[0]);
    }

    #[test]
    fn far_out_it_is_the_identity_or_nothing_and_nan_stays_nan() {
        let mut out = [0.0; 5];
        forward(&[50.0, -50.0, 1e20, -1e20, f32::NAN], &mut out);
        assert_eq!([out[0], out[2]], [50.0, 1e20]);
        assert!(out[1].abs() < 1e-30 && out[3].abs() < 1e-15, "{out:?}");
        assert!(out[4].is_nan());
    }

    #[test]
    fn every_length_is_treated_to_its_end() {
        for n in (0..70).chain([PIECE - 1, PIECE, PIECE + 1]) {
            let x: Vec<f32> = (0..n).map(|i| (i % 13) as f32 * 0.5 - 3.0).collect();
            let mut out = vec![f32::NAN; n];
            forward(&x, &mut out);
            for (x, out) in x.iter().zip(&out) {
                let mut alone = [0.0];
                forward(&[*x], &mut alone);
                assert_eq!(*out, alone[0]);
            }
        }
    }
}
