//! One head of one image, forward and backward.
//!
//! Everything between the products stands transposed, keys below each other and queries side by side: the sums of a
//! softmax then run down the columns, and its vectors hold no padding but in the last unit of queries. A single query
//! beyond whole units (17 tokens of an image are 16 and the class token) goes by itself, since a vector for it alone
//! would double the work.

use super::product::{HeadEpilogue, HeadProduct, Rows, StridedFactor};
use crate::exponential::power_of_two;
use crate::instruction_set::Simd;
use crate::lanes::{LANES, unit};
use crate::pool::Buffer;
use crate::transpose::transpose;

/// Rows of one head: M queries, T keys and values.
#[derive(Clone, Copy)]
pub(super) struct Head<'a> {
    pub q: Rows<'a>,
    pub k: Rows<'a>,
    pub v: Rows<'a>,
    /// M
    pub queries: usize,
    /// T
    pub tokens: usize,
    /// Numbers in a row that count.
    pub width: usize,
    /// Numbers in a row with the zeros after them: a multiple of [`unit`].
    pub padded: usize,
    /// log2(e) / sqrt of a head's width: scores times it are exponents of two.
    pub exponent: f32,
}

/// What the passes over a head keep between their products.
#[derive(Debug)]
pub(super) struct Buffers {
    /// Between rows of keys in the buffers whose columns are queries: T rounded up.
    stride: usize,
    /// q or do, transposed: [H rounded up][stride].
    across: Buffer,
    /// exp(S), then P, transposed: [T][stride].
    probabilities: Buffer,
    /// dS, transposed: [T][stride].
    slopes: Buffer,
    /// 1 / sums of exp(S), by query.
    normalisers: Buffer,
    /// Largest score, later the sum of P dP, by query.
    largest: Buffer,
    /// Scores of a query that goes by itself, by key.
    alone: Buffer,
    /// Factors of the rows of dq and dk, and of dv.
    scales: Buffer,
    ones: Buffer,
}

impl Buffers {
    /// For T tokens and heads of this padded width, whose scores are scaled by `scale`.
    pub(super) fn new(tokens: usize, padded: usize, scale: f32) -> Self {
        let stride = tokens.next_multiple_of(LANES);
        let (mut scales, mut ones) = (Buffer::zeros(tokens), Buffer::zeros(tokens));
        scales.fill(scale);
        ones.fill(1.0);
        let buffer = Buffer::zeros;
        Self {
            stride,
            across: buffer(padded * stride),
            probabilities: buffer(tokens * stride),
            slopes: buffer(tokens * stride),
            normalisers: buffer(stride),
            largest: buffer(stride),
            alone: buffer(stride),
            scales,
            ones,
        }
    }
}

