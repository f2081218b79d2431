//! Multi-head self-attention within each image, forward and backward. The backward pass needs qkv only.
//!
//! For each image and head, with q, k, v [T, H] (H = D / heads) and s = 1 / sqrt(H):
//!     P = softmax(s q k^T),  o = P v
//!     dv = P^T do,  dP = do v^T,  dS = P (dP - rowsum(P dP)),  dq = s dS k,  dk = s dS^T q
//!
//! 1. An image is one piece of work for one thread: all of a head's matrices stay in its cache.
//! 2. P is computed anew in the backward pass, which costs less than writing and reading T x T numbers for each head.
//! 3. The products read rows where they stand in qkv; only queries and the gradient of their results are transposed
//!    once.
//! 4. The softmax is not normalised before the product with v: its result is, which is smaller.
//! 5. Heads whose width is no multiple of the vectors are copied into rows padded with zeros first, and out of them at
//!    last.

use rayon::prelude::*;

use crate::instruction_set::{InstructionSet, Simd, WithSimd, dispatch_to};
use crate::lanes::{LANES, unit};
use crate::pool::Buffer;

mod head;
mod product;

use head::{Buffers, Head};
use product::Rows;

/// The sizes of an attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttentionSizes {
    /// T
    pub tokens: usize,
    /// D
    pub dim: usize,
    /// Divides D.
    pub heads: usize,
}

/// `out` [N, T, D] from `qkv` [N, T, 3D] (query, key, value, each split into heads), over all threads.
///
/// # Panics
/// When the lengths disagree with the sizes, or heads do not divide D.
pub fn forward(qkv: &[f32], sizes: AttentionSizes, out: &mut [f32]) {
    let values_per_image = sizes.check(qkv.len(), out.len());
    qkv.par_chunks(3 * values_per_image)
        .zip(out.par_chunks_mut(values_per_image))
        .for_each_init(|| Scratch::new(sizes), |scratch, (qkv, out)| image_forward(qkv, sizes, None, scratch, out));
}

/// `dqkv` [N, T, 3D], the gradient for `qkv` [N, T, 3D], from `grad` [N, T, D], the output's, over all threads.
///
/// # Panics
/// As [`forward`].
pub fn backward(qkv: &[f32], sizes: AttentionSizes, grad: &[f32], dqkv: &mut [f32]) {
    let values_per_image = sizes.check(qkv.len(), grad.len());
    assert_eq!(dqkv.len(), qkv.len(), "dqkv is as large as qkv");
    qkv.par_chunks(3 * values_per_image)
        .zip(grad.par_chunks(values_per_image))
        .zip(dqkv.par_chunks_mut(3 * values_per_image))
        .for_each_init(
            || Scratch::new(sizes),
            |scratch, ((qkv, grad), dqkv)| image_backward(qkv, sizes, None, grad, scratch, dqkv),
        );
}

/// `out` [M, D] of one image from its `qkv` [T, 3D], on the calling thread, for the M tokens of `queries`, ascending;
/// `None`: for all T.
///
/// # Panics
/// When the lengths disagree with the sizes, heads do not divide D, `scratch` was made for other sizes, or `queries` do
/// not ascend or name a token beyond the image.
pub fn image_forward(
    qkv: &[f32],
    sizes: AttentionSizes,
    queries: Option<&[u32]>,
    scratch: &mut Scratch,
    out: &mut [f32],
) {
    Forward { qkv, sizes, queries, scratch, out }.run_on(InstructionSet::current());
}

/// `dqkv` [T, 3D] of one image, overwritten, from its `qkv` [T, 3D] and `grad` [M, D], the output's, on the calling
/// thread. Only the M tokens of `queries` have an output (`None`: all T); the gradients of other tokens' queries are 0.
///
/// # Panics
/// As [`image_forward`].
pub fn image_backward(
    qkv: &[f32],
    sizes: AttentionSizes,
    queries: Option<&[u32]>,
    grad: &[f32],
    scratch: &mut Scratch,
    dqkv: &mut [f32],
) {
    Backward { qkv, sizes, queries, grad, scratch, dqkv }.run_on(InstructionSet::current());
}

