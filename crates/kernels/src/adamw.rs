//! One step of AdamW (Loshchilov and Hutter 2019) over flat memory: every array is read once and written once.

use rayon::prelude::*;

use crate::arrays::Lanes;
use crate::instruction_set::{Work, widest};
use crate::lanes::LANES;
use crate::profile::{Operation, time};

/// Values that a thread takes at once.
const PIECE: usize = 1 << 14;

/// The coefficients of one update, computed in double precision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coefficients {
    decay: f32,
    beta_1: f32,
    gradient_factor: f32,
    beta_2: f32,
    square_factor: f32,
    /// 1 / sqrt(1 - beta_2^t)
    root_correction: f32,
    epsilon: f32,
    /// rate / (1 - beta_1^t)
    rate: f32,
}

impl Coefficients {
    /// Those of a parameter's update number `update` (from 1) at `rate`; `betas` as (first, second). Both corrections
    /// for the start from zero are those of `update`.
    pub fn new(rate: f64, betas: (f64, f64), epsilon: f64, weight_decay: f64, update: i32) -> Self {
        let (beta_1, beta_2) = betas;
        Self {
            decay: (rate * weight_decay) as f32,
            beta_1: beta_1 as f32,
            gradient_factor: (1.0 - beta_1) as f32,
            beta_2: beta_2 as f32,
            square_factor: (1.0 - beta_2) as f32,
            root_correction: (1.0 - beta_2.powi(update)).sqrt().recip() as f32,
            epsilon: epsilon as f32,
            rate: (rate / (1.0 - beta_1.powi(update))) as f32,
        }
    }

    /// For whoever computes a step elsewhere: what the value is multiplied by and loses; beta_1 and what the gradient is multiplied
    /// by; beta_2 and what its square is; 1 / sqrt(1 - beta_2^t); epsilon; rate / (1 - beta_1^t).
    pub fn numbers(&self) -> [f32; 8] {
        let Self { decay, beta_1, gradient_factor, beta_2, square_factor, root_correction, epsilon, rate } = *self;
        [decay, beta_1, gradient_factor, beta_2, square_factor, root_correction, epsilon, rate]
    }

    /// New values and moments of one parameter's entries.
    #[inline(always)]
    fn apply(self, value: f32, gradient: f32, first: f32, second: f32) -> (f32, f32, f32) {
        let first = first * self.beta_1 + gradient * self.gradient_factor;
        let second = second * self.beta_2 + gradient * gradient * self.square_factor;
        let step = first / (second.sqrt() * self.root_correction + self.epsilon) * self.rate;
        (value - value * self.decay - step, first, second)
    }
}

/// The update of one parameter: `values` by `gradient`, and both moments, all of one length, in place.
#[derive(Debug)]
pub struct Update<'a> {
    /// Of this update.
    pub coefficients: Coefficients,
    /// The parameter, to be changed.
    pub values: &'a mut [f32],
    /// Its gradient.
    pub gradient: &'a [f32],
    /// The mean of gradients, to be changed.
    pub first_moment: &'a mut [f32],
    /// The mean of their squares, to be changed.
    pub second_moment: &'a mut [f32],
}

/// All `updates`, over all threads at once: most parameters are too small for a thread to be woken for them alone.
///
/// # Panics
/// When the lengths of an update differ.
pub fn update_all(updates: Vec<Update<'_>>) {
    let pieces: Vec<Update<'_>> = updates.into_iter().flat_map(Update::into_pieces).collect();
    pieces.into_par_iter().for_each(|piece| {
        let _timer = time(Operation::Optimiser);
        widest(piece);
    });
}

impl<'a> Update<'a> {
    fn into_pieces(self) -> impl Iterator<Item = Self> {
        let Self { coefficients, values, gradient, first_moment: first, second_moment: second } = self;
        let length = values.len();
        assert!(
            [gradient.len(), first.len(), second.len()] == [length; 3],
            "values, gradient and moments are of one length"
        );
        let moments = first.chunks_mut(PIECE).zip(second.chunks_mut(PIECE));
        values.chunks_mut(PIECE).zip(gradient.chunks(PIECE)).zip(moments).map(
            move |((values, gradient), (first_moment, second_moment))| Self {
                coefficients,
                values,
                gradient,
                first_moment,
                second_moment,
            },
        )
    }
}

