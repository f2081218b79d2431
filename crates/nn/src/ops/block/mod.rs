//! A whole pre-norm transformer block as one operation.

mod composed;
mod cpu;
mod inputs;

pub use composed::composed;
pub use inputs::{BlockOptions, BlockParameters, WeightAndBias};

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::choice::runs_fused;
use cpu::{BlockTensors, FusedBlock};

/// x + attention(norm1(x)), then + mlp(norm2(.)), for `x` [N*T, D]; gives [N*M, D] with M selected tokens an image
/// (all: M = T).
///
/// # Panics
/// When the shapes disagree.
pub fn block(x: Tensor<2>, parameters: BlockParameters, options: BlockOptions) -> Tensor<2> {
    if !runs_fused(&x) {
        return composed(x, parameters, options);
    }
    let parameters = BlockTensors::from(parameters);
    Tensor::from_dispatch(<Dispatch as FusedBlock>::fused_block(x.into_dispatch(), parameters, options))
}
