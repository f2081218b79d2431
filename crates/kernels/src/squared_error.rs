//! The mean squared error of a prediction and its gradient.

use rayon::prelude::*;

use crate::arrays::zip;
use crate::instruction_set::{Work, widest};
use crate::lanes::LANES;
use crate::profile::{Operation, time};

/// Values that a thread takes at once.
const PIECE: usize = 1 << 14;

/// The mean of (prediction - target)^2, differences in single precision, added up in double precision and in a fixed
/// order; any length, the same for both. NaN for none.
///
/// # Panics
/// When the lengths differ.
pub fn mean(prediction: &[f32], target: &[f32]) -> f64 {
    let _timer = time(Operation::Loss);
    assert_eq!(prediction.len(), target.len(), "prediction and target are of one length");
    let pieces = prediction.par_chunks(PIECE).zip(target.par_chunks(PIECE));
    let sums: Vec<f64> = pieces.map(|(prediction, target)| widest(Squares { prediction, target })).collect();
    sums.iter().sum::<f64>() / prediction.len() as f64
}

/// out = 2 grad (prediction - target) / length: the gradient of the prediction from that of the mean; one length for
/// all.
///
/// # Panics
/// When the lengths differ.
pub fn backward(prediction: &[f32], target: &[f32], grad: f32, out: &mut [f32]) {
    let _timer = time(Operation::Loss);
    assert!(prediction.len() == target.len() && out.len() == target.len(), "all are of one length");
    let factor = (2.0 * f64::from(grad) / prediction.len() as f64) as f32;
    out.par_chunks_mut(PIECE)
        .zip(prediction.par_chunks(PIECE))
        .zip(target.par_chunks(PIECE))
        .for_each(|((out, prediction), target)| widest(Differences { prediction, target, factor, out }));
}

struct Squares<'a> {
    prediction: &'a [f32],
    target: &'a [f32],
}

impl Work for Squares<'_> {
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        let (prediction, last_prediction) = self.prediction.as_chunks::<LANES>();
        let (target, last_target) = self.target.as_chunks::<LANES>();
        let square = |prediction: f32, target: f32| f64::from(prediction - target).powi(2);
        let mut sums = [0.0f64; LANES];
        for (prediction, target) in prediction.iter().zip(target) {
            for ((sum, prediction), target) in sums.iter_mut().zip(prediction).zip(target) {
                *sum += square(*prediction, *target);
            }
        }
        let last = last_prediction.iter().zip(last_target).map(|(prediction, target)| square(*prediction, *target));
        sums.iter().sum::<f64>() + last.sum::<f64>()
    }
}

struct Differences<'a> {
    prediction: &'a [f32],
    target: &'a [f32],
    factor: f32,
    out: &'a mut [f32],
}

impl Work for Differences<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let factor = self.factor;
        let (prediction, last_prediction) = self.prediction.as_chunks::<LANES>();
        let (target, last_target) = self.target.as_chunks::<LANES>();
        let (out, last_out) = self.out.as_chunks_mut::<LANES>();
        for ((out, prediction), target) in out.iter_mut().zip(prediction).zip(target) {
            *out = zip(*prediction, *target, |prediction, target| factor * (prediction - target));
        }
        for ((out, prediction), target) in last_out.iter_mut().zip(last_prediction).zip(last_target) {
            *out = factor * (prediction - target);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize, seed: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 37 + seed * 11) % 101) as f32 * 0.02 - 1.0).collect()
    }

    #[test]
    fn mean_and_gradient_are_those_of_plain_loops_at_any_length() {
        for n in [1, 15, 16, 17, PIECE, PIECE + 1, 3 * PIECE + 5] {
            let (prediction, target) = (numbers(n, 1), numbers(n, 2));
            let differences: Vec<f64> =
                prediction.iter().zip(&target).map(|(p, t)| f64::from(*p) - f64::from(*t)).collect();
            let expected = differences.iter().map(|d| d * d).sum::<f64>() / n as f64;
            assert!((mean(&prediction, &target) - expected).abs() < 1e-6 * expected, "{n}");
            let mut out = vec![f32::NAN; n];
            backward(&prediction, &target, 3.0, &mut out);
            for (found, difference) in out.iter().zip(differences) {
                let expected = 6.0 * difference / n as f64;
                assert!((f64::from(*found) - expected).abs() < 1e-6 / n as f64, "{n}: {found}, not {expected}");
            }
        }
    }

    #[test]
    fn one_thread_and_three_give_the_same_bits() {
        let (prediction, target) = (numbers(5 * PIECE + 3, 3), numbers(5 * PIECE + 3, 4));
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| mean(&prediction, &target))
        };
        assert_eq!(run(1), run(3));
    }

    #[test]
    fn no_values_have_no_mean() {
        assert!(mean(&[], &[]).is_nan());
        backward(&[], &[], 1.0, &mut []);
    }
}
