//! The mean over the patch tokens of an image.

mod fused;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::fused::applies;
use fused::FusedTokenMean;

/// The means over the patch tokens, without the class token that comes first: `x` [N*T, D] to [N, D]; `tokens` is T.
///
/// # Panics
/// When an image has no patch token, or the rows are not whole images.
pub fn mean_of_patch_tokens(x: Tensor<2>, tokens: usize) -> Tensor<2> {
    let [rows, _] = x.dims();
    assert!(tokens > 1 && rows.is_multiple_of(tokens), "x is [N*T, D] with more than one token an image");
    if !applies(&x) {
        return composed(x, tokens);
    }
    Tensor::from_dispatch(<Dispatch as FusedTokenMean>::fused_mean_of_patch_tokens(x.into_dispatch(), tokens))
}

/// The same of Burn's own operations, for every other device.
pub fn composed(x: Tensor<2>, tokens: usize) -> Tensor<2> {
    let [rows, dim] = x.dims();
    let images = rows / tokens;
    x.reshape([images, tokens, dim]).slice([0..images, 1..tokens, 0..dim]).mean_dim(1).reshape([images, dim])
}
