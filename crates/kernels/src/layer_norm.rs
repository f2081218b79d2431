//! LayerNorm over rows. The backward pass needs x and the weight; mean and deviation are computed anew, since the row
//! is in the cache by then anyway.
//!
//! With h = (x - mean) / deviation and g the gradient of the output,
//!     dx = (g w - mean(g w) - h mean(g w h)) / deviation,    dw = sum over rows of g h,    db = sum over rows of g.
//!
//! A few rows go side by side, so that their sums do not wait for each other and the sums over rows stay in registers.

use rayon::prelude::*;

use crate::instruction_set::{InstructionSet, Simd, WithSimd, dispatch_to};
use crate::lanes::{LANES, load, store, total};

/// Rows a thread takes at once; also the pieces in which dw and db are summed.
const PIECE: usize = 64;
/// Rows that go side by side.
const ROWS: usize = 4;

/// out = (x - mean) / sqrt(variance + epsilon) * weight + bias, row by row, with the biased variance, over all threads.
///
/// `x` [R, D], `weight` `[D]`, `bias` `[D]`, `out` [R, D].
///
/// # Panics
/// When the lengths disagree or D is 0.
pub fn forward(x: &[f32], weight: &[f32], bias: &[f32], epsilon: f32, out: &mut [f32]) {
    assert!(!weight.is_empty() && x.len() == out.len(), "x and out are [R, D]");
    x.par_chunks(PIECE * weight.len())
        .zip(out.par_chunks_mut(PIECE * weight.len()))
        .for_each(|(x, out)| forward_single_threaded(x, weight, bias, epsilon, out));
}

/// The gradients for x, weight and bias, all overwritten, over all threads.
///
/// `x` [R, D], `weight` `[D]`, `grad` [R, D] (of the output); `dx` [R, D], `dw` `[D]`, `db` `[D]`.
///
/// # Panics
/// When the lengths disagree or D is 0.
pub fn backward(x: &[f32], weight: &[f32], epsilon: f32, grad: &[f32], dx: &mut [f32], dw: &mut [f32], db: &mut [f32]) {
    let width = weight.len();
    assert!(width > 0 && dw.len() == width && db.len() == width, "the weight, dw and db are [D]");
    assert!(grad.len() == x.len() && dx.len() == x.len(), "grad and dx are as large as x");
    let pieces = x.len().div_ceil(PIECE * width);
    let mut partial = vec![0.0; pieces * 2 * width];
    x.par_chunks(PIECE * width)
        .zip(grad.par_chunks(PIECE * width))
        .zip(dx.par_chunks_mut(PIECE * width))
        .zip(partial.par_chunks_mut(2 * width))
        .for_each(|(((x, grad), dx), partial)| {
            let (dw, db) = partial.split_at_mut(width);
            backward_single_threaded(x, weight, epsilon, grad, None, dx, dw, db);
        });
    dw.fill(0.0);
    db.fill(0.0);
    for partial in partial.chunks_exact(2 * width) {
        let (of_weight, of_bias) = partial.split_at(width);
        dw.iter_mut().zip(of_weight).for_each(|(sum, part)| *sum += part);
        db.iter_mut().zip(of_bias).for_each(|(sum, part)| *sum += part);
    }
}

/// As [`forward`], on the calling thread.
///
/// # Panics
/// As [`forward`].
pub fn forward_single_threaded(x: &[f32], weight: &[f32], bias: &[f32], epsilon: f32, out: &mut [f32]) {
    forward_on(InstructionSet::current(), x, weight, bias, epsilon, out);
}

/// dx = `add` + the gradient for x, on the calling thread; the gradients for weight and bias are added to `dw` and
/// `db`.
///
/// `x` [R, D], `weight` `[D]`, `grad` [R, D] (of the output), `add` [R, D] (the gradient that goes around the norm);
/// `dx` [R, D], `dw` `[D]`, `db` `[D]`.
///
/// # Panics
/// When the lengths disagree or D is 0.
#[expect(clippy::too_many_arguments, reason = "plain slices in and out are this crate's contract")]
pub fn backward_single_threaded(
    x: &[f32],
    weight: &[f32],
    epsilon: f32,
    grad: &[f32],
    add: Option<&[f32]>,
    dx: &mut [f32],
    dw: &mut [f32],
    db: &mut [f32],
) {
    Backward { x, weight, epsilon, grad, add, dx, dw, db }.run_on(InstructionSet::current());
}

