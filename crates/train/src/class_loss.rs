//! The training loss of whatever learns classes: cross-entropy, in micro-batches, its classes weighted or not.

use std::ops::Range;

use bmae_nn::{
    ClassWeights, ShapeError, cross_entropy, soft_cross_entropy, weighted_cross_entropy, weighted_soft_cross_entropy,
};
use bmae_recipe::ClassWeighting;
use burn::tensor::Tensor;

use crate::ranks::Ranks;

/// What a micro-batch is a part of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WholeBatch {
    /// How many equal parts it has, those of all ranks together.
    pub parts: usize,
    /// What all its images [weigh](ClassLoss::weight) together.
    pub weight: f64,
}

/// How the logits of a batch are held against its labels.
#[derive(Debug, Clone)]
pub(crate) struct ClassLoss {
    label_smoothing: f64,
    weights: Option<ClassWeights>,
}

impl ClassLoss {
    /// Every image counts the same.
    pub fn new(label_smoothing: f64) -> Self {
        Self { label_smoothing, weights: None }
    }

    /// The same with its classes weighted as `weighting` says, `images[c]` of those that are learned from being of class
    /// c.
    pub fn weighted(self, weighting: ClassWeighting, images: &[usize]) -> Self {
        let weights = match weighting {
            ClassWeighting::None => None,
            ClassWeighting::Balanced => Some(ClassWeights::balanced(images)),
        };
        Self { weights, ..self }
    }

    /// What the images with these `labels` weigh together; 0 where each weighs the same.
    pub fn weight(&self, labels: &[i64]) -> f64 {
        self.weights.as_ref().map_or(0.0, |weights| weights.sum(labels))
    }

    /// The sum of [`weight`](Self::weight) over all `ranks`, each of which gives its own labels.
    pub fn weight_over(&self, ranks: &Ranks, labels: &[i64]) -> f64 {
        match self.weights {
            None => 0.0,
            Some(_) => ranks.sums(&[self.weight(labels)])[0],
        }
    }

    /// What the `rows` of images with these `labels` `[N]` add to the loss of a `batch` that holds them: `logits`
    /// [rows, classes] against their labels, or against the rows of `soft` targets [N, classes] where these were mixed.
    /// Gives `[1]`.
    ///
    /// # Errors
    /// When a label is none of the classes.
    pub fn of_part(
        &self,
        logits: Tensor<2>,
        labels: &[i64],
        soft: Option<&Tensor<2>>,
        rows: Range<usize>,
        batch: WholeBatch,
    ) -> Result<Tensor<1>, ShapeError> {
        let soft = soft.map(|targets| targets.clone().slice([rows.clone()]));
        let (of_rows, parts) = (&labels[rows], batch.parts as f64);
        Ok(match (soft, &self.weights) {
            (Some(targets), None) => soft_cross_entropy(logits, targets) / parts,
            (Some(targets), Some(weights)) => weighted_soft_cross_entropy(logits, targets, weights)? / parts,
            (None, None) => cross_entropy(logits, of_rows, self.label_smoothing)? / parts,
            (None, Some(weights)) => {
                // The weights of the whole batch, so that micro-batches add up to it.
                weighted_cross_entropy(logits, of_rows, self.label_smoothing, weights, batch.weight)?
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};

    #[test]
    fn micro_batches_add_up_to_the_loss_of_their_batch_whatever_their_classes() {
        let values: Vec<f32> = (0..18).map(|i| (i * 7 % 11) as f32 / 4.0).collect();
        let logits = Tensor::<2>::from_data(TensorData::new(values, [6, 3]), &Device::flex());
        let labels = [0, 0, 0, 0, 1, 2];
        let loss = ClassLoss::new(0.1).weighted(ClassWeighting::Balanced, &[40, 10, 5]);
        let in_parts = |parts: usize| -> f32 {
            let of_a_part = labels.len() / parts;
            let part = |part: usize| {
                let rows = part * of_a_part..(part + 1) * of_a_part;
                let logits = logits.clone().slice([rows.clone()]);
                loss.of_part(logits, &labels, None, rows, WholeBatch { parts, weight: loss.weight(&labels) })
                    .expect("labels")
                    .into_scalar::<f32>()
            };
            (0..parts).map(part).sum()
        };
        assert!((in_parts(1) - in_parts(3)).abs() < 1e-6, "{} is not {}", in_parts(1), in_parts(3));
    }
}
