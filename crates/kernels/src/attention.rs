//! Multi-head self-attention within each image, forward and backward. The backward pass needs qkv only.
//!
//! For each image and head, with q, k, v [T, H] (H = D / heads) and s = 1 / sqrt(H):
//!     P = softmax(s q k^T),  o = P v
//!     dv = P^T do,  dP = do v^T,  dS = P (dP - rowsum(P dP)),  dq = s dS k,  dk = s dS^T q
//!
//! 1. An image is one piece of work for one thread: all of a head's matrices stay in its cache.
//! 2. P is computed anew in the backward pass, which costs less than writing and reading T x T numbers for each head.
//! 3. All seven products are one small routine, `product`: the left factor is read through two strides (so a transposed
//!    one needs no copy), the right one is packed into panels of [`LANES`] columns, padded with zeros.
//! 4. The padding makes every inner loop whole: no remainders but in the rows.

use rayon::prelude::*;

use crate::exponential::exp_of_negative;
use crate::instruction_set::{Work, widest};
use crate::lanes::{LANES, Lanes, add, map, mul, total, zip};

/// Rows of the left factor that a step of [`product`] treats at once.
const ROWS: usize = 6;

/// The sizes of an attention: checked once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// T
    pub tokens: usize,
    /// D
    pub dim: usize,
    /// Divides D.
    pub heads: usize,
}

/// `out` [N, T, D] from `qkv` [N, T, 3D] (query, key, value, each split into heads).
///
/// # Panics
/// When the lengths disagree with the sizes, or heads do not divide D.
pub fn forward(qkv: &[f32], sizes: Sizes, out: &mut [f32]) {
    let of_image = sizes.check(qkv.len(), out.len());
    qkv.par_chunks(3 * of_image)
        .zip(out.par_chunks_mut(of_image))
        .for_each_init(|| Scratch::new(sizes), |scratch, (qkv, out)| widest(Forward { qkv, sizes, scratch, out }));
}

/// `dqkv` [N, T, 3D], the gradient for `qkv` [N, T, 3D], from `grad` [N, T, D], the output's.
///
/// # Panics
/// As [`forward`].
pub fn backward(qkv: &[f32], sizes: Sizes, grad: &[f32], dqkv: &mut [f32]) {
    let of_image = sizes.check(qkv.len(), grad.len());
    assert_eq!(dqkv.len(), qkv.len(), "dqkv is as large as qkv");
    qkv.par_chunks(3 * of_image).zip(grad.par_chunks(of_image)).zip(dqkv.par_chunks_mut(3 * of_image)).for_each_init(
        || Scratch::new(sizes),
        |scratch, ((qkv, grad), dqkv)| widest(Backward { qkv, sizes, grad, scratch, dqkv }),
    );
}

pub fn image_forward(qkv: &[f32], sizes: Sizes, scratch: &mut Scratch, out: &mut [f32]) {
    widest(Forward { qkv, sizes, scratch, out })
}
pub fn image_backward(qkv: &[f32], sizes: Sizes, grad: &[f32], scratch: &mut Scratch, dqkv: &mut [f32]) {
    widest(Backward { qkv, sizes, grad, scratch, dqkv })
}
pub fn image_forward_of(qkv: &[f32], sizes: Sizes, queries: &[u32], scratch: &mut Scratch, out: &mut [f32]) {
    let mut all = vec![0.0; sizes.tokens * sizes.dim];
    image_forward(qkv, sizes, scratch, &mut all);
    for (&q, out) in queries.iter().zip(out.chunks_exact_mut(sizes.dim)) {
        out.copy_from_slice(&all[q as usize * sizes.dim..][..sizes.dim]);
    }
}
pub fn image_backward_of(
    qkv: &[f32],
    sizes: Sizes,
    queries: &[u32],
    grad: &[f32],
    scratch: &mut Scratch,
    dqkv: &mut [f32],
) {
    let mut all = vec![0.0; sizes.tokens * sizes.dim];
    for (&q, grad) in queries.iter().zip(grad.chunks_exact(sizes.dim)) {
        all[q as usize * sizes.dim..][..sizes.dim].copy_from_slice(grad);
    }
    image_backward(qkv, sizes, &all, scratch, dqkv);
}