impl Work for Update<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let coefficients = self.coefficients;
        let (values, last_values) = self.values.as_chunks_mut::<LANES>();
        let (gradient, last_gradient) = self.gradient.as_chunks::<LANES>();
        let (first, last_first) = self.first_moment.as_chunks_mut::<LANES>();
        let (second, last_second) = self.second_moment.as_chunks_mut::<LANES>();
        for (((values, gradient), first), second) in values.iter_mut().zip(gradient).zip(first).zip(second) {
            (*values, *first, *second) = lanes(coefficients, *values, *gradient, *first, *second);
        }
        for (((value, gradient), first), second) in
            last_values.iter_mut().zip(last_gradient).zip(last_first).zip(last_second)
        {
            (*value, *first, *second) = coefficients.apply(*value, *gradient, *first, *second);
        }
    }
}

#[inline(always)]
fn lanes(
    of: Coefficients,
    mut value: Lanes,
    gradient: Lanes,
    mut first: Lanes,
    mut second: Lanes,
) -> (Lanes, Lanes, Lanes) {
    for lane in 0..LANES {
        (value[lane], first[lane], second[lane]) = of.apply(value[lane], gradient[lane], first[lane], second[lane]);
    }
    (value, first, second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(coefficients: Coefficients, values: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32]) {
        update_all(vec![Update { coefficients, values, gradient, first_moment: first, second_moment: second }]);
    }

    /// Values between -1 and 1 that depend on their place and on `salt`.
    fn values(n: usize, salt: u32) -> Vec<f32> {
        (0..n as u32).map(|i| ((i ^ salt).wrapping_mul(2_654_435_761) >> 8) as f32 / 8_388_608.0 - 1.0).collect()
    }

    #[test]
    fn five_updates_agree_with_the_algorithm_in_double_precision_at_every_length() {
        let (rate, betas, epsilon, decay) = (1e-2, (0.9, 0.95), 1e-8, 0.05);
        for n in [0, 1, 15, 16, 17, 1000, PIECE - 1, PIECE, 2 * PIECE + 33] {
            let mut p = values(n, 1);
            let (mut m, mut v) = (vec![0.0; n], vec![0.0; n]);
            let mut expected: Vec<[f64; 3]> = p.iter().map(|&p| [f64::from(p), 0.0, 0.0]).collect();
            for t in 1..=5 {
                let g = values(n, 100 + t as u32);
                update(Coefficients::new(rate, betas, epsilon, decay, t), &mut p, &g, &mut m, &mut v);
                for ([p, m, v], g) in expected.iter_mut().zip(g.iter().map(|&g| f64::from(g))) {
                    *p -= rate * decay * *p;
                    *m = betas.0 * *m + (1.0 - betas.0) * g;
                    *v = betas.1 * *v + (1.0 - betas.1) * g * g;
                    let (m_hat, v_hat) = (*m / (1.0 - betas.0.powi(t)), *v / (1.0 - betas.1.powi(t)));
                    *p -= rate * m_hat / (v_hat.sqrt() + epsilon);
                }
            }
            for (i, expected) in expected.iter().enumerate() {
                // Five updates of values up to 1: a rounding of 2^-24 or two each.
                for (found, expected) in [p[i], m[i], v[i]].into_iter().zip(expected) {
                    assert!((f64::from(found) - expected).abs() < 1e-6, "{n}, {i}: {found}, not {expected}");
                }
            }
        }
    }

    #[test]
    fn without_a_gradient_only_the_decay_is_left() {
        let coefficients = Coefficients::new(0.1, (0.9, 0.999), 1e-8, 0.05, 1);
        let (mut p, mut m, mut v) = (vec![2.0; 40], vec![0.0; 40], vec![0.0; 40]);
        update(coefficients, &mut p, &[0.0; 40], &mut m, &mut v);
        assert!(p.iter().all(|&p| (p - 1.99).abs() < 1e-6), "{p:?}");
        assert!(m.iter().chain(&v).all(|&x| x == 0.0));
    }

    #[test]
    fn the_bits_do_not_depend_on_the_number_of_threads() {
        let n = 5 * PIECE + 3;
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            let (mut p, mut m, mut v) = (values(n, 1), values(n, 2), vec![0.5; n]);
            let coefficients = Coefficients::new(1e-3, (0.9, 0.95), 1e-8, 0.05, 7);
            pool.install(|| update(coefficients, &mut p, &values(n, 3), &mut m, &mut v));
            [p, m, v].concat().iter().map(|x| x.to_bits()).collect::<Vec<_>>()
        };
        assert_eq!(run(1), run(3));
    }
}
