//! Features of a frozen encoder, one per image, without augmentation.

use std::sync::Arc;

use bmae_data::Images;
use bmae_nn::ops;
use bmae_nn::{DropPath, Encoder};
use bmae_recipe::{Feature, Recipe};
use burn::tensor::{Tensor, TensorData};

use crate::input::evaluation_batches;
use crate::step_images::patches_on;
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
        let patches = patches_on(images, recipe, &encoder.device())?;
        let mean = |tokens: Tensor<3>| {
            let [images, count, dim] = tokens.dims();
            tokens.slice([0..images, 1..count, 0..dim]).mean_dim(1).reshape([images, dim])
        };
        Ok(match self {
            Self::ClassToken => {
                let [images, ..] = patches.dims();
                encoder.forward_selected(patches, &DropPath::none(), ops::SelectedTokens::class_token(images))
            }
            Self::Mean => mean(encoder.forward(patches)),
            Self::Block(block) => mean(encoder.forward_to_block(patches, block)?),
        })
    }
}

/// Which features of an encoder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FeatureRequest {
    /// What stands for an image.
    pub feature: EncoderFeature,
    /// Of the first so many images; 0: of all.
    pub limit: usize,
    /// Images that the encoder sees at once.
    pub batch_size: usize,
}

/// The features of `request` of `images` under `encoder`, which lives on the device without autodiff.
///
/// All ranks of `session` compute them together. `go_on`, which says the same on all of them, is asked before every batch;
/// once it says no, the result is short.
pub(crate) fn extract(
    session: &Session<'_>,
    recipe: &Recipe,
    encoder: &Encoder,
    images: &Arc<dyn Images>,
    request: FeatureRequest,
    go_on: impl Fn() -> bool,
) -> Result<Features, TrainError> {
    let limit = if request.limit == 0 { images.len() } else { request.limit.min(images.len()) };
    let dim = recipe.model.encoder.dim;
    let (ranks, batch_size) = (session.ranks(), request.batch_size);
    let mut features = Features { values: Vec::with_capacity(limit * dim), labels: Vec::new(), dim };
    let mut batches = evaluation_batches(images, recipe, batch_size, ranks.share_of_batches(), session.workers())?;
    // In each round every rank computes one batch, but for the last, which may have fewer.
    let rounds = limit.div_ceil(batch_size).div_ceil(ranks.count());
    for batch in (0..rounds).map(|_| batches.next()) {
        if !go_on() {
            break;
        }
        let (mut values, mut labels) = (Vec::new(), Vec::new());
        if let Some(batch) = batch.transpose()? {
            let of_batch = request.feature.of(encoder, recipe, &batch.images)?;
            values.extend(of_batch.into_data().iter::<f32>());
            labels = batch.labels;
        }
        features.values.extend(ranks.behind_each_other(values));
        features.labels.extend(ranks.behind_each_other(labels));
    }
    features.values.truncate(limit * dim);
    features.labels.truncate(limit);
    Ok(features)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bmae_architecture::Autoencoder;
    use bmae_nn::EncoderInit;
    use burn::tensor::Device;

    #[test]
    fn a_feature_is_the_class_token_or_the_mean_of_the_patch_tokens_without_it() {
        let keys = "data.image_size = 8\nmodel.patch_size = 4\nmodel.encoder = { dim = 8, depth = 1, heads = 2 }";
        let recipe = Recipe::from_toml(keys).expect("a recipe");
        let mut generator = bmae_data::random::keyed(3, 0, 0, bmae_data::random::Purpose::Initialisation);
        let Autoencoder { grid, encoder, .. } = recipe.architecture();
        let encoder =
            Encoder::init(grid, encoder, EncoderInit::Timm, &mut generator, &Device::flex()).expect("sizes fit");
        let images: Vec<f32> = (0..2 * 3 * 64).map(|i| (i % 13) as f32 / 6.0 - 1.0).collect();
        let patches = patches_on(&images, &recipe, &Device::flex()).expect("images");
        let tokens: Vec<f32> = encoder.forward(patches).into_data().iter::<f32>().collect();
        let of = |feature: Feature| -> Vec<f32> {
            let feature = EncoderFeature::from(feature).of(&encoder, &recipe, &images).expect("a feature");
            feature.into_data().iter::<f32>().collect()
        };
        let (class_token, mean) = (of(Feature::ClassToken), of(Feature::Mean));
        for (image, tokens) in tokens.chunks(5 * 8).enumerate() {
            for column in 0..8 {
                assert_eq!(class_token[image * 8 + column], tokens[column]);
                let of_patches = (1..5).map(|token| tokens[token * 8 + column]).sum::<f32>() / 4.0;
                assert!((mean[image * 8 + column] - of_patches).abs() < 1e-6);
            }
        }
    }
}