impl Sizes {
    /// T * D, if everything fits.
    fn check(self, qkv: usize, out: usize) -> usize {
        let Self { tokens, dim, heads } = self;
        assert!(
            tokens > 0 && heads > 0 && dim > 0 && dim.is_multiple_of(heads),
            "{heads} heads do not divide the width {dim}"
        );
        assert!(qkv == 3 * out && out.is_multiple_of(tokens * dim), "qkv is [N, T, 3D] and the output [N, T, D]");
        tokens * dim
    }

    fn head_dim(self) -> usize {
        self.dim / self.heads
    }

    fn scale(self) -> f32 {
        1.0 / (self.head_dim() as f32).sqrt()
    }

    /// Panels over the tokens.
    fn token_panels(self) -> usize {
        self.tokens.div_ceil(LANES)
    }

    /// Panels over a head's columns.
    fn head_panels(self) -> usize {
        self.head_dim().div_ceil(LANES)
    }
}

/// Buffers of one thread.
pub struct Scratch {
    /// A right factor whose columns are tokens: [token panels][H].
    across: Vec<Lanes>,
    /// A right factor whose columns are a head's: [head panels][T].
    down: Vec<Lanes>,
    /// P, rows padded: [T][token panels].
    probabilities: Vec<Lanes>,
    /// dP, then dS, rows padded: [T][token panels].
    slopes: Vec<Lanes>,
    /// A product over a head, rows padded: [T][head panels].
    product: Vec<Lanes>,
}

impl Scratch {
    pub fn new(sizes: Sizes) -> Self {
        let (across, down) = (sizes.token_panels(), sizes.head_panels());
        Self {
            across: vec![[0.0; LANES]; across * sizes.head_dim()],
            down: vec![[0.0; LANES]; down * sizes.tokens],
            probabilities: vec![[0.0; LANES]; sizes.tokens * across],
            slopes: vec![[0.0; LANES]; sizes.tokens * across],
            product: vec![[0.0; LANES]; sizes.tokens * down],
        }
    }
}

struct Forward<'a> {
    qkv: &'a [f32],
    sizes: Sizes,
    scratch: &'a mut Scratch,
    out: &'a mut [f32],
}

impl Work for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let (sizes, scratch) = (self.sizes, self.scratch);
        let (stride, head_dim) = (3 * sizes.dim, sizes.head_dim());
        for head in 0..sizes.heads {
            let [q, k, v] = parts(self.qkv, sizes, head);
            probabilities(q, k, sizes, scratch);
            pack_down(v, stride, sizes, &mut scratch.down);
            let left =
                Left { values: scratch.probabilities.as_flattened(), row: sizes.token_panels() * LANES, column: 1 };
            product(left, sizes.tokens, &scratch.down, &mut scratch.product);
            unpack(&scratch.product, 1.0, sizes, &mut self.out[head * head_dim..], sizes.dim);
        }
    }
}

struct Backward<'a> {
    qkv: &'a [f32],
    sizes: Sizes,
    grad: &'a [f32],
    scratch: &'a mut Scratch,
    dqkv: &'a mut [f32],
}

