//! LayerNorm over rows. The backward pass needs x and the weight; mean and deviation are computed anew, since the row is in
//! the cache by then anyway.
//!
//! With h = (x - mean) / deviation and g the gradient of the output,
//!     dx = (g w - mean(g w) - h mean(g w h)) / deviation,    dw = sum over rows of g h,    db = sum over rows of g.

use rayon::prelude::*;

use crate::instruction_set::{Work, widest};
use crate::lanes::{LANES, add, map, mul, total};

/// Rows a thread takes at once; also the pieces in which dw and db are summed.
const PIECE: usize = 64;

/// out = (x - mean) / sqrt(variance + epsilon) * weight + bias, row by row, with the biased variance.
///
/// `x` [R, D], `weight` `[D]`, `bias` `[D]`, `out` [R, D].
///
/// # Panics
/// When the lengths disagree or D is 0.
pub fn forward(x: &[f32], weight: &[f32], bias: &[f32], epsilon: f32, out: &mut [f32]) {
    let width = weight.len();
    assert!(
        width > 0 && bias.len() == width && x.len() == out.len() && x.len().is_multiple_of(width),
        "x and out are [R, D]"
    );
    x.par_chunks(PIECE * width)
        .zip(out.par_chunks_mut(PIECE * width))
        .for_each(|(x, out)| widest(Forward { x, weight, bias, epsilon, out }));
}

/// The gradients for x, weight and bias, all overwritten.
///
/// `x` [R, D], `weight` `[D]`, `grad` [R, D] (of the output); `dx` [R, D], `dw` `[D]`, `db` `[D]`.
///
/// # Panics
/// When the lengths disagree or D is 0.
pub fn backward(x: &[f32], weight: &[f32], epsilon: f32, grad: &[f32], dx: &mut [f32], dw: &mut [f32], db: &mut [f32]) {
    let width = weight.len();
    assert!(width > 0 && dw.len() == width && db.len() == width && x.len().is_multiple_of(width), "x is [R, D]");
    assert!(grad.len() == x.len() && dx.len() == x.len(), "grad and dx are as large as x");
    let pieces = x.len().div_ceil(PIECE * width);
    // dw, db and room for one row.
    let mut partial = vec![0.0; pieces * 3 * width];
    x.par_chunks(PIECE * width)
        .zip(grad.par_chunks(PIECE * width))
        .zip(dx.par_chunks_mut(PIECE * width))
        .zip(partial.par_chunks_mut(3 * width))
        .for_each(|(((x, grad), dx), partial)| {
            let (dw, rest) = partial.split_at_mut(width);
            let (db, gw) = rest.split_at_mut(width);
            widest(Backward { x, weight, epsilon, grad, dx, dw, db, gw });
        });
    dw.fill(0.0);
    db.fill(0.0);
    for partial in partial.chunks_exact(3 * width) {
        let (of_weight, of_bias) = partial.split_at(width);
        dw.iter_mut().zip(of_weight).for_each(|(sum, part)| *sum += part);
        db.iter_mut().zip(of_bias).for_each(|(sum, part)| *sum += part);
    }
}

struct Forward<'a> {
    x: &'a [f32],
    weight: &'a [f32],
    bias: &'a [f32],
    epsilon: f32,
    out: &'a mut [f32],
}

impl Work for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let width = self.weight.len();
        for (x, out) in self.x.chunks_exact(width).zip(self.out.chunks_exact_mut(width)) {
            let (mean, scale) = moments(x, self.epsilon);
            for (((x, w), b), out) in x.iter().zip(self.weight).zip(self.bias).zip(out) {
                *out = (x - mean) * scale * w + b;
            }
        }
    }
}

struct Backward<'a> {
    x: &'a [f32],
    weight: &'a [f32],
    epsilon: f32,
    grad: &'a [f32],
    dx: &'a mut [f32],
    dw: &'a mut [f32],
    db: &'a mut [f32],
    /// A row's g w.
    gw: &'a mut [f32],
}

impl Work for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let width = self.weight.len();
        let rows = self.x.chunks_exact(width).zip(self.grad.chunks_exact(width));
        for ((x, grad), dx) in rows.zip(self.dx.chunks_exact_mut(width)) {
            let (mean, scale) = moments(x, self.epsilon);

            // Plain loops over whole rows where nothing is summed along the row: compilers vectorise these best.
            for (dx, x) in dx.iter_mut().zip(x) {
                // For the moment dx holds h.
                *dx = (x - mean) * scale;
            }
            for (((dw, db), g), h) in self.dw.iter_mut().zip(&mut *self.db).zip(grad).zip(&*dx) {
                *dw += g * h;
                *db += g;
            }
            for ((gw, g), w) in self.gw.iter_mut().zip(grad).zip(self.weight) {
                *gw = g * w;
            }
            let mean_of_gw = sum(self.gw, |x| x) / width as f32;
            let mean_of_gwh = dot(self.gw, dx) / width as f32;
            for (dx, gw) in dx.iter_mut().zip(&*self.gw) {
                *dx = (gw - mean_of_gw - *dx * mean_of_gwh) * scale;
            }
        }
    }
}

/// Mean of a row, and 1 / sqrt(variance + epsilon).
#[inline(always)]
fn moments(x: &[f32], epsilon: f32) -> (f32, f32) {
    let width = x.len() as f32;
    let mean = sum(x, |x| x) / width;
    let variance = sum(x, |x| (x - mean) * (x - mean)) / width;
    (mean, 1.0 / (variance + epsilon).sqrt())
}

