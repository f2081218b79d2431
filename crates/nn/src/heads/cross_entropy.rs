//! Cross-entropy, with label smoothing or against any distribution.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Tensor, TensorData};

use crate::error::ShapeError;

/// Mean over the batch of the cross-entropy between `logits` [N, C] and the labels smoothed by `label_smoothing` s: 1 -
/// s + s/C for the label, s/C elsewhere (PyTorch's `CrossEntropyLoss(label_smoothing)`, timm's
/// `LabelSmoothingCrossEntropy`). Gives `[1]`.
///
/// # Errors
/// When there are not N labels, or one lies outside 0 .. C.
pub fn cross_entropy(logits: Tensor<2>, labels: &[i64], label_smoothing: f64) -> Result<Tensor<1>, ShapeError> {
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
    let targets = Tensor::from_data(TensorData::new(targets, [rows, classes]), &logits.device());
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
