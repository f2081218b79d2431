//! Features of a frozen encoder, one per image, without augmentation.

use std::sync::Arc;

use bmae_data::Images;
use bmae_nn::Encoder;
use burn::tensor::{Tensor, TensorData};

use crate::input::{evaluation_batches, flat_patches, patch_tensor};
use crate::recipe::{Feature, Recipe};
use crate::{Session, TrainError};

/// Features of a set of images, in its order.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// [N, D], flat.
    pub values: Vec<f32>,
    /// `[N]`, or empty for images without labels.
    pub labels: Vec<i64>,
    /// D.
    pub dim: usize,
}

impl Features {
    /// N.
    pub fn len(&self) -> usize {
        self.values.len() / self.dim.max(1)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The rows `rows` as a tensor [rows, D] on the device of `session`, without autodiff.
    pub(crate) fn rows(&self, rows: std::ops::Range<usize>, session: &Session<'_>) -> Tensor<2> {
        let values = self.values[rows.start * self.dim..rows.end * self.dim].to_vec();
        Tensor::from_data(TensorData::new(values, [rows.len(), self.dim]), &session.inference_device())
    }
}

/// One feature [N, D] from an encoder's tokens [N, 1+L, D].
pub(crate) fn pooled(tokens: Tensor<3>, feature: Feature) -> Tensor<2> {
    let [images, count, dim] = tokens.dims();
    match feature {
        Feature::ClassToken => tokens.slice([0..images, 0..1, 0..dim]).reshape([images, dim]),
        Feature::Mean => tokens.slice([0..images, 1..count, 0..dim]).mean_dim(1).reshape([images, dim]),
    }
}

/// Which features of an encoder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// After the final norm.
    pub feature: Feature,
    /// Of the first so many images; 0: of all.
    pub limit: usize,
    /// Images that the encoder sees at once.
    pub batch_size: usize,
}

/// The `wanted` features of `images` under `encoder`, which lives on the device without autodiff.
///
/// `go_on` is asked before every batch; once it says no, the result is short.
pub(crate) fn extract(
    session: &Session<'_>,
    recipe: &Recipe,
    encoder: &Encoder,
    images: &Arc<dyn Images>,
    wanted: Wanted,
    go_on: impl Fn() -> bool,
) -> Result<Features, TrainError> {
    let limit = if wanted.limit == 0 { images.len() } else { wanted.limit.min(images.len()) };
    let dim = recipe.model.encoder.dim;
    let mut features = Features { values: Vec::with_capacity(limit * dim), labels: Vec::new(), dim };
    for batch in evaluation_batches(images, recipe, wanted.batch_size, session.workers())? {
        if features.len() >= limit || !go_on() {
            break;
        }
        let batch = batch?;
        let patches = patch_tensor(flat_patches(&batch.images, recipe)?, recipe, &session.inference_device());
        let pooled = pooled(encoder.forward(patches), wanted.feature);
        features.values.extend(pooled.into_data().iter::<f32>());
        features.labels.extend(batch.labels);
    }
    features.values.truncate(limit * dim);
    features.labels.truncate(limit);
    Ok(features)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn a_feature_is_the_class_token_or_the_mean_of_the_patch_tokens_without_it() {
        let tokens = || Tensor::<3>::from_floats([[[1.0, 2.0], [3.0, 5.0], [5.0, 9.0]]], &Device::flex());
        let of = |feature| pooled(tokens(), feature).into_data().iter::<f32>().collect::<Vec<_>>();
        assert_eq!(of(Feature::ClassToken), [1.0, 2.0]);
        assert_eq!(of(Feature::Mean), [4.0, 7.0]);
    }
}
