//! What the evaluations that learn from labels have in common.

use crate::choices::ClassWeighting;
use crate::key::{Count, Number};
use crate::section::section;

section! {
    /// What fine-tuning and the linear probe do with labels.
    pub struct LabelledRecipe, keys LabelledKeys, in each of
        "finetune" [0], read by [Finetune], "linprobe" [1], read by [Linprobe];
    {
        /// Weights of the classes in the training loss
        /// "balanced": a class weighs n / (classes * n_class), by its images among the n that are trained on, so that all
        /// classes weigh the same together. Accuracies and losses on validation and test images are unweighted.
        class_weights: ClassWeighting = [ClassWeighting::None; 2];
        /// Fraction of each class of the training images that is used
        /// Drawn by seed, at least one image of each class; a smaller fraction is a part of a larger one, and both
        /// evaluations draw the same. Pre-training reads no labels and sees all images. Where fewer images are left than
        /// batch_size, they make one batch.
        label_fraction: f64 = [1.0; 2], in Number::between(0.0, 1.0).above_least();
        /// Number of the encoder's first blocks that are not trained; 0 = none
        /// With them class token, positions and patch embedding; drop path leaves them alone. At most
        /// model.encoder.depth. A linear probe trains no block whatever this says.
        freeze: usize = [0; 2], in Count::from(0);
        /// Fraction of each class of these images that is held out to choose the best epoch; 0 = none
        /// Drawn by seed; a class keeps at least one image. Every epoch is measured on them, and the weights with the highest
        /// top-1 there, of equals with the lower loss, are tested once, at the end. Without them every epoch is measured on
        /// the test images and the last one counts.
        validation_fraction: f64 = [0.0; 2], in Number::between(0.0, 1.0).below_most();
        /// Epochs without a better one on the validation images after which the training ends; 0 = it goes on to the last
        /// Needs validation_fraction.
        patience: usize = [0; 2], in Count::from(0);
    }
}
