//! What is put on an encoder to measure it: a classifier for fine-tuning, a linear probe on frozen features.

mod batch_norm;
mod class_weights;
mod classifier;
mod cross_entropy;
mod probe;

pub use batch_norm::BatchNorm;
pub use class_weights::ClassWeights;
pub use classifier::{Classifier, HeadInit, Pooling};
pub use cross_entropy::{cross_entropy, soft_cross_entropy, weighted_cross_entropy, weighted_soft_cross_entropy};
pub use probe::LinearProbe;
