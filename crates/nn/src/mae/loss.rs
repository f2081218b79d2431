//! The reconstruction loss on masked patches.

use burn::tensor::Tensor;

use crate::masking::Masking;
use crate::ops;

/// The masked rows of `target` [N, L, P], image by image, patch by patch: [N * (L - keep), P].
///
/// # Panics
/// When N or L are not the masking's.
pub fn masked_rows(target: Tensor<3>, masking: &Masking) -> Tensor<2> {
    let [images, patches, width] = target.dims();
    assert_eq!([images, patches], [masking.images(), masking.patches()], "the target is not of this masking");
    let rows = masking.masked().iter().map(|&row| row as u32);
    ops::pick_rows(target.reshape([images * patches, width]), rows.collect())
}

/// Mean over all rows and columns of (prediction - target)^2, for two [R, P]; gives `[1]`.
///
/// As every image masks the same number of patches, this equals the official loss (mean over columns, then over masked
/// patches).
///
/// # Panics
/// When the shapes differ.
pub fn mean_squared_error(prediction: Tensor<2>, target: Tensor<2>) -> Tensor<1> {
    ops::mean_squared_error(prediction, target)
}