fn forward_on(set: InstructionSet, x: &[f32], weight: &[f32], bias: &[f32], epsilon: f32, out: &mut [f32]) {
    let width = weight.len();
    assert!(
        width > 0 && bias.len() == width && x.len() == out.len() && x.len().is_multiple_of(width),
        "x and out are [R, D]"
    );
    dispatch_to(set, Forward { x, weight, bias, epsilon, out });
}

struct Forward<'a> {
    x: &'a [f32],
    weight: &'a [f32],
    bias: &'a [f32],
    epsilon: f32,
    out: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F32_LANES {
            16 => self.all::<S, 1, 16>(simd),
            8 => self.all::<S, 1, 8>(simd),
            _ => self.all::<S, LANES, LANES>(simd),
        }
    }
}

impl Forward<'_> {
    #[inline(always)]
    fn all<S: Simd, const W: usize, const N: usize>(self, simd: S) {
        let Self { x, weight, bias, epsilon, out } = self;
        let width = weight.len();
        let grouped = x.len() - x.len() % (ROWS * width);
        let ((x, x_rest), (out, out_rest)) = (x.split_at(grouped), out.split_at_mut(grouped));
        for (x, out) in x.chunks_exact(ROWS * width).zip(out.chunks_exact_mut(ROWS * width)) {
            Rows::<ROWS, N>::of(x, width).forward::<S, W>(simd, weight, bias, epsilon, out);
        }
        for (x, out) in x_rest.chunks_exact(width).zip(out_rest.chunks_exact_mut(width)) {
            Rows::<1, N>::of(x, width).forward::<S, W>(simd, weight, bias, epsilon, out);
        }
    }
}

struct Backward<'a> {
    x: &'a [f32],
    weight: &'a [f32],
    epsilon: f32,
    grad: &'a [f32],
    add: Option<&'a [f32]>,
    dx: &'a mut [f32],
    dw: &'a mut [f32],
    db: &'a mut [f32],
}

impl Backward<'_> {
    fn run_on(self, set: InstructionSet) {
        let (width, length) = (self.weight.len(), self.x.len());
        assert!(width > 0 && length.is_multiple_of(width), "x is [R, D]");
        assert!(self.dw.len() == width && self.db.len() == width, "the weight, dw and db are [D]");
        assert!(self.grad.len() == length && self.dx.len() == length, "grad and dx are as large as x");
        assert!(self.add.is_none_or(|add| add.len() == length), "what is added is as large as x");
        dispatch_to(set, self);
    }
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F32_LANES {
            16 => self.all::<S, 1, 16>(simd),
            8 => self.all::<S, 1, 8>(simd),
            _ => self.all::<S, LANES, LANES>(simd),
        }
    }
}

