//! `[linprobe]`, `[knn]` and `[monitor]`: what looks at frozen features.

use super::key::{AnyKey, Count, Key, Number};
use super::stage::{self, StageKeys};
use crate::choices::{Augmentation, Feature};

pub(crate) static STAGE: StageKeys = StageKeys {
    epochs: stage::epochs("linprobe.epochs", || 100),
    batch_size: stage::batch_size("linprobe.batch_size"),
    base_lr: stage::base_lr("linprobe.base_lr", || 0.1),
    min_lr: stage::min_lr("linprobe.min_lr", || 0.0),
    warmup_epochs: stage::warmup_epochs("linprobe.warmup_epochs", || 10.0),
    weight_decay: stage::weight_decay("linprobe.weight_decay", || 0.0),
    accumulate: stage::accumulate("linprobe.accumulate"),
    clip_norm: stage::clip_norm("linprobe.clip_norm"),
    checkpoint_every: stage::checkpoint_every("linprobe.checkpoint_every"),
    augmentation: stage::augmentation("linprobe.augmentation", || Augmentation::ByolCrop),
    crop_scale: stage::crop_scale("linprobe.crop_scale", || [0.08, 1.0]),
};

pub(crate) static LINPROBE_FEATURE: Key<Feature> = Key {
    path: "linprobe.feature",
    range: (),
    default: || Feature::ClassToken,
    short: "which frozen feature is probed, after the final norm",
    long: "",
};

pub(crate) static K: Key<usize> =
    Key { path: "knn.k", range: Count::from(1), default: || 20, short: "neighbours that vote", long: "" };

pub(crate) static TEMPERATURE: Key<f64> = Key {
    path: "knn.temperature",
    range: Number::between(0.0, f64::INFINITY).above_least(),
    default: || 0.07,
    short: "a neighbour votes with the weight exp(cosine similarity / temperature)",
    long: "",
};

pub(crate) static KNN_FEATURE: Key<Feature> = Key {
    path: "knn.feature",
    range: (),
    default: || Feature::ClassToken,
    short: "which frozen feature is compared, after the final norm",
    long: "",
};

pub(crate) static MONITOR_EVERY: Key<usize> = Key {
    path: "monitor.every",
    range: Count::from(0),
    default: || 1,
    short: "epochs between two measurements of the features while pre-training; 0 = none",
    long: "Measured are the effective rank of the features, the targets' and predictions' standard deviation and, \
           where there are labels, a nearest-neighbour accuracy.",
};

pub(crate) static KNN_TRAIN_LIMIT: Key<usize> = Key {
    path: "monitor.knn_train_limit",
    range: Count::from(0),
    default: || 5000,
    short: "training images among which that measurement looks for neighbours; 0 = all",
    long: "",
};

pub(crate) static PICTURES_EVERY: Key<usize> = Key {
    path: "monitor.pictures_every",
    range: Count::from(0),
    default: || 10,
    short: "epochs between two pictures of reconstructions and attention while pre-training; 0 = none",
    long: "The last epoch is drawn too. They are kept in the run's pictures/ and shown by TensorBoard and the report.",
};

pub(crate) static PICTURES: Key<usize> = Key {
    path: "monitor.pictures",
    range: Count::between(0, 64),
    default: || 8,
    short: "images in each of these pictures, the first of the test set",
    long: "",
};

pub(super) fn linprobe() -> Vec<&'static dyn AnyKey> {
    let own: [&dyn AnyKey; 1] = [&LINPROBE_FEATURE];
    STAGE.all().into_iter().chain(own).collect()
}

pub(super) fn knn() -> Vec<&'static dyn AnyKey> {
    vec![&K, &TEMPERATURE, &KNN_FEATURE]
}

pub(super) fn monitor() -> Vec<&'static dyn AnyKey> {
    vec![&MONITOR_EVERY, &KNN_TRAIN_LIMIT, &PICTURES_EVERY, &PICTURES]
}
