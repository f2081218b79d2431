//! `[finetune]`.

use super::key::{AnyKey, Key, Number};
use super::stage::{self, StageKeys};
use crate::choices::{Augmentation, Pooling};

pub(crate) static STAGE: StageKeys = StageKeys {
    epochs: stage::epochs("finetune.epochs", || 100),
    batch_size: stage::batch_size("finetune.batch_size"),
    base_lr: stage::base_lr("finetune.base_lr", || 1e-3),
    min_lr: stage::min_lr("finetune.min_lr", || 1e-6),
    warmup_epochs: stage::warmup_epochs("finetune.warmup_epochs", || 5.0),
    weight_decay: stage::weight_decay("finetune.weight_decay", || 0.05),
    accumulate: stage::accumulate("finetune.accumulate"),
    clip_norm: stage::clip_norm("finetune.clip_norm"),
    checkpoint_every: stage::checkpoint_every("finetune.checkpoint_every"),
    augmentation: stage::augmentation("finetune.augmentation", || Augmentation::RandomResizedCrop),
    crop_scale: stage::crop_scale("finetune.crop_scale", || [0.08, 1.0]),
};

/// Alphas of a Beta distribution that differs from its limits, or off.
const ALPHA: Number = Number::between(1e-3, 1e3).or_zero();

pub(crate) static LAYER_DECAY: Key<f64> = Key {
    path: "finetune.layer_decay",
    range: Number::between(0.0, 1.0).above_least(),
    default: || 0.75,
    short: "factor on the learning rate from one block down to the next; 1 = off",
    long: "With N blocks, fc_norm and head take the rate itself, block i takes it times layer_decay^(N - i), tokens, \
           positions and patch embedding times layer_decay^(N + 1).",
};

pub(crate) static DROP_PATH: Key<f64> = Key {
    path: "finetune.drop_path",
    range: Number::between(0.0, 1.0).below_most(),
    default: || 0.1,
    short: "chance that the last block's branches are dropped for a sample, linear in depth; 0 = off",
    long: "Stochastic depth: each sample and branch by itself, in training alone; what is kept is divided by its chance.",
};

pub(crate) static LABEL_SMOOTHING: Key<f64> = Key {
    path: "finetune.label_smoothing",
    range: Number::between(0.0, 1.0).below_most(),
    default: || 0.1,
    short: "part of the label that is spread over all classes",
    long: "",
};

pub(crate) static POOLING: Key<Pooling> = Key {
    path: "finetune.pooling",
    range: (),
    default: || Pooling::Mean,
    short: "what stands for the whole image",
    long: "\"mean\": the patch tokens' mean, then a LayerNorm of its own (fc_norm); \"class-token\": the class token \
           after the final norm.",
};

pub(crate) static MIXUP: Key<f64> = Key {
    path: "finetune.mixup",
    range: ALPHA,
    default: || 0.0,
    short: "mixup's alpha; 0 = off",
    long: "The share of each image in its mixture is drawn from Beta(alpha, alpha), once a batch.",
};

pub(crate) static CUTMIX: Key<f64> = Key {
    path: "finetune.cutmix",
    range: ALPHA,
    default: || 0.0,
    short: "CutMix's alpha; 0 = off",
    long: "As in mixup; the share is then that of the area outside the pasted box.",
};

pub(crate) static MIXUP_PROBABILITY: Key<f64> = Key {
    path: "finetune.mixup_probability",
    range: Number::between(0.0, 1.0),
    default: || 1.0,
    short: "chance that a batch is mixed, where mixup or CutMix is on",
    long: "",
};

pub(crate) static MIXUP_SWITCH_PROBABILITY: Key<f64> = Key {
    path: "finetune.mixup_switch_probability",
    range: Number::between(0.0, 1.0),
    default: || 0.5,
    short: "chance of CutMix instead of mixup, where both are on",
    long: "",
};

pub(crate) static RANDAUGMENT: Key<bool> = Key {
    path: "finetune.randaugment",
    range: (),
    default: || true,
    short: "apply RandAugment rand-m9-mstd0.5-inc1",
    long: "After crop and flip: two of 15 operations, each with probability 1/2 at magnitude N(9, 0.5).",
};

pub(crate) static RANDOM_ERASING: Key<f64> = Key {
    path: "finetune.random_erasing",
    range: Number::between(0.0, 1.0),
    default: || 0.25,
    short: "chance that a box of the image is replaced by noise; 0 = off",
    long: "After normalisation: one box of 0.02 to 1/3 of the area, N(0, 1) for every value.",
};

pub(super) fn all() -> Vec<&'static dyn AnyKey> {
    let own: [&dyn AnyKey; 10] = [
        &LAYER_DECAY,
        &DROP_PATH,
        &LABEL_SMOOTHING,
        &POOLING,
        &MIXUP,
        &CUTMIX,
        &MIXUP_PROBABILITY,
        &MIXUP_SWITCH_PROBABILITY,
        &RANDAUGMENT,
        &RANDOM_ERASING,
    ];
    STAGE.all().into_iter().chain(own).collect()
}
