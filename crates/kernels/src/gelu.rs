//! The exact GELU, x Phi(x), and its derivative. The backward pass needs x.
//!
//! With E = exp(-x^2/2), the tail of the normal distribution is Phi(-|x|) = E Q(t), t = 1 / (1 + 0.29 |x|), where Q is
//! a polynomial of degree 8 without a constant, fitted over 0 <= |x| <= 13 to an error of 2e-8 of the value and 7e-7 of
//! the far tail. So one exponential serves distribution and density, and the negative tail keeps its relative accuracy,
//! which 1 + erf(x / sqrt 2) loses.
//!
//! The value is max(x, 0) - |x| E Q, and the derivative is u for negative x, 1 - u for others, where u = E (Q - |x| /
//! sqrt(2 pi)).

use rayon::prelude::*;

use crate::exponential::{polynomial, power_of_two};
use crate::instruction_set::{InstructionSet, Simd, WithSimd, dispatch, dispatch_to};

/// The factors of t^8 to t in Q.
const POLYNOMIAL: [f32; 8] =
    [0.036_262_415, -0.177_525_94, 0.273_818_1, -0.113_758_616, 0.159_793_6, 0.087_687_366, 0.118_169_7, 0.115_553_38];
/// The factor of |x| in 1/t.
const STRETCH: f32 = 0.29;
/// -log2(e) / 2: E is 2 to x^2 times it.
const EXPONENT: f32 = -0.5 * std::f32::consts::LOG2_E;
/// 1 / sqrt(2 pi)
const DENSITY_AT_ZERO: f32 = 0.398_942_3;
/// Values a thread takes at once.
const PIECE: usize = 1 << 14;

/// out = x Phi(x), over all threads; any length, the same for both.
///
/// # Panics
/// When the lengths differ.
pub fn forward(x: &[f32], out: &mut [f32]) {
    assert_eq!(x.len(), out.len(), "x and out are of one length");
    x.par_chunks(PIECE).zip(out.par_chunks_mut(PIECE)).for_each(|(x, out)| forward_single_threaded(x, out));
}

/// out = grad * (Phi(x) + x phi(x)), the gradient for x, over all threads; any length, the same for all.
///
/// # Panics
/// When the lengths differ.
pub fn backward(x: &[f32], grad: &[f32], out: &mut [f32]) {
    assert!(x.len() == out.len() && grad.len() == out.len(), "x, grad and out are of one length");
    x.par_chunks(PIECE)
        .zip(grad.par_chunks(PIECE))
        .zip(out.par_chunks_mut(PIECE))
        .for_each(|((x, grad), out)| dispatch(Backward { x, grad, out }));
}

/// out = x Phi(x) on the calling thread; any length, the same for both.
///
/// # Panics
/// When the lengths differ.
pub fn forward_single_threaded(x: &[f32], out: &mut [f32]) {
    forward_on(InstructionSet::current(), x, out);
}

/// out = x Phi(x) and grad *= Phi(x) + x phi(x) on the calling thread, with one exponential for both; any length, the
/// same for all.
///
/// # Panics
/// When the lengths differ.
pub fn forward_and_backward_single_threaded(x: &[f32], out: &mut [f32], grad: &mut [f32]) {
    forward_and_backward_on(InstructionSet::current(), x, out, grad);
}

fn forward_on(set: InstructionSet, x: &[f32], out: &mut [f32]) {
    assert_eq!(x.len(), out.len(), "x and out are of one length");
    dispatch_to(set, Forward { x, out });
}

fn forward_and_backward_on(set: InstructionSet, x: &[f32], out: &mut [f32], grad: &mut [f32]) {
    assert!(x.len() == out.len() && grad.len() == out.len(), "x, out and grad are of one length");
    dispatch_to(set, Both { x, out, grad });
}

struct Forward<'a> {
    x: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let ((x, x_rest), (out, out_rest)) = (S::as_simd_f32s(self.x), S::as_mut_simd_f32s(self.out));
        for (x, out) in x.iter().zip(out) {
            *out = Normal::at(simd, *x).value(simd);
        }
        if !x_rest.is_empty() {
            let value = Normal::at(simd, simd.partial_load_f32s(x_rest)).value(simd);
            simd.partial_store_f32s(out_rest, value);
        }
    }
}