impl Work for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let (sizes, scratch) = (self.sizes, self.scratch);
        let (stride, head_dim, dim) = (3 * sizes.dim, sizes.head_dim(), sizes.dim);
        let row = sizes.token_panels() * LANES;
        for head in 0..sizes.heads {
            let [q, k, v] = parts(self.qkv, sizes, head);
            let grad = &self.grad[head * head_dim..];
            probabilities(q, k, sizes, scratch);

            // dv = P^T do
            pack_down(grad, dim, sizes, &mut scratch.down);
            let transposed = Left { values: scratch.probabilities.as_flattened(), row: 1, column: row };
            product(transposed, sizes.tokens, &scratch.down, &mut scratch.product);
            unpack(&scratch.product, 1.0, sizes, &mut self.dqkv[2 * dim + head * head_dim..], stride);

            // dP = do v^T, dS = P (dP - rowsum(P dP)) in place
            pack_across(v, stride, sizes, &mut scratch.across);
            product(Left { values: grad, row: dim, column: 1 }, head_dim, &scratch.across, &mut scratch.slopes);
            let panels = sizes.token_panels();
            for (p, slopes) in scratch.probabilities.chunks_exact(panels).zip(scratch.slopes.chunks_exact_mut(panels)) {
                let mut sums = [0.0; LANES];
                for (p, slope) in p.iter().zip(&*slopes) {
                    sums = add(sums, mul(*p, *slope));
                }
                let sum = total(sums);
                for (p, slope) in p.iter().zip(slopes) {
                    *slope = zip(*p, *slope, |p, slope| p * (slope - sum));
                }
            }

            // dq = s dS k
            pack_down(k, stride, sizes, &mut scratch.down);
            let slopes = scratch.slopes.as_flattened();
            product(Left { values: slopes, row, column: 1 }, sizes.tokens, &scratch.down, &mut scratch.product);
            unpack(&scratch.product, sizes.scale(), sizes, &mut self.dqkv[head * head_dim..], stride);

            // dk = s dS^T q
            pack_down(q, stride, sizes, &mut scratch.down);
            product(Left { values: slopes, row: 1, column: row }, sizes.tokens, &scratch.down, &mut scratch.product);
            unpack(&scratch.product, sizes.scale(), sizes, &mut self.dqkv[dim + head * head_dim..], stride);
        }
    }
}

/// The slices of an image's qkv [T, 3D] where the query, key and value of a head begin; rows lie 3D apart.
#[inline(always)]
fn parts(qkv: &[f32], sizes: Sizes, head: usize) -> [&[f32]; 3] {
    [0, 1, 2].map(|part| &qkv[part * sizes.dim + head * sizes.head_dim()..])
}

/// P = softmax(s q k^T) into `scratch.probabilities`; the padding gets probability 0. Leaves k packed in `scratch.across`.
#[inline(always)]
fn probabilities(q: &[f32], k: &[f32], sizes: Sizes, scratch: &mut Scratch) {
    let (stride, panels) = (3 * sizes.dim, sizes.token_panels());
    pack_across(k, stride, sizes, &mut scratch.across);
    let left = Left { values: q, row: stride, column: 1 };
    product(left, sizes.head_dim(), &scratch.across, &mut scratch.probabilities);

    let scale = sizes.scale();
    for row in scratch.probabilities.chunks_exact_mut(panels) {
        for score in &mut row.as_flattened_mut()[sizes.tokens..] {
            *score = f32::NEG_INFINITY;
        }
        let mut largest = [f32::NEG_INFINITY; LANES];
        for scores in &*row {
            largest = zip(largest, *scores, |largest, score| if score > largest { score } else { largest });
        }
        let largest = largest.into_iter().fold(f32::NEG_INFINITY, f32::max);
        let mut sums = [0.0; LANES];
        for scores in &mut *row {
            *scores = map(*scores, |score| exp_of_negative((score - largest) * scale));
            sums = add(sums, *scores);
        }
        // exp(-inf) is 2^-126 here, which no sum of at least 1 feels; the padding is set to an exact 0 below.
        let normaliser = 1.0 / total(sums);
        for scores in &mut *row {
            *scores = map(*scores, |score| score * normaliser);
        }
        row.as_flattened_mut()[sizes.tokens..].fill(0.0);
    }
}