impl Backward<'_> {
    #[inline(always)]
    fn all<S: Simd, const W: usize, const N: usize>(mut self, simd: S) {
        let width = self.weight.len();
        let rows = self.x.len() / width;
        let grouped = rows - rows % ROWS;
        for row in (0..grouped).step_by(ROWS) {
            self.group::<S, W, N, ROWS>(simd, row);
        }
        for row in grouped..rows {
            self.group::<S, W, N, 1>(simd, row);
        }
    }

    /// `R` rows from `row` on.
    #[inline(always)]
    fn group<S: Simd, const W: usize, const N: usize, const R: usize>(&mut self, simd: S, row: usize) {
        let width = self.weight.len();
        let place = row * width..(row + R) * width;
        let (x, grad) =
            (Rows::<R, N>::of(&self.x[place.clone()], width), Rows::<R, N>::of(&self.grad[place.clone()], width));
        let means = x.means::<S, W>(simd);
        let ((weight, weight_rest), n) = (self.weight.as_chunks::<N>(), width as f32);

        // Sums of squares, of g w, and of g w (x - mean).
        let zero = simd.splat_f32s(0.0);
        let mut sums = [[[zero; W]; 3]; R];
        for (i, weight) in weight.iter().enumerate() {
            let weight = load::<S, W, N>(weight);
            for r in 0..R {
                let (x, grad) = (load::<S, W, N>(&x.whole[r][i]), load::<S, W, N>(&grad.whole[r][i]));
                let mean = simd.splat_f32s(means[r]);
                for w in 0..W {
                    let (from_mean, gw) = (simd.sub_f32s(x[w], mean), simd.mul_f32s(grad[w], weight[w]));
                    sums[r][0][w] = simd.mul_add_e_f32s(from_mean, from_mean, sums[r][0][w]);
                    sums[r][1][w] = simd.add_f32s(sums[r][1][w], gw);
                    sums[r][2][w] = simd.mul_add_e_f32s(gw, from_mean, sums[r][2][w]);
                }
            }
        }
        // dx = g w * scale + (x - mean) * slope + shift
        let mut terms = [[0f32; 3]; R];
        for r in 0..R {
            let mut sums = sums[r].map(|lanes| total(simd, lanes));
            for ((x, g), w) in x.rest[r].iter().zip(grad.rest[r]).zip(weight_rest) {
                let from_mean = x - means[r];
                sums[0] += from_mean * from_mean;
                sums[1] += g * w;
                sums[2] += g * w * from_mean;
            }
            let scale = 1.0 / (sums[0] / n + self.epsilon).sqrt();
            terms[r] = [scale, -scale * scale * scale * (sums[2] / n), -scale * (sums[1] / n)];
        }

        let dx = &mut self.dx[place.clone()];
        let add = self.add.map(|add| Rows::<R, N>::of(&add[place], width));
        let ((dw, dw_rest), (db, db_rest)) = (self.dw.as_chunks_mut::<N>(), self.db.as_chunks_mut::<N>());
        for (i, ((dw, db), weight)) in dw.iter_mut().zip(db).zip(weight).enumerate() {
            let (mut of_weight, mut of_bias) = (load::<S, W, N>(dw), load::<S, W, N>(db));
            let weight = load::<S, W, N>(weight);
            for r in 0..R {
                let (x, grad) = (load::<S, W, N>(&x.whole[r][i]), load::<S, W, N>(&grad.whole[r][i]));
                let add = add.as_ref().map_or([zero; W], |add| load::<S, W, N>(&add.whole[r][i]));
                let mut out = [zero; W];
                let [scale, slope, shift] = terms[r].map(|term| simd.splat_f32s(term));
                for w in 0..W {
                    let from_mean = simd.sub_f32s(x[w], simd.splat_f32s(means[r]));
                    let h = simd.mul_f32s(from_mean, scale);
                    of_weight[w] = simd.mul_add_e_f32s(grad[w], h, of_weight[w]);
                    of_bias[w] = simd.add_f32s(of_bias[w], grad[w]);
                    let gw = simd.mul_f32s(grad[w], weight[w]);
                    let rest = simd.mul_add_e_f32s(from_mean, slope, simd.add_f32s(shift, add[w]));
                    out[w] = simd.mul_add_e_f32s(gw, scale, rest);
                }
                store::<S, W, N>(&mut dx[r * width..][..width].as_chunks_mut::<N>().0[i], out);
            }
            store::<S, W, N>(dw, of_weight);
            store::<S, W, N>(db, of_bias);
        }
        for (i, ((dw, db), w)) in dw_rest.iter_mut().zip(db_rest).zip(weight_rest).enumerate() {
            for r in 0..R {
                let (g, from_mean, [scale, slope, shift]) = (grad.rest[r][i], x.rest[r][i] - means[r], terms[r]);
                *dw += g * from_mean * scale;
                *db += g;
                let add = add.as_ref().map_or(0.0, |add| add.rest[r][i]);
                dx[r * width..][..width].as_chunks_mut::<N>().1[i] =
                    g * w * scale + (from_mean * slope + (shift + add));
            }
        }
    }
}

