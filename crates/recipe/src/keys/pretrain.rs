//! `[pretrain]`.

use super::key::{AnyKey, Key, Number};
use super::stage::{self, StageKeys};
use crate::choices::Augmentation;

pub(crate) static STAGE: StageKeys = StageKeys {
    epochs: stage::epochs("pretrain.epochs", || 200),
    batch_size: stage::batch_size("pretrain.batch_size"),
    base_lr: stage::base_lr("pretrain.base_lr", || 1e-3),
    min_lr: stage::min_lr("pretrain.min_lr", || 0.0),
    warmup_epochs: stage::warmup_epochs("pretrain.warmup_epochs", || 40.0),
    weight_decay: stage::weight_decay("pretrain.weight_decay", || 0.05),
    accumulate: stage::accumulate("pretrain.accumulate"),
    clip_norm: stage::clip_norm("pretrain.clip_norm"),
    checkpoint_every: stage::checkpoint_every("pretrain.checkpoint_every"),
    augmentation: stage::augmentation("pretrain.augmentation", || Augmentation::RandomResizedCrop),
    crop_scale: stage::crop_scale("pretrain.crop_scale", || [0.2, 1.0]),
};

pub(crate) static MASK_RATIO: Key<f64> = Key {
    path: "pretrain.mask_ratio",
    range: Number::between(0.0, 1.0).above_least().below_most(),
    default: || 0.75,
    short: "part of the patches that is hidden",
    long: "Of L patches floor(L * (1 - mask_ratio)) are kept; at least one must be kept and one hidden.",
};

pub(crate) static NORM_PIX: Key<bool> = Key {
    path: "pretrain.norm_pix",
    range: (),
    default: || false,
    short: "normalise each patch's pixel target by its own mean and variance",
    long: "The variance is the unbiased one, with 1e-6 under the root.",
};

pub(super) fn all() -> Vec<&'static dyn AnyKey> {
    let own: [&dyn AnyKey; 2] = [&MASK_RATIO, &NORM_PIX];
    STAGE.all().into_iter().chain(own).collect()
}