/// Rows [T, H] as a right factor with tokens for columns: panel j, row i holds column i of rows 16j .. 16j + 15.
#[inline(always)]
fn pack_across(rows: &[f32], stride: usize, sizes: Sizes, packed: &mut [Lanes]) {
    let head_dim = sizes.head_dim();
    for (panel, packed) in packed.chunks_exact_mut(head_dim).enumerate() {
        for lane in 0..LANES {
            let token = panel * LANES + lane;
            if token < sizes.tokens {
                let row = &rows[token * stride..token * stride + head_dim];
                for (packed, value) in packed.iter_mut().zip(row) {
                    packed[lane] = *value;
                }
            } else {
                packed.iter_mut().for_each(|packed| packed[lane] = 0.0);
            }
        }
    }
}

/// Rows [T, H] as a right factor with H columns: panel j, row t holds columns 16j .. 16j + 15 of row t.
#[inline(always)]
fn pack_down(rows: &[f32], stride: usize, sizes: Sizes, packed: &mut [Lanes]) {
    let head_dim = sizes.head_dim();
    for (panel, packed) in packed.chunks_exact_mut(sizes.tokens).enumerate() {
        let columns = panel * LANES..((panel + 1) * LANES).min(head_dim);
        for (token, packed) in packed.iter_mut().enumerate() {
            let row = &rows[token * stride..token * stride + head_dim][columns.clone()];
            match row.first_chunk::<LANES>() {
                Some(whole) => *packed = *whole,
                None => {
                    *packed = [0.0; LANES];
                    packed[..row.len()].copy_from_slice(row);
                }
            }
        }
    }
}

/// Padded rows [T][head panels], times `scale`, into rows [T, H] that lie `stride` apart.
#[inline(always)]
fn unpack(padded: &[Lanes], scale: f32, sizes: Sizes, rows: &mut [f32], stride: usize) {
    let head_dim = sizes.head_dim();
    for (token, padded) in padded.chunks_exact(sizes.head_panels()).enumerate() {
        let row = &mut rows[token * stride..token * stride + head_dim];
        for (value, padded) in row.iter_mut().zip(padded.as_flattened()) {
            *value = padded * scale;
        }
    }
}

/// A left factor [M, K], read through strides.
#[derive(Clone, Copy)]
struct Left<'a> {
    values: &'a [f32],
    row: usize,
    column: usize,
}

/// out [M][panels] = left [M, K] times right [panels][K]; M follows from `out`.
#[inline(always)]
fn product(left: Left, k: usize, right: &[Lanes], out: &mut [Lanes]) {
    let panels = right.len() / k;
    let rows = out.len() / panels;
    let mut row = 0;
    while row + ROWS <= rows {
        for (panel, right) in right.chunks_exact(k).enumerate() {
            block::<ROWS>(left, row, right, panels, panel, out);
        }
        row += ROWS;
    }
    while row < rows {
        for (panel, right) in right.chunks_exact(k).enumerate() {
            block::<1>(left, row, right, panels, panel, out);
        }
        row += 1;
    }
}