impl AttentionSizes {
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

    /// M, if everything fits one image.
    fn check_image(self, qkv: usize, out: usize, queries: Option<&[u32]>, scratch: &Scratch) -> usize {
        let values_per_image = self.check(3 * self.tokens * self.dim, self.tokens * self.dim);
        assert_eq!(qkv, 3 * values_per_image, "qkv is [T, 3D]");
        let count = queries.map_or(self.tokens, <[u32]>::len);
        assert_eq!(out, count * self.dim, "the output has a row of D for each query");
        if let Some(queries) = queries {
            assert!(queries.is_sorted_by(|a, b| a < b), "queries ascend");
            assert!(
                queries.last().is_none_or(|last| (*last as usize) < self.tokens),
                "queries are tokens of the image"
            );
        }
        assert_eq!(scratch.sizes, self, "the scratch is for these sizes");
        count
    }

    fn head_dim(self) -> usize {
        self.dim / self.heads
    }

    fn scale(self) -> f32 {
        1.0 / (self.head_dim() as f32).sqrt()
    }
}

/// Buffers of one thread, for attentions of the same sizes.
#[derive(Debug)]
pub struct Scratch {
    sizes: AttentionSizes,
    buffers: Buffers,
    /// Gathered or padded rows of one head, [T][H rounded up]: queries, keys, values, the result's gradient, and
    /// results.
    copies: [Buffer; 5],
}

impl Scratch {
    /// For these sizes.
    ///
    /// # Panics
    /// When heads do not divide D, or a size is 0.
    pub fn new(sizes: AttentionSizes) -> Self {
        sizes.check(0, 0);
        let padded = sizes.head_dim().next_multiple_of(LANES);
        let copies = std::array::from_fn(|_| Buffer::zeros(sizes.tokens * padded));
        Self { sizes, buffers: Buffers::new(sizes.tokens, padded, sizes.scale()), copies }
    }
}

struct Forward<'a> {
    qkv: &'a [f32],
    sizes: AttentionSizes,
    queries: Option<&'a [u32]>,
    scratch: &'a mut Scratch,
    out: &'a mut [f32],
}

impl Forward<'_> {
    fn run_on(self, set: InstructionSet) {
        if self.sizes.check_image(self.qkv.len(), self.out.len(), self.queries, self.scratch) > 0 {
            dispatch_to(set, self);
        }
    }
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { qkv, sizes, queries, scratch, out } = self;
        let Scratch { buffers, copies: [q, k, v, _, result], .. } = scratch;
        let width = sizes.head_dim();
        for number in 0..sizes.heads {
            let head = Head::of::<S>(qkv, sizes, number, queries, [q, k, v]);
            if head.padded == width {
                head.forward(simd, buffers, &mut out[number * width..], sizes.dim);
            } else {
                head.forward(simd, buffers, result, head.padded);
                let rows = Rows { values: result, stride: head.padded };
                scatter(rows, 0..head.queries, width, &mut out[number * width..], sizes.dim);
            }
        }
    }
}

struct Backward<'a> {
    qkv: &'a [f32],
    sizes: AttentionSizes,
    queries: Option<&'a [u32]>,
    grad: &'a [f32],
    scratch: &'a mut Scratch,
    dqkv: &'a mut [f32],
}