impl Head<'_> {
    /// out [M, H] = softmax(s q k^T) v, in rows `stride` apart.
    #[inline(always)]
    pub(super) fn forward<S: Simd>(&self, simd: S, buffers: &mut Buffers, out: &mut [f32], stride: usize) {
        self.exponentials(simd, buffers);
        let left = StridedFactor { values: &buffers.probabilities, row: 1, column: buffers.stride };
        let end = HeadEpilogue::Times(&buffers.normalisers);
        self.product(simd, left, self.queries, (self.v, self.tokens), end, out, stride);
    }

    /// Prepares the gradients from that of the result, for [`dq`](Self::dq), [`dk`](Self::dk) and [`dv`](Self::dv).
    #[inline(always)]
    pub(super) fn prepare<S: Simd>(&self, simd: S, grad: Rows<'_>, buffers: &mut Buffers) {
        self.exponentials(simd, buffers);
        self.slopes(simd, grad, buffers);
    }

    /// dq [M, H] = s dS k, in rows `stride` apart.
    #[inline(always)]
    pub(super) fn dq<S: Simd>(&self, simd: S, buffers: &Buffers, out: &mut [f32], stride: usize) {
        let left = StridedFactor { values: &buffers.slopes, row: 1, column: buffers.stride };
        self.product(
            simd,
            left,
            self.queries,
            (self.k, self.tokens),
            HeadEpilogue::Times(&buffers.scales),
            out,
            stride,
        );
    }

    /// dk [T, H] = s dS^T q, in rows `stride` apart.
    #[inline(always)]
    pub(super) fn dk<S: Simd>(&self, simd: S, buffers: &Buffers, out: &mut [f32], stride: usize) {
        let left = StridedFactor { values: &buffers.slopes, row: buffers.stride, column: 1 };
        self.product(
            simd,
            left,
            self.tokens,
            (self.q, self.queries),
            HeadEpilogue::Times(&buffers.scales),
            out,
            stride,
        );
    }

    /// dv [T, H] = P^T do, in rows `stride` apart.
    #[inline(always)]
    pub(super) fn dv<S: Simd>(&self, simd: S, grad: Rows<'_>, buffers: &Buffers, out: &mut [f32], stride: usize) {
        let left = StridedFactor { values: &buffers.probabilities, row: buffers.stride, column: 1 };
        self.product(simd, left, self.tokens, (grad, self.queries), HeadEpilogue::Times(&buffers.ones), out, stride);
    }

    /// out [m, H] = left times the k rows of a head.
    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "a product with all its sizes")]
    fn product<S: Simd>(
        &self,
        simd: S,
        left: StridedFactor<'_>,
        m: usize,
        (right, k): (Rows<'_>, usize),
        epilogue: HeadEpilogue<'_>,
        out: &mut [f32],
        stride: usize,
    ) {
        simd.vectorize(HeadProduct { left, right, m, k, n: self.padded, epilogue, out, stride });
    }

    /// Queries that go in vectors, padded to whole units, and whether one more goes by itself.
    #[inline(always)]
    fn columns<S: Simd>(&self) -> (usize, bool) {
        match self.queries % unit::<S>() {
            1 => (self.queries - 1, true),
            _ => (self.queries.next_multiple_of(unit::<S>()), false),
        }
    }

    /// exp(s (q k^T - largest)), transposed, into `probabilities` [T][M], and the inverse of its sums into
    /// `normalisers`.
    #[inline(always)]
    fn exponentials<S: Simd>(&self, simd: S, buffers: &mut Buffers) {
        let Buffers { across, probabilities, normalisers, largest, alone, stride, .. } = buffers;
        let (stride, tokens, exponent) = (*stride, self.tokens, self.exponent);
        let (columns, one_more) = self.columns::<S>();
        if columns > 0 {
            transpose(simd, (self.q.values, self.q.stride), self.queries.min(columns), self.padded, across, stride);
            largest[..columns].fill(f32::NEG_INFINITY);
            simd.vectorize(HeadProduct {
                left: StridedFactor { values: self.k.values, row: self.k.stride, column: 1 },
                right: Rows { values: across, stride },
                m: tokens,
                k: self.width,
                n: columns,
                epilogue: HeadEpilogue::Largest(largest),
                out: probabilities,
                stride,
            });
            for first in (0..columns).step_by(unit::<S>()) {
                match S::F32_LANES {
                    16 | 8 => {
                        softmax::<S, 1>(simd, probabilities, stride, tokens, first, exponent, largest, normalisers)
                    }
                    _ => {
                        softmax::<S, LANES>(simd, probabilities, stride, tokens, first, exponent, largest, normalisers)
                    }
                }
            }
        }
        if one_more {
            let (scores, at) = (&mut alone[..tokens.next_multiple_of(LANES)], self.queries - 1);
            dots(simd, self.k, tokens, &self.q.values[at * self.q.stride..][..self.padded], scores);
            scores[tokens..].fill(f32::NEG_INFINITY);
            let scores = S::as_mut_simd_f32s(scores).0;
            let mut most = simd.splat_f32s(f32::NEG_INFINITY);
            for scores in &*scores {
                most = simd.max_f32s(most, *scores);
            }
            let (most, factor) = (simd.splat_f32s(simd.reduce_max_f32s(most)), simd.splat_f32s(exponent));
            let mut sum = simd.splat_f32s(0.0);
            for score in scores {
                *score = power_of_two(simd, simd.mul_f32s(simd.sub_f32s(*score, most), factor));
                sum = simd.add_f32s(sum, *score);
            }
            // 2 to -inf is 0.
            normalisers[at] = 1.0 / simd.reduce_sum_f32s(sum);
            for (row, value) in probabilities.chunks_exact_mut(stride).zip(&alone[..tokens]) {
                row[at] = *value;
            }
        }
    }

    /// With E in `probabilities`: P there, and dS = P (dP - sum over keys of P dP) in `slopes`, both transposed.
    #[inline(always)]
    fn slopes<S: Simd>(&self, simd: S, grad: Rows<'_>, buffers: &mut Buffers) {
        let Buffers { across, probabilities, slopes, normalisers, largest: inner, alone, stride, .. } = buffers;
        let (stride, tokens) = (*stride, self.tokens);
        let (columns, one_more) = self.columns::<S>();
        if columns > 0 {
            transpose(simd, (grad.values, grad.stride), self.queries.min(columns), self.padded, across, stride);
            inner[..columns].fill(0.0);
            simd.vectorize(HeadProduct {
                left: StridedFactor { values: self.v.values, row: self.v.stride, column: 1 },
                right: Rows { values: across, stride },
                m: tokens,
                k: self.width,
                n: columns,
                epilogue: HeadEpilogue::Inner(probabilities, inner),
                out: slopes,
                stride,
            });
        }
        if one_more {
            let at = self.queries - 1;
            dots(simd, self.v, tokens, &grad.values[at * grad.stride..][..self.padded], alone);
            inner[at] = 0.0;
            let rows = probabilities.chunks_exact(stride).zip(slopes.chunks_exact_mut(stride));
            for ((p, slopes), value) in rows.zip(&alone[..tokens]) {
                inner[at] += p[at] * value;
                slopes[at] = *value;
            }
        }
        let used = columns + usize::from(one_more);
        let rows = probabilities.chunks_exact_mut(stride).zip(slopes.chunks_exact_mut(stride)).take(tokens);
        for (p, slopes) in rows {
            let ((p, p_rest), (slopes, slopes_rest)) =
                (S::as_mut_simd_f32s(&mut p[..used]), S::as_mut_simd_f32s(&mut slopes[..used]));
            let ((factor, factor_rest), (inner, inner_rest)) =
                (S::as_simd_f32s(&normalisers[..used]), S::as_simd_f32s(&inner[..used]));
            for (((p, slope), factor), inner) in p.iter_mut().zip(slopes).zip(factor).zip(inner) {
                *p = simd.mul_f32s(*p, *factor);
                *slope = simd.mul_f32s(*p, simd.negate_mul_add_e_f32s(*inner, *factor, *slope));
            }
            for (((p, slope), factor), inner) in p_rest.iter_mut().zip(slopes_rest).zip(factor_rest).zip(inner_rest) {
                *p *= factor;
                *slope = *p * (*slope - inner * factor);
            }
        }
    }
}