/// `N` rows by one panel of a product, summed in registers.
#[inline(always)]
fn block<const N: usize>(left: Left, row: usize, right: &[Lanes], panels: usize, panel: usize, out: &mut [Lanes]) {
    let mut sums = [[0f32; LANES]; N];
    for (i, right) in right.iter().enumerate() {
        for (n, sums) in sums.iter_mut().enumerate() {
            let factor = left.values[(row + n) * left.row + i * left.column];
            *sums = zip(*sums, *right, |sum, right| sum + factor * right);
        }
    }
    for (n, sums) in sums.into_iter().enumerate() {
        out[(row + n) * panels + panel] = sums;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize, seed: u32) -> Vec<f32> {
        (0..n as u32).map(|i| ((i + seed).wrapping_mul(2_654_435_761) >> 8) as f32 / 4_194_304.0 - 2.0).collect()
    }

    /// Output and gradient for qkv of one image, in f64 by plain loops.
    fn reference(qkv: &[f32], sizes: Sizes, grad: &[f32]) -> (Vec<f64>, Vec<f64>) {
        let Sizes { tokens, dim, heads } = sizes;
        let head_dim = dim / heads;
        let scale = 1.0 / (head_dim as f64).sqrt();
        let (mut out, mut dqkv) = (vec![0.0; tokens * dim], vec![0.0; tokens * 3 * dim]);
        for head in 0..heads {
            let place = |t: usize, part: usize, i: usize| t * 3 * dim + part * dim + head * head_dim + i;
            let at = |t, part, i| f64::from(qkv[place(t, part, i)]);
            let g = |t: usize, i: usize| f64::from(grad[t * dim + head * head_dim + i]);
            for t in 0..tokens {
                let e: Vec<f64> = (0..tokens)
                    .map(|s| ((0..head_dim).map(|i| at(t, 0, i) * at(s, 1, i)).sum::<f64>() * scale).exp())
                    .collect();
                let p: Vec<f64> = e.iter().map(|x| x / e.iter().sum::<f64>()).collect();
                let dp: Vec<f64> = (0..tokens).map(|s| (0..head_dim).map(|i| g(t, i) * at(s, 2, i)).sum()).collect();
                let inner: f64 = p.iter().zip(&dp).map(|(p, dp)| p * dp).sum();
                for s in 0..tokens {
                    let ds = p[s] * (dp[s] - inner) * scale;
                    for i in 0..head_dim {
                        out[t * dim + head * head_dim + i] += p[s] * at(s, 2, i);
                        dqkv[place(t, 0, i)] += ds * at(s, 1, i);
                        dqkv[place(s, 1, i)] += ds * at(t, 0, i);
                        dqkv[place(s, 2, i)] += p[s] * g(t, i);
                    }
                }
            }
        }
        (out, dqkv)
    }

    #[test]
    fn forward_and_backward_agree_with_plain_loops_at_every_awkward_size() {
        let mut cases =
            vec![(1, 1, 1, 1), (2, 5, 8, 2), (3, 17, 128, 4), (2, 65, 64, 4), (1, 10, 12, 3), (2, 16, 32, 1)];
        cases.extend((1..=34).map(|tokens| (1, tokens, 2 * tokens, 2)));
        for (images, tokens, dim, heads) in cases {
            let sizes = Sizes { tokens, dim, heads };
            let (qkv, grad) = (numbers(images * tokens * 3 * dim, 1), numbers(images * tokens * dim, 2));
            let (mut out, mut dqkv) = (vec![f32::NAN; grad.len()], vec![f32::NAN; qkv.len()]);
            forward(&qkv, sizes, &mut out);
            backward(&qkv, sizes, &grad, &mut dqkv);
            for image in 0..images {
                let (of_image, of_qkv) = (image * tokens * dim, image * tokens * 3 * dim);
                let qkv = &qkv[of_qkv..of_qkv + tokens * 3 * dim];
                let (want, want_gradient) = reference(qkv, sizes, &grad[of_image..of_image + tokens * dim]);
                for (i, want) in want.iter().enumerate() {
                    assert!((f64::from(out[of_image + i]) - want).abs() < 5e-6, "out {i} of {sizes:?}");
                }
                for (i, want) in want_gradient.iter().enumerate() {
                    let got = f64::from(dqkv[of_qkv + i]);
                    assert!(
                        (got - want).abs() < 3e-5 * want.abs().max(1.0),
                        "dqkv {i} of {sizes:?}: {got}, not {want}"
                    );
                }
            }
        }
    }

    #[test]
    fn large_scores_do_not_overflow() {
        let sizes = Sizes { tokens: 2, dim: 1, heads: 1 };
        // Scores of 1e6 against 0: all weight on the first value.
        let mut out = [0.0; 2];
        forward(&[1000.0, 1000.0, 3.0, 1000.0, 0.0, 7.0], sizes, &mut out);
        assert_eq!(out, [3.0, 3.0]);
    }

    #[test]
    #[should_panic(expected = "do not divide")]
    fn heads_that_do_not_divide_the_width_are_refused() {
        forward(&[0.0; 12], Sizes { tokens: 1, dim: 4, heads: 3 }, &mut [0.0; 4]);
    }
}
