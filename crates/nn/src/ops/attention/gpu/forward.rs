//! The forward pass of attention.

use burn_cubecl::cubecl::{self, prelude::*};

use super::tile::{
    OTHERS, ROWS, add_weighted_rows, head_block, inner_products, load, scale_rows, store, stride, zeros,
};

/// Below every score.
const LOWEST: f32 = -1e30;

/// The weighted values of a block of queries, and the logarithm of each query's sum of exponentials, `log_sums` [N, heads, T].
#[cube(launch)]
fn queries(
    qkv: &[f32],
    out: &mut [f32],
    log_sums: &mut [f32],
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
    let mut key = Shared::new_slice(comptime!(OTHERS * stride(head_dim)));
    let mut value = Shared::new_slice(comptime!(OTHERS * stride(head_dim)));
    let mut scores = Shared::new_slice(comptime!(ROWS * OTHERS));
    // What each row's sums so far are multiplied by.
    let mut factors = Shared::new_slice(ROWS);
    let row = UNIT_POS as usize;
    load(qkv, &block.query, block.first, scale, &mut query, ROWS, head_dim);

    let mut sums = zeros(head_dim);
    let mut largest = f32::new(LOWEST);
    let mut total = 0.0f32;
    let mut first = 0usize;
    while first < tokens {
        load(qkv, &block.key, first, 1.0, &mut key, OTHERS, head_dim);
        load(qkv, &block.value, first, 1.0, &mut value, OTHERS, head_dim);
        sync_cube();
        inner_products(&query, &key, &mut scores, head_dim);
        sync_cube();
        if row < ROWS {
            let valid = min(tokens - first, OTHERS);
            let mut new_largest = largest;
            for other in 0..valid {
                new_largest = max(new_largest, scores[row * OTHERS + other]);
            }
            let factor = f32::exp(largest - new_largest);
            total *= factor;
            for other in 0..OTHERS {
                let mut weight = 0.0f32;
                if other < valid {
                    weight = f32::exp(scores[row * OTHERS + other] - new_largest);
                }
                scores[row * OTHERS + other] = weight;
                total += weight;
            }
            factors[row] = factor;
            largest = new_largest;
        }
        sync_cube();
        scale_rows(&mut sums, &factors, head_dim);
        add_weighted_rows(&scores, &value, &mut sums, head_dim);
        sync_cube();
        first += OTHERS;
    }

    if row < ROWS {
        factors[row] = 1.0 / total;
        if block.first + row < tokens {
            log_sums[block.pair * tokens + block.first + row] = largest + f32::ln(total);
        }
    }
    sync_cube();
    scale_rows(&mut sums, &factors, head_dim);
    store(&sums, 1.0, out, &block.out, block.first, head_dim);
}

pub(super) use queries::launch;