/// Scores in `V` vectors of columns from `first` on become exponentials; the inverse of their sums goes to
/// `normalisers`.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "an inner loop with its buffers")]
fn softmax<S: Simd, const V: usize>(
    simd: S,
    scores: &mut [f32],
    stride: usize,
    tokens: usize,
    first: usize,
    exponent: f32,
    largest: &[f32],
    normalisers: &mut [f32],
) {
    let of_columns = first..first + V * S::F32_LANES;
    let largest = S::as_simd_f32s(&largest[of_columns.clone()]).0;
    let mut sums = [simd.splat_f32s(0.0); V];
    for row in scores.chunks_exact_mut(stride).take(tokens) {
        let row = S::as_mut_simd_f32s(&mut row[of_columns.clone()]).0;
        for v in 0..V {
            let below = simd.mul_f32s(simd.sub_f32s(row[v], largest[v]), simd.splat_f32s(exponent));
            row[v] = power_of_two(simd, below);
            sums[v] = simd.add_f32s(sums[v], row[v]);
        }
    }
    let normalisers = S::as_mut_simd_f32s(&mut normalisers[of_columns]).0;
    for v in 0..V {
        normalisers[v] = simd.div_f32s(simd.splat_f32s(1.0), sums[v]);
    }
}

/// out `[T]` = the products of the first T of `rows` with `vector`, whose length is a multiple of [`unit`].
#[inline(always)]
fn dots<S: Simd>(simd: S, rows: Rows<'_>, tokens: usize, vector: &[f32], out: &mut [f32]) {
    /// Rows side by side.
    const ROWS: usize = 4;
    let width = vector.len();
    let vector = S::as_simd_f32s(vector).0;
    let row = |i: usize| S::as_simd_f32s(&rows.values[i * rows.stride..][..width]).0;
    for first in (0..tokens).step_by(ROWS) {
        let mut of_group = [&vector[..0]; ROWS];
        for (i, of_group) in of_group.iter_mut().enumerate() {
            *of_group = &row((first + i).min(tokens - 1))[..vector.len()];
        }
        let mut sums = [simd.splat_f32s(0.0); ROWS];
        for (v, factor) in vector.iter().enumerate() {
            for i in 0..ROWS {
                sums[i] = simd.mul_add_e_f32s(of_group[i][v], *factor, sums[i]);
            }
        }
        for (out, sum) in out[first..tokens.min(first + ROWS)].iter_mut().zip(sums) {
            *out = simd.reduce_sum_f32s(sum);
        }
    }
}
