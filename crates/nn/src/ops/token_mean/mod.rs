//! The mean over the patch tokens of an image.

mod composed;
mod cpu;

pub use composed::composed;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::choice::runs_fused;
use cpu::FusedTokenMean;

/// The means over the patch tokens, without the class token that comes first: `x` [N*T, D] to [N, D]; `tokens` is T.
///
/// # Panics
/// When an image has no patch token, or the rows are not whole images.
pub fn mean_of_patch_tokens(x: Tensor<2>, tokens: usize) -> Tensor<2> {
    let [rows, _] = x.dims();
    assert!(tokens > 1 && rows.is_multiple_of(tokens), "x is [N*T, D] with more than one token an image");
    if !runs_fused(&x) {
        return composed(x, tokens);
    }
    Tensor::from_dispatch(<Dispatch as FusedTokenMean>::fused_mean_of_patch_tokens(x.into_dispatch(), tokens))
}