/// `R` rows: what of each is whole chunks of `N` numbers, and the rest.
struct Rows<'a, const R: usize, const N: usize> {
    whole: [&'a [[f32; N]]; R],
    rest: [&'a [f32]; R],
}

impl<'a, const R: usize, const N: usize> Rows<'a, R, N> {
    /// The rows of `values` [R, width].
    #[inline(always)]
    fn of(values: &'a [f32], width: usize) -> Self {
        let mut rows = Self { whole: [&[]; R], rest: [&[]; R] };
        for r in 0..R {
            (rows.whole[r], rows.rest[r]) = values[r * width..][..width].as_chunks::<N>();
        }
        rows
    }

    #[inline(always)]
    fn means<S: Simd, const W: usize>(&self, simd: S) -> [f32; R] {
        let mut sums = [[simd.splat_f32s(0.0); W]; R];
        for i in 0..self.whole[0].len() {
            for (row, sums) in self.whole.iter().zip(&mut sums) {
                for (sum, x) in sums.iter_mut().zip(load::<S, W, N>(&row[i])) {
                    *sum = simd.add_f32s(*sum, x);
                }
            }
        }
        let width = (self.whole[0].len() * N + self.rest[0].len()) as f32;
        let mut means = [0.0; R];
        for r in 0..R {
            means[r] = self.rest[r].iter().fold(total(simd, sums[r]), |sum, x| sum + x) / width;
        }
        means
    }

    #[inline(always)]
    fn forward<S: Simd, const W: usize>(&self, simd: S, weight: &[f32], bias: &[f32], epsilon: f32, out: &mut [f32]) {
        let (width, means) = (weight.len(), self.means::<S, W>(simd));
        let zero = simd.splat_f32s(0.0);
        let mut sums = [[zero; W]; R];
        for i in 0..self.whole[0].len() {
            for r in 0..R {
                let x = load::<S, W, N>(&self.whole[r][i]);
                for w in 0..W {
                    let from_mean = simd.sub_f32s(x[w], simd.splat_f32s(means[r]));
                    sums[r][w] = simd.mul_add_e_f32s(from_mean, from_mean, sums[r][w]);
                }
            }
        }
        let mut scales = [0f32; R];
        for r in 0..R {
            let squares =
                self.rest[r].iter().fold(total(simd, sums[r]), |sum, x| sum + (x - means[r]) * (x - means[r]));
            scales[r] = 1.0 / (squares / width as f32 + epsilon).sqrt();
        }
        let ((weight, weight_rest), (bias, bias_rest)) = (weight.as_chunks::<N>(), bias.as_chunks::<N>());
        for (i, (weight, bias)) in weight.iter().zip(bias).enumerate() {
            let (weight, bias) = (load::<S, W, N>(weight), load::<S, W, N>(bias));
            for r in 0..R {
                let x = load::<S, W, N>(&self.whole[r][i]);
                let (mean, scale) = (simd.splat_f32s(means[r]), simd.splat_f32s(scales[r]));
                let mut result = [zero; W];
                for w in 0..W {
                    let h = simd.mul_f32s(simd.sub_f32s(x[w], mean), scale);
                    result[w] = simd.mul_add_e_f32s(h, weight[w], bias[w]);
                }
                store::<S, W, N>(&mut out[r * width..][..width].as_chunks_mut::<N>().0[i], result);
            }
        }
        for (i, (w, b)) in weight_rest.iter().zip(bias_rest).enumerate() {
            for r in 0..R {
                let value = (self.rest[r][i] - means[r]) * scales[r] * w + b;
                out[r * width..][..width].as_chunks_mut::<N>().1[i] = value;
            }
        }
    }
}

#[cfg(test)]
mod tests;
