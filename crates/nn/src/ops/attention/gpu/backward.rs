//! The backward pass of attention: the scores are computed anew, and with the logarithms of their sums become weights at once.

use burn_cubecl::cubecl::{self, prelude::*};

use super::tile::{OTHERS, ROWS, UNITS, add_weighted_rows, head_block, inner_products, load, store, stride, zeros};

/// Values in shared memory that [`keys`] needs, which needs most.
pub(super) const fn shared_values(head_dim: usize) -> usize {
    2 * (ROWS + OTHERS) * stride(head_dim) + 2 * ROWS * OTHERS + 2 * OTHERS
}

/// The gradient of a block of queries. `dots` [N, heads, T] gets the inner product of each query's result with its gradient.
#[cube(launch)]
#[expect(clippy::too_many_arguments, reason = "a kernel takes its numbers one by one")]
fn queries(
    qkv: &[f32],
    grad: &[f32],
    out: &[f32],
    log_sums: &[f32],
    gradient: &mut [f32],
    dots: &mut [f32],
    tokens: usize,
    heads: usize,
    scale: f32,
    #[comptime] head_dim: usize,
) {
    let block = head_block(tokens, heads, head_dim);
    if block.pair * tokens >= log_sums.len() {
        terminate!();
    }
    let mut query = Shared::new_slice(comptime!(ROWS * stride(head_dim)));
    let mut slope = Shared::new_slice(comptime!(ROWS * stride(head_dim)));
    let mut key = Shared::new_slice(comptime!(OTHERS * stride(head_dim)));
    let mut value = Shared::new_slice(comptime!(OTHERS * stride(head_dim)));
    let mut scores = Shared::new_slice(comptime!(ROWS * OTHERS));
    let mut slopes = Shared::new_slice(comptime!(ROWS * OTHERS));
    let mut log_sum = Shared::new_slice(ROWS);
    let mut dot = Shared::new_slice(ROWS);
    load(qkv, &block.query, block.first, scale, &mut query, ROWS, head_dim);
    load(grad, &block.out, block.first, 1.0, &mut slope, ROWS, head_dim);
    sync_cube();
    let row = UNIT_POS as usize;
    if row < ROWS {
        let token = block.first + row;
        let mut sum = 0.0f32;
        let mut log = 0.0f32;
        if token < tokens {
            for column in 0..head_dim {
                sum += out[block.out.at(token, column)] * slope[row * comptime!(stride(head_dim)) + column];
            }
            log = log_sums[block.pair * tokens + token];
            dots[block.pair * tokens + token] = sum;
        }
        dot[row] = sum;
        log_sum[row] = log;
    }

    let mut sums = zeros(head_dim);
    let mut first = 0usize;
    while first < tokens {
        load(qkv, &block.key, first, 1.0, &mut key, OTHERS, head_dim);
        load(qkv, &block.value, first, 1.0, &mut value, OTHERS, head_dim);
        sync_cube();
        inner_products(&query, &key, &mut scores, head_dim);
        inner_products(&slope, &value, &mut slopes, head_dim);
        sync_cube();
        let mut at = UNIT_POS as usize;
        while at < comptime!(ROWS * OTHERS) {
            let row = at / OTHERS;
            let mut of_score = 0.0f32;
            if first + at % OTHERS < tokens {
                of_score = f32::exp(scores[at] - log_sum[row]) * (slopes[at] - dot[row]);
            }
            slopes[at] = of_score;
            at += UNITS;
        }
        sync_cube();
        add_weighted_rows(&slopes, &key, &mut sums, head_dim);
        sync_cube();
        first += OTHERS;
    }
    store(&sums, scale, gradient, &block.query, block.first, head_dim);
}

/// The gradients of a block of keys and of their values.
#[cube(launch)]
#[expect(clippy::too_many_arguments, reason = "a kernel takes its numbers one by one")]
fn keys(
    qkv: &[f32],
    grad: &[f32],
    log_sums: &[f32],
    dots: &[f32],
    gradient: &mut [f32],
    tokens: usize,
    heads: usize,
    scale: f32,
    #[comptime] head_dim: usize,
) {
    let block = head_block(tokens, heads, head_dim);
    if block.pair * tokens >= log_sums.len() {
        terminate!();
    }
    let mut key = Shared::new_slice(comptime!(ROWS * stride(head_dim)));
    let mut value = Shared::new_slice(comptime!(ROWS * stride(head_dim)));
    let mut query = Shared::new_slice(comptime!(OTHERS * stride(head_dim)));
    let mut slope = Shared::new_slice(comptime!(OTHERS * stride(head_dim)));
    let mut scores = Shared::new_slice(comptime!(ROWS * OTHERS));
    let mut slopes = Shared::new_slice(comptime!(ROWS * OTHERS));
    let mut log_sum = Shared::new_slice(OTHERS);
    let mut dot = Shared::new_slice(OTHERS);
    load(qkv, &block.key, block.first, 1.0, &mut key, ROWS, head_dim);
    load(qkv, &block.value, block.first, 1.0, &mut value, ROWS, head_dim);

    let mut of_keys = zeros(head_dim);
    let mut of_values = zeros(head_dim);
    let mut first = 0usize;
    while first < tokens {
        load(qkv, &block.query, first, scale, &mut query, OTHERS, head_dim);
        load(grad, &block.out, first, 1.0, &mut slope, OTHERS, head_dim);
        let other = UNIT_POS as usize;
        if other < OTHERS && first + other < tokens {
            log_sum[other] = log_sums[block.pair * tokens + first + other];
            dot[other] = dots[block.pair * tokens + first + other];
        }
        sync_cube();
        inner_products(&key, &query, &mut scores, head_dim);
        inner_products(&value, &slope, &mut slopes, head_dim);
        sync_cube();
        let mut at = UNIT_POS as usize;
        while at < comptime!(ROWS * OTHERS) {
            let other = at % OTHERS;
            let mut weight = 0.0f32;
            let mut of_score = 0.0f32;
            if first + other < tokens {
                weight = f32::exp(scores[at] - log_sum[other]);
                of_score = weight * (slopes[at] - dot[other]);
            }
            scores[at] = weight;
            slopes[at] = of_score;
            at += UNITS;
        }
        sync_cube();
        add_weighted_rows(&scores, &slope, &mut of_values, head_dim);
        add_weighted_rows(&slopes, &query, &mut of_keys, head_dim);
        sync_cube();
        first += OTHERS;
    }
    store(&of_keys, 1.0, gradient, &block.key, block.first, head_dim);
    store(&of_values, 1.0, gradient, &block.value, block.first, head_dim);
}

pub(super) use keys::launch as launch_keys;
pub(super) use queries::launch as launch_queries;
