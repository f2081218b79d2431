//! What is measured of targets, predictions and features while pre-training.

mod collapse;
mod fixed_images;
mod roughness;
mod similarity;
mod stability;

use bmae_data::Dataset;
use bmae_nn::{Encoder, MaskedAutoencoder};
use bmae_recipe::Recipe;
use burn::module::Module;
use burn::tensor::Tensor;
use nalgebra::{DMatrix, SymmetricEigen};

use crate::evaluation::{FeatureRequest, Features, NearestNeighbours, extract, nearest_neighbours_top1};
use crate::method::Targets;
use crate::ranks::{Ranks, rows_of_all};
use crate::run_directory::Fields;
use crate::{Session, TrainError};

pub(crate) use collapse::{CollapseWatch, Signs};
pub(crate) use stability::Stability;

/// What watches a pre-training from epoch to epoch.
pub(crate) struct Monitors {
    pub collapse: CollapseWatch,
    /// `None` where the recipe does not ask for it.
    pub stability: Option<Stability>,
}

impl Monitors {
    /// Those of a run that logged `lines` before and goes on with `model` and `targets`.
    ///
    /// # Errors
    /// When an image cannot be read.
    pub fn after(
        lines: &[Fields],
        recipe: &Recipe,
        data: &Dataset,
        model: &MaskedAutoencoder,
        targets: &Targets,
    ) -> Result<Self, TrainError> {
        let stability = Stability::of(recipe, &data.train, lines, model, targets)?;
        Ok(Self { collapse: CollapseWatch::after(lines), stability })
    }

    /// After steps of these training losses.
    pub fn after_steps(&mut self, losses: &[f64]) {
        if let Some(stability) = &mut self.stability {
            losses.iter().for_each(|&loss| stability.step(loss));
        }
    }
}

/// How far targets and predictions spread over samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    /// Standard deviation of the targets over rows, mean over dimensions.
    pub target: f64,
    /// The same of the predictions.
    pub prediction: f64,
}

impl Spread {
    /// Of the `target` and `prediction` of all `ranks`, both [M, D] on each.
    pub fn of(ranks: &Ranks, target: &Tensor<2>, prediction: &Tensor<2>) -> Self {
        let spread = |rows: &Tensor<2>| {
            let rows = rows_of_all(ranks, rows.clone());
            let centred = rows.clone() - rows.clone().mean_dim(0);
            let deviation = (centred.clone() * centred).mean_dim(0).sqrt();
            f64::from(deviation.mean().into_scalar::<f32>())
        };
        Self { target: spread(target), prediction: spread(prediction) }
    }
}

/// What the features of the encoder look like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FeatureMeasures {
    /// Effective rank.
    pub rank_me: f64,
    /// Top-1 of quick nearest neighbours, percent; absent without labels.
    pub knn_top1: Option<f64>,
}

/// Measures `encoder` after `epoch` (from 0) where the recipe asks for it: every so many epochs, and after the last.
pub(crate) fn measure(
    session: &Session<'_>,
    recipe: &Recipe,
    data: &Dataset,
    encoder: &Encoder,
    epoch: usize,
) -> Result<Option<FeatureMeasures>, TrainError> {
    let every = recipe.monitor.every;
    let last = recipe.pretrain.stage.planned_epochs().end_with(epoch + 1);
    if every == 0 || !((epoch + 1).is_multiple_of(every) || last) {
        return Ok(None);
    }
    let request = FeatureRequest {
        feature: recipe.knn.feature.into(),
        limit: recipe.monitor.knn_train_limit,
        batch_size: recipe.pretrain.stage.batch_size,
    };
    let encoder = encoder.valid();
    // Never cut short: an interrupted run logs what one left alone would.
    let features = |images| extract(session, recipe, &encoder, images, request, || true);
    let train = features(&data.train)?;
    let knn_top1 = match &data.test {
        Some(test) => {
            let settings = NearestNeighbours { k: recipe.knn.k, temperature: recipe.knn.temperature };
            nearest_neighbours_top1(session, settings, &train, &features(test)?)
        }
        None => None,
    };
    Ok(Some(FeatureMeasures { rank_me: rank_me(&train), knn_top1 }))
}

/// RankMe (Garrido et al. 2023, equation 1): the exponential of the entropy of the singular values of the features,
/// each divided by their sum. 1 for features along one line, at most D.
pub(crate) fn rank_me(features: &Features) -> f64 {
    const EPSILON: f64 = 1e-7;
    let rows = DMatrix::from_row_slice(
        features.len(),
        features.dim,
        &features.values.iter().map(|v| f64::from(*v)).collect::<Vec<_>>(),
    );
    let gram = rows.tr_mul(&rows);
    let singular: Vec<f64> = SymmetricEigen::new(gram).eigenvalues.iter().map(|value| value.max(0.0).sqrt()).collect();
    let sum: f64 = singular.iter().sum();
    if sum == 0.0 {
        return 1.0;
    }
    let entropy: f64 = singular.iter().map(|value| value / sum + EPSILON).map(|p| -p * p.ln()).sum();
    entropy.exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn features(values: Vec<f32>, dim: usize) -> Features {
        Features { values, labels: Vec::new(), dim }
    }

    #[test]
    fn features_along_one_line_have_rank_one_and_orthogonal_ones_full_rank() {
        let line = rank_me(&features(vec![1.0, 2.0, 3.0, 2.0, 4.0, 6.0, -1.0, -2.0, -3.0], 3));
        assert!((line - 1.0).abs() < 1e-3, "{line}");
        let full = rank_me(&features(vec![2.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 2.0], 3));
        assert!((full - 3.0).abs() < 1e-3, "{full}");
    }

    #[test]
    fn rank_me_is_the_exponential_of_the_entropy_of_the_singular_values() {
        // Singular values 3 and 1: shares 3/4 and 1/4.
        let found = rank_me(&features(vec![3.0, 0.0, 0.0, 1.0], 2));
        let expected = (-(0.75f64 * 0.75f64.ln() + 0.25 * 0.25f64.ln())).exp();
        assert!((found - expected).abs() < 1e-5, "{found} {expected}");
    }

    #[test]
    fn spread_is_over_samples_not_over_dimensions() {
        let tensor = |rows: [[f32; 2]; 2]| Tensor::<2>::from_floats(rows, &Device::flex());
        let spread =
            Spread::of(&Ranks::default(), &tensor([[1.0, 9.0], [1.0, 9.0]]), &tensor([[0.0, 0.0], [2.0, 4.0]]));
        assert_eq!(spread, Spread { target: 0.0, prediction: 1.5 });
    }
}
