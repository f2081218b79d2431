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

/// What stands for a whole image, somewhere in an encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncoderFeature {
    /// The class token after the final norm.
    ClassToken,
    /// The mean of the patch tokens after the final norm.
    Mean,
    /// The mean of the patch tokens after the block of this number (from 0), before the final norm.
    Block(usize),
}

impl From<Feature> for EncoderFeature {
    fn from(feature: Feature) -> Self {
        match feature {
            Feature::ClassToken => Self::ClassToken,
            Feature::Mean => Self::Mean,
        }
    }
}

impl EncoderFeature {
    /// This feature [N, D] of `images` [N, 3, S, S] (normalised), on the device of `encoder`.
    ///
    /// # Errors
    /// When `images` are none of the recipe's, or the encoder has no such block.
    pub(crate) fn of(self, encoder: &Encoder, recipe: &Recipe, images: &[f32]) -> Result<Tensor<2>, TrainError> {
        let patches = patch_tensor(flat_patches(images, recipe)?, recipe, &encoder.device());
        let tokens = match self {
            Self::ClassToken | Self::Mean => encoder.forward(patches),
            Self::Block(block) => encoder.forward_to_block(patches, block)?,
        };
        let [images, count, dim] = tokens.dims();
        Ok(match self {
            Self::ClassToken => tokens.slice([0..images, 0..1, 0..dim]).reshape([images, dim]),
            Self::Mean | Self::Block(_) => {
                tokens.slice([0..images, 1..count, 0..dim]).mean_dim(1).reshape([images, dim])
            }
        })
    }
}

/// Which features of an encoder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// What stands for an image.
    pub feature: EncoderFeature,
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
        let of_batch = wanted.feature.of(encoder, recipe, &batch.images)?;
        features.values.extend(of_batch.into_data().iter::<f32>());
        features.labels.extend(batch.labels);
    }
    features.values.truncate(limit * dim);
    features.labels.truncate(limit);
    Ok(features)
}
