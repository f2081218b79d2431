//! Cross-entropy, with label smoothing or against any distribution, all classes alike or weighted.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Tensor, TensorData};

use super::ClassWeights;
use crate::error::ShapeError;

/// Mean over the batch of the cross-entropy between `logits` [N, C] and the labels smoothed by `label_smoothing` s: 1 -
/// s + s/C for the label, s/C elsewhere (PyTorch's `CrossEntropyLoss(label_smoothing)`, timm's
/// `LabelSmoothingCrossEntropy`). Gives `[1]`.
///
/// # Errors
/// When there are not N labels, or one lies outside 0 .. C.
pub fn cross_entropy(logits: Tensor<2>, labels: &[i64], label_smoothing: f64) -> Result<Tensor<1>, ShapeError> {
    let targets = smoothed(&logits, labels, label_smoothing)?;
    Ok(soft_cross_entropy(logits, targets))
}

/// Mean over the batch of `-sum_c targets[c] * log softmax(logits)[c]`, both [N, C], for distributions such as mixup
/// makes. Gives `[1]`.
///
/// # Panics
/// When the shapes differ.
pub fn soft_cross_entropy(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    assert_eq!(logits.dims(), targets.dims(), "logits and targets differ in shape");
    let [rows, _] = logits.dims();
    (log_softmax(logits, 1) * targets).sum() / -(rows as f64)
}

/// [`cross_entropy`] with each class's part of the sum multiplied by its weight, summed over the batch and divided by
/// `divisor` in place of N. With the weights of the labels of all images as the divisor this is PyTorch's
/// `CrossEntropyLoss(weight, label_smoothing)`; a micro-batch takes those of its whole batch. Gives `[1]`.
///
/// # Errors
/// As [`cross_entropy`], and when there are not C weights.
pub fn weighted_cross_entropy(
    logits: Tensor<2>,
    labels: &[i64],
    label_smoothing: f64,
    weights: &ClassWeights,
    divisor: f64,
) -> Result<Tensor<1>, ShapeError> {
    let targets = weighted(&logits, smoothed(&logits, labels, label_smoothing)?, weights)?;
    Ok((log_softmax(logits, 1) * targets).sum() / -divisor)
}

/// [`soft_cross_entropy`] with each class's part of the sum multiplied by its weight; still a mean over N images, as
/// PyTorch's `CrossEntropyLoss(weight)` takes it of targets that are probabilities. Gives `[1]`.
///
/// # Errors
/// When there are not C weights.
///
/// # Panics
/// As [`soft_cross_entropy`].
pub fn weighted_soft_cross_entropy(
    logits: Tensor<2>,
    targets: Tensor<2>,
    weights: &ClassWeights,
) -> Result<Tensor<1>, ShapeError> {
    let targets = weighted(&logits, targets, weights)?;
    Ok(soft_cross_entropy(logits, targets))
}

/// The smoothed distribution of each of `labels` [N, C].
fn smoothed(logits: &Tensor<2>, labels: &[i64], label_smoothing: f64) -> Result<Tensor<2>, ShapeError> {
    let [rows, classes] = logits.dims();
    if labels.len() != rows {
        let expected = format!("one for each of {rows} images");
        return Err(ShapeError::Length { what: "the batch of labels", found: labels.len(), expected });
    }
    let everywhere = label_smoothing / classes as f64;
    let mut targets = vec![everywhere as f32; rows * classes];
    for (row, &label) in targets.chunks_exact_mut(classes).zip(labels) {
        let at = usize::try_from(label).ok().and_then(|label| row.get_mut(label));
        *at.ok_or(ShapeError::Label { label, classes })? = (1.0 - label_smoothing + everywhere) as f32;
    }
    Ok(Tensor::from_data(TensorData::new(targets, [rows, classes]), &logits.device()))
}

/// `targets` [N, C] with the column of each class multiplied by its weight.
fn weighted(logits: &Tensor<2>, targets: Tensor<2>, weights: &ClassWeights) -> Result<Tensor<2>, ShapeError> {
    let ([_, classes], found) = (logits.dims(), weights.values().len());
    if found != classes {
        let expected = format!("one for each of {classes} classes");
        return Err(ShapeError::Length { what: "the list of class weights", found, expected });
    }
    let weights = TensorData::new(weights.values().to_vec(), [1, classes]);
    Ok(targets * Tensor::from_data(weights, &logits.device()))
}