struct Backward<'a> {
    x: &'a [f32],
    grad: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let ((x, x_rest), (grad, grad_rest)) = (S::as_simd_f32s(self.x), S::as_simd_f32s(self.grad));
        let (out, out_rest) = S::as_mut_simd_f32s(self.out);
        for ((x, grad), out) in x.iter().zip(grad).zip(out) {
            *out = simd.mul_f32s(*grad, Normal::at(simd, *x).derivative(simd));
        }
        if !x_rest.is_empty() {
            let derivative = Normal::at(simd, simd.partial_load_f32s(x_rest)).derivative(simd);
            let grad = simd.partial_load_f32s(grad_rest);
            simd.partial_store_f32s(out_rest, simd.mul_f32s(grad, derivative));
        }
    }
}

struct Both<'a> {
    x: &'a [f32],
    out: &'a mut [f32],
    grad: &'a mut [f32],
}

impl WithSimd for Both<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (x, x_rest) = S::as_simd_f32s(self.x);
        let ((out, out_rest), (grad, grad_rest)) = (S::as_mut_simd_f32s(self.out), S::as_mut_simd_f32s(self.grad));
        for ((x, out), grad) in x.iter().zip(out).zip(grad) {
            let normal = Normal::at(simd, *x);
            *out = normal.value(simd);
            *grad = simd.mul_f32s(*grad, normal.derivative(simd));
        }
        if !x_rest.is_empty() {
            let normal = Normal::at(simd, simd.partial_load_f32s(x_rest));
            simd.partial_store_f32s(out_rest, normal.value(simd));
            let last = simd.mul_f32s(simd.partial_load_f32s(grad_rest), normal.derivative(simd));
            simd.partial_store_f32s(grad_rest, last);
        }
    }
}

/// What value and derivative have in common.
struct Normal<S: Simd> {
    x: S::f32s,
    /// |x|
    size: S::f32s,
    /// exp(-x^2/2)
    exponential: S::f32s,
    /// Phi(-|x|) / exp(-x^2/2)
    scaled_tail: S::f32s,
}

impl<S: Simd> Normal<S> {
    #[inline(always)]
    fn at(simd: S, x: S::f32s) -> Self {
        let size = simd.abs_f32s(x);
        let exponential = power_of_two(simd, simd.mul_f32s(simd.mul_f32s(simd.splat_f32s(EXPONENT), x), x));
        let one = simd.splat_f32s(1.0);
        let t = inverse(simd, simd.mul_add_e_f32s(size, simd.splat_f32s(STRETCH), one));
        let scaled_tail = simd.mul_f32s(polynomial(simd, POLYNOMIAL, t), t);
        Self { x, size, exponential, scaled_tail }
    }

    #[inline(always)]
    fn value(&self, simd: S) -> S::f32s {
        let below = simd.mul_f32s(self.size, self.exponential);
        simd.negate_mul_add_e_f32s(below, self.scaled_tail, simd.max_f32s(self.x, simd.splat_f32s(0.0)))
    }

    #[inline(always)]
    fn derivative(&self, simd: S) -> S::f32s {
        let density = simd.splat_f32s(DENSITY_AT_ZERO);
        let below = simd.mul_f32s(self.exponential, simd.negate_mul_add_e_f32s(self.size, density, self.scaled_tail));
        let above = simd.sub_f32s(simd.splat_f32s(1.0), below);
        simd.select_f32s(simd.greater_than_f32s(self.x, simd.splat_f32s(0.0)), above, below)
    }
}