/// The sum of `term` over a row, in [`LANES`] partial sums.
#[inline(always)]
fn sum(row: &[f32], term: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let (whole, rest) = row.as_chunks::<LANES>();
    for chunk in whole {
        lanes = add(lanes, map(*chunk, &term));
    }
    for (lane, x) in lanes.iter_mut().zip(rest) {
        *lane += term(*x);
    }
    total(lanes)
}

/// The sum of products of two rows, in [`LANES`] partial sums.
#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        lanes = add(lanes, mul(*a, *b));
    }
    for ((lane, a), b) in lanes.iter_mut().zip(a_rest).zip(b_rest) {
        *lane += a * b;
    }
    total(lanes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPSILON: f32 = 1e-6;

    fn numbers(n: usize, seed: u32) -> Vec<f32> {
        (0..n as u32).map(|i| ((i + seed).wrapping_mul(2_654_435_761) >> 8) as f32 / 8_388_608.0 - 1.0).collect()
    }

    /// h and 1 / deviation of a row in f64.
    fn normalised(x: &[f32]) -> (Vec<f64>, f64) {
        let n = x.len() as f64;
        let mean = x.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
        let variance = x.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n;
        let scale = 1.0 / (variance + f64::from(EPSILON)).sqrt();
        (x.iter().map(|&x| (f64::from(x) - mean) * scale).collect(), scale)
    }

    #[test]
    fn forward_and_backward_agree_with_plain_loops_at_every_awkward_size() {
        for (rows, width) in [(1, 1), (3, 4), (2, 15), (5, 16), (7, 17), (65, 31), (130, 128), (64, 48), (0, 8)] {
            let (x, grad) = (numbers(rows * width, 1), numbers(rows * width, 2));
            let (weight, bias) = (numbers(width, 3), numbers(width, 4));
            let mut out = vec![f32::NAN; rows * width];
            forward(&x, &weight, &bias, EPSILON, &mut out);
            let (mut dx, mut dw, mut db) = (vec![f32::NAN; rows * width], vec![f32::NAN; width], vec![f32::NAN; width]);
            backward(&x, &weight, EPSILON, &grad, &mut dx, &mut dw, &mut db);

            let (mut want_dw, mut want_db) = (vec![0f64; width], vec![0f64; width]);
            for row in 0..rows {
                let at = row * width..(row + 1) * width;
                let (h, scale) = normalised(&x[at.clone()]);
                let gw: Vec<f64> =
                    grad[at.clone()].iter().zip(&weight).map(|(&g, &w)| f64::from(g) * f64::from(w)).collect();
                let mean_of_gw = gw.iter().sum::<f64>() / width as f64;
                let mean_of_gwh = gw.iter().zip(&h).map(|(gw, h)| gw * h).sum::<f64>() / width as f64;
                for i in 0..width {
                    let want = h[i] * f64::from(weight[i]) + f64::from(bias[i]);
                    assert!((f64::from(out[at.start + i]) - want).abs() < 2e-6, "out of {rows}x{width}");
                    let want = (gw[i] - mean_of_gw - h[i] * mean_of_gwh) * scale;
                    assert!(
                        (f64::from(dx[at.start + i]) - want).abs() < 2e-5 * want.abs().max(1.0),
                        "dx of {rows}x{width}"
                    );
                    want_dw[i] += f64::from(grad[at.start + i]) * h[i];
                    want_db[i] += f64::from(grad[at.start + i]);
                }
            }
            for i in 0..width {
                assert!((f64::from(dw[i]) - want_dw[i]).abs() < 1e-4, "dw of {rows}x{width}");
                assert!((f64::from(db[i]) - want_db[i]).abs() < 1e-4, "db of {rows}x{width}");
            }
        }
    }

    #[test]
    fn one_thread_and_four_give_the_same_bits() {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let (x, grad, weight) = (numbers(500 * 24, 5), numbers(500 * 24, 6), numbers(24, 7));
                let (mut dx, mut dw, mut db) = (vec![0.0; 500 * 24], vec![0.0; 24], vec![0.0; 24]);
                backward(&x, &weight, EPSILON, &grad, &mut dx, &mut dw, &mut db);
                (dx, dw, db)
            })
        };
        assert_eq!(run(1), run(4));
    }
}

pub fn rows_forward(x: &[f32], weight: &[f32], bias: &[f32], epsilon: f32, out: &mut [f32]) {
    forward(x, weight, bias, epsilon, out)
}
#[allow(clippy::too_many_arguments)]
pub fn rows_backward(
    x: &[f32],
    weight: &[f32],
    epsilon: f32,
    grad: &[f32],
    add: Option<&[f32]>,
    dx: &mut [f32],
    dw: &mut [f32],
    db: &mut [f32],
) {
    let (mut a, mut b) = (vec![0.0; dw.len()], vec![0.0; db.len()]);
    backward(x, weight, epsilon, grad, dx, &mut a, &mut b);
    dw.iter_mut().zip(a).for_each(|(x, y)| *x += y);
    db.iter_mut().zip(b).for_each(|(x, y)| *x += y);
    if let Some(add) = add {
        dx.iter_mut().zip(add).for_each(|(x, y)| *x += y);
    }
}
