//! The keys that pre-training, fine-tuning and the linear probe share, each defined here once.

use super::key::{AnyKey, Count, Key, Number};
use crate::choices::Augmentation;

/// The shared keys of one stage, under its own section and with its own defaults.
pub struct StageKeys {
    pub(crate) epochs: Key<usize>,
    pub(crate) batch_size: Key<usize>,
    pub(crate) base_lr: Key<f64>,
    pub(crate) min_lr: Key<f64>,
    pub(crate) warmup_epochs: Key<f64>,
    pub(crate) weight_decay: Key<f64>,
    pub(crate) accumulate: Key<usize>,
    pub(crate) clip_norm: Key<f64>,
    pub(crate) checkpoint_every: Key<usize>,
    pub(crate) augmentation: Key<Augmentation>,
    pub(crate) crop_scale: Key<[f64; 2]>,
}

impl StageKeys {
    /// All of them, in the order in which they are written.
    pub(super) fn all(&'static self) -> Vec<&'static dyn AnyKey> {
        vec![
            &self.epochs,
            &self.batch_size,
            &self.base_lr,
            &self.min_lr,
            &self.warmup_epochs,
            &self.weight_decay,
            &self.accumulate,
            &self.clip_norm,
            &self.checkpoint_every,
            &self.augmentation,
            &self.crop_scale,
        ]
    }
}

pub(super) const fn epochs(path: &'static str, default: fn() -> usize) -> Key<usize> {
    Key { path, range: Count::from(1), default, short: "passes over the training images", long: "" }
}

pub(super) const fn batch_size(path: &'static str) -> Key<usize> {
    Key {
        path,
        range: Count::from(1),
        default: || 512,
        short: "images of one optimiser step",
        long: "The learning rate scales with it. The last, partial batch of an epoch is dropped in training.",
    }
}

pub(super) const fn base_lr(path: &'static str, default: fn() -> f64) -> Key<f64> {
    Key {
        path,
        range: Number::between(0.0, f64::INFINITY),
        default,
        short: "learning rate per 256 images",
        long: "The rate at the end of the warm-up is base_lr * batch_size / 256.",
    }
}

pub(super) const fn min_lr(path: &'static str, default: fn() -> f64) -> Key<f64> {
    Key {
        path,
        range: Number::between(0.0, f64::INFINITY),
        default,
        short: "learning rate at the end of the half-cosine",
        long: "Absolute: it does not scale with the batch.",
    }
}

pub(super) const fn warmup_epochs(path: &'static str, default: fn() -> f64) -> Key<f64> {
    Key {
        path,
        range: Number::between(0.0, f64::INFINITY),
        default,
        short: "epochs in which the rate rises in a straight line from 0",
        long: "May be longer than the training, which then ends before the rate has reached its peak.",
    }
}

pub(super) const fn weight_decay(path: &'static str, default: fn() -> f64) -> Key<f64> {
    Key {
        path,
        range: Number::between(0.0, f64::INFINITY),
        default,
        short: "weight decay",
        long: "Decoupled (AdamW) in pre-training and fine-tuning, none on biases and norms.",
    }
}

pub(super) const fn accumulate(path: &'static str) -> Key<usize> {
    Key {
        path,
        range: Count::from(1),
        default: || 1,
        short: "parts in which the images of one step are computed",
        long: "Their gradients are summed, so the step stays the same; it needs less memory. Divides batch_size.",
    }
}

pub(super) const fn clip_norm(path: &'static str) -> Key<f64> {
    Key {
        path,
        range: Number::between(0.0, f64::INFINITY),
        default: || 0.0,
        short: "largest norm of the whole gradient; 0 = off",
        long: "",
    }
}

pub(super) const fn checkpoint_every(path: &'static str) -> Key<usize> {
    Key {
        path,
        range: Count::from(0),
        default: || 0,
        short: "epochs between two checkpoints that are kept; 0 = none",
        long: "checkpoints/last.safetensors is written after every epoch either way.",
    }
}

pub(super) const fn augmentation(path: &'static str, default: fn() -> Augmentation) -> Key<Augmentation> {
    Key {
        path,
        range: (),
        default,
        short: "what training images go through before they are normalised",
        long: "Both crops are followed by a horizontal flip with probability 1/2. \"none\" is the transform of \
               evaluation: the linear probe then computes its features once. What fine-tuning adds has keys of its own.",
    }
}

pub(super) const fn crop_scale(path: &'static str, default: fn() -> [f64; 2]) -> Key<[f64; 2]> {
    Key { path, range: (), default, short: "part of the image's area that a random crop covers: least, most", long: "" }
}