/// 1 / x, without a division where the set has an approximation of it: a division would take as long as all the rest.
/// One step of Newton's method makes 14 bits the 24 of single precision.
#[inline(always)]
fn inverse<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx512) = (&simd as &dyn std::any::Any).downcast_ref::<pulp::x86::V4>() {
        let near: S::f32s = pulp::bytemuck::cast(avx512.avx512f._mm512_rcp14_ps(pulp::bytemuck::cast(x)));
        let error = simd.negate_mul_add_e_f32s(x, near, simd.splat_f32s(1.0));
        return simd.mul_add_e_f32s(near, error, near);
    }
    simd.div_f32s(simd.splat_f32s(1.0), x)
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
        let phi: Vec<f64> = x.iter().map(|&x| phi(f64::from(x))).collect();
        for set in InstructionSet::present() {
            let (mut value, mut both, mut derivative) = (vec![0.0; x.len()], vec![0.0; x.len()], vec![1.0; x.len()]);
            forward_on(set, &x, &mut value);
            forward_and_backward_on(set, &x, &mut both, &mut derivative);
            assert_eq!(value, both, "{set}: the value is the same in both passes");
            for (((x, phi), value), derivative) in x.iter().zip(&phi).zip(value).zip(derivative) {
                let x = f64::from(*x);
                let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
                let (want, slope) = (x * phi, phi + x * density);
                let error = (f64::from(value) - want).abs();
                assert!(error < 2e-7 * want.abs().max(1.0), "{set}: gelu({x}) = {value}, not {want}");
                assert!((f64::from(derivative) - slope).abs() < 3e-7, "{set}: gelu'({x}) = {derivative}, not {slope}");
            }
        }
    }

    #[test]
    fn the_backward_pass_over_threads_is_the_gradient_of_the_single_threaded_one() {
        let x: Vec<f32> = (0..PIECE + 77).map(|i| (i % 1013) as f32 * 0.01 - 5.0).collect();
        let grad: Vec<f32> = (0..x.len()).map(|i| (i % 7) as f32 - 3.0).collect();
        let (mut threaded, mut out, mut single) = (vec![0.0; x.len()], vec![0.0; x.len()], grad.clone());
        backward(&x, &grad, &mut threaded);
        forward_and_backward_single_threaded(&x, &mut out, &mut single);
        assert_eq!(threaded, single);
    }

    #[test]
    fn the_negative_tail_keeps_its_relative_accuracy() {
        // -x Phi(x) at -6 by the asymptotic series of the tail: 6 phi(6) / 6 * (1 - 1/36 + 3/36^2 - 15/36^3 +
        // 105/36^4).
        let density = (-18f64).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let want = -density * (1.0 - 1.0 / 36.0 + 3.0 / 1296.0 - 15.0 / 46656.0 + 105.0 / 1_679_616.0);
        for set in InstructionSet::present() {
            let mut out = [0.0];
            forward_on(set, &[-6.0], &mut out);
            assert!((f64::from(out[0]) / want - 1.0).abs() < 1e-4, "{set}: {} is not {want}", out[0]);
        }
    }

    /// Matrix products are some 200 times slower on denormal numbers.
    #[test]
    fn ordinary_numbers_never_give_denormal_ones() {
        let x: Vec<f32> = (0..=5000).map(|i| i as f32 * -0.02).collect();
        for set in InstructionSet::present() {
            let (mut value, mut slope) = (vec![0.0; x.len()], vec![1e-12; x.len()]);
            forward_and_backward_on(set, &x, &mut value, &mut slope);
            let denormal = value.iter().chain(&slope).filter(|value| value.is_subnormal()).count();
            assert_eq!(denormal, 0, "{set}");
        }
    }

    #[test]
    fn far_out_it_is_the_identity_or_nothing_and_nan_stays_nan() {
        for set in InstructionSet::present() {
            let mut out = [0.0; 5];
            forward_on(set, &[50.0, -50.0, 1e20, -1e20, f32::NAN], &mut out);
            assert_eq!([out[0], out[2]], [50.0, 1e20]);
            assert!(out[1].abs() < 1e-30 && out[3].abs() < 1e-15, "{set}: {out:?}");
            assert!(out[4].is_nan(), "{set}");
            let mut slope = [1.0; 5];
            forward_and_backward_on(set, &[50.0, -50.0, 1e20, -1e20, f32::NAN], &mut out, &mut slope);
            assert_eq!([slope[0], slope[2]], [1.0, 1.0]);
            assert!(slope[1].abs() < 1e-30 && slope[3].abs() < 1e-15, "{set}: {slope:?}");
            assert!(slope[4].is_nan(), "{set}");
        }
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
