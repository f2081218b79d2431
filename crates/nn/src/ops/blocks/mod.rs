//! Whole pre-norm transformer blocks, one after the other, as one operation.

mod composed;
mod cpu;
mod inputs;

pub use composed::composed;
pub use inputs::{BlockOptions, BlockParameters, WeightAndBias};

use burn::tensor::Tensor;

use super::choice::runs_fused;
use cpu::{RUNS, fused};

/// x + attention(norm1(x)), then + mlp(norm2(.)), block after block, for `x` [N*T, D]; gives [N*M, D] with M selected
/// tokens an image (all: M = T), which only the last block may have.
///
/// # Panics
/// When the shapes disagree.
pub fn blocks(x: Tensor<2>, blocks: Vec<(BlockParameters, BlockOptions)>) -> Tensor<2> {
    let (mut x, mut left) = (x, blocks);
    while !left.is_empty() {
        let rest = left.split_off(first_run(&left));
        x = if runs_fused(&x) {
            fused(x, left)
        } else {
            left.into_iter().fold(x, |x, (parameters, options)| composed(x, parameters, options))
        };
        left = rest;
    }
    x
}

/// How many of the first blocks are one operation: blocks that learn do not join those that do not, which need no
/// backward pass.
fn first_run(blocks: &[(BlockParameters, BlockOptions)]) -> usize {
    let learns = |(parameters, _): &(BlockParameters, BlockOptions)| parameters.qkv.weight.is_require_grad();
    let alike = blocks.iter().take_while(|block| learns(block) == learns(&blocks[0])).count();
    RUNS.into_iter().find(|&run| run <= alike).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_blocks_is_cut_into_runs() {
        for count in 1..40 {
            let mut left = count;
            while left > 0 {
                left -= RUNS.into_iter().find(|&run| run <= left).expect("a run of one");
            }
        }
        assert_eq!(RUNS[RUNS.len() - 1], 1);
    }
}