impl Backward<'_> {
    fn run_on(self, set: InstructionSet) {
        let count = self.sizes.check_image(self.qkv.len(), self.grad.len(), self.queries, self.scratch);
        assert_eq!(self.dqkv.len(), self.qkv.len(), "dqkv is as large as qkv");
        if count > 0 {
            dispatch_to(set, self);
        } else {
            self.dqkv.fill(0.0);
        }
    }
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { qkv, sizes, queries, grad, scratch, dqkv } = self;
        let Scratch { buffers, copies: [q, k, v, of_result, result], .. } = scratch;
        let (width, dim, stride) = (sizes.head_dim(), sizes.dim, 3 * sizes.dim);
        if queries.is_some() {
            for row in dqkv.chunks_exact_mut(stride) {
                row[..dim].fill(0.0);
            }
        }
        for number in 0..sizes.heads {
            let head = Head::of::<S>(qkv, sizes, number, queries, [q, k, v]);
            let mut grad = Rows { values: &grad[number * width..], stride: dim };
            let (is_whole, padded, tokens) = (head.padded == width, head.padded, head.tokens);
            if !is_whole {
                grad = gather(grad, 0..head.queries, width, of_result, padded);
            }
            head.prepare(simd, grad, buffers);
            let [dq, dk, dv] = [0, 1, 2].map(|part| part * dim + number * width);
            if is_whole {
                head.dv(simd, grad, buffers, &mut dqkv[dv..], stride);
                head.dk(simd, buffers, &mut dqkv[dk..], stride);
            } else {
                head.dv(simd, grad, buffers, result, padded);
                scatter(Rows { values: result, stride: padded }, 0..tokens, width, &mut dqkv[dv..], stride);
                head.dk(simd, buffers, result, padded);
                scatter(Rows { values: result, stride: padded }, 0..tokens, width, &mut dqkv[dk..], stride);
            }
            if is_whole && queries.is_none() {
                head.dq(simd, buffers, &mut dqkv[dq..], stride);
            } else {
                head.dq(simd, buffers, result, padded);
                let rows = Rows { values: result, stride: padded };
                match queries {
                    Some(queries) => {
                        let places = queries.iter().map(|query| *query as usize);
                        scatter(rows, places, width, &mut dqkv[dq..], stride);
                    }
                    None => scatter(rows, 0..tokens, width, &mut dqkv[dq..], stride),
                }
            }
        }
    }
}

impl<'a> Head<'a> {
    /// Head `number` of an image, its rows where they stand, or copied to `copies` where they must be gathered or
    /// padded.
    #[inline(always)]
    fn of<S: Simd>(
        qkv: &'a [f32],
        sizes: AttentionSizes,
        number: usize,
        queries: Option<&[u32]>,
        copies: [&'a mut Buffer; 3],
    ) -> Self {
        let (width, tokens) = (sizes.head_dim(), sizes.tokens);
        let [mut q, mut k, mut v] =
            [0, 1, 2].map(|part| Rows { values: &qkv[part * sizes.dim + number * width..], stride: 3 * sizes.dim });
        let is_whole = width.is_multiple_of(unit::<S>());
        let padded = if is_whole { width } else { width.next_multiple_of(LANES) };
        let [of_q, of_k, of_v] = copies;
        if let Some(queries) = queries {
            q = gather(q, queries.iter().map(|query| *query as usize), width, of_q, padded);
        } else if !is_whole {
            q = gather(q, 0..tokens, width, of_q, padded);
        }
        if !is_whole {
            k = gather(k, 0..tokens, width, of_k, padded);
            v = gather(v, 0..tokens, width, of_v, padded);
        }
        let queries = queries.map_or(tokens, <[u32]>::len);
        Self { q, k, v, queries, tokens, width, padded, exponent: sizes.scale() * std::f32::consts::LOG2_E }
    }
}

/// Copies some rows to `into`, each padded with zeros.
#[inline(always)]
fn gather<'a>(
    rows: Rows<'_>,
    which: impl Iterator<Item = usize>,
    width: usize,
    into: &'a mut [f32],
    padded: usize,
) -> Rows<'a> {
    for (row, into) in which.zip(into.chunks_exact_mut(padded)) {
        into[..width].copy_from_slice(&rows.values[row * rows.stride..][..width]);
        into[width..].fill(0.0);
    }
    Rows { values: into, stride: padded }
}

/// Copies rows, without their padding, to the places among rows `stride` apart.
#[inline(always)]
fn scatter(rows: Rows<'_>, places: impl Iterator<Item = usize>, width: usize, into: &mut [f32], stride: usize) {
    for (row, place) in rows.values.chunks_exact(rows.stride).zip(places) {
        into[place * stride..][..width].copy_from_slice(&row[..width]);
    }
}

#[cfg(test)]
mod tests;
