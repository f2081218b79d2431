//! Accuracy and loss on a test set, or on images that are held out.

use bmae_nn::{ShapeError, cross_entropy};
use burn::tensor::Tensor;

use super::predictions::{KEPT, TestPredictions};
use super::ranking::ranked_by_logits;

/// Adds up a test set, batch by batch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TestScore {
    predictions: TestPredictions,
    loss_sum: f64,
}

/// What came out of a whole test set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Percent.
    pub top1: f64,
    /// Mean cross-entropy, without label smoothing.
    pub loss: f64,
}

impl TestScore {
    /// Adds a batch: `logits` [N, classes] without autodiff, `labels` `[N]`.
    ///
    /// # Errors
    /// When a label is none of the classes.
    pub fn add(&mut self, logits: Tensor<2>, labels: &[i64]) -> Result<(), ShapeError> {
        let [rows, classes] = logits.dims();
        let loss = f64::from(cross_entropy(logits.clone(), labels, 0.0)?.into_scalar::<f32>());
        let values: Vec<f32> = logits.into_data().iter::<f32>().collect();
        self.loss_sum += loss * rows as f64;
        for (logits, label) in values.chunks_exact(classes).zip(labels) {
            self.predictions.push(*label, ranked_by_logits(logits, KEPT));
        }
        Ok(())
    }

    /// The score of everything added so far; `None` before the first batch.
    pub fn score(&self) -> Option<Score> {
        let loss = self.loss_sum / self.predictions.images().len() as f64;
        self.predictions.top1().map(|top1| Score { top1, loss })
    }

    /// What was predicted, in the order in which it was added.
    pub fn into_predictions(self) -> TestPredictions {
        self.predictions
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn batches_of_different_size_count_by_their_images() {
        let mut score = TestScore::default();
        let logits = |rows: Vec<[f32; 2]>| {
            let count = rows.len();
            Tensor::<2>::from_data(burn::tensor::TensorData::new(rows.concat(), [count, 2]), &Device::flex())
        };
        score.add(logits(vec![[2.0, 0.0], [0.0, 2.0], [2.0, 0.0]]), &[0, 1, 1]).expect("labels of two classes");
        score.add(logits(vec![[0.0, 0.0]]), &[0]).expect("a label of two classes");
        let result = score.score().expect("four images");
        assert_eq!(result.top1, 75.0);
        let right = (1.0 + (-2.0f64).exp()).ln();
        let expected = (2.0 * right + (right + 2.0) + 2.0f64.ln()) / 4.0;
        assert!((result.loss - expected).abs() < 1e-6, "{result:?}");
    }

    #[test]
    fn no_batch_no_score() {
        assert_eq!(TestScore::default().score(), None);
    }
}
