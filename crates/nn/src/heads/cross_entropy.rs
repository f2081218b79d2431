//! Cross-entropy, with label smoothing or against any distribution.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Tensor, TensorData};

/// Mean over the batch of the cross-entropy between `logits` [N, C] and the labels smoothed by `label_smoothing` s:
/// 1 - s + s/C for the label, s/C elsewhere (PyTorch's `CrossEntropyLoss(label_smoothing)`, timm's `LabelSmoothingCrossEntropy`).
/// Gives `[1]`.
///
/// # Panics
/// When there are not N labels or one lies outside 0 .. C: a data set checks its labels before they come here.
pub fn cross_entropy(logits: Tensor<2>, labels: &[i64], label_smoothing: f64) -> Tensor<1> {
    let [rows, classes] = logits.dims();
    assert_eq!(labels.len(), rows, "one label for each row of logits");
    let everywhere = label_smoothing / classes as f64;
    let mut targets = vec![everywhere as f32; rows * classes];
    for (row, &label) in targets.chunks_exact_mut(classes).zip(labels) {
        let at = usize::try_from(label).ok().and_then(|label| row.get_mut(label));
        *at.unwrap_or_else(|| panic!("label {label} lies outside 0 .. {classes}")) =
            (1.0 - label_smoothing + everywhere) as f32;
    }
    let targets = Tensor::from_data(TensorData::new(targets, [rows, classes]), &logits.device());
    soft_cross_entropy(logits, targets)
}

/// Mean over the batch of `-sum_c targets[c] * log softmax(logits)[c]`, both [N, C], for distributions such as mixup makes.
/// Gives `[1]`.
///
/// # Panics
/// When the shapes differ.
pub fn soft_cross_entropy(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    assert_eq!(logits.dims(), targets.dims(), "logits and targets differ in shape");
    let [rows, _] = logits.dims();
    (log_softmax(logits, 1) * targets).sum() / -(rows as f64)
}
