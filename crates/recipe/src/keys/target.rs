//! `[[method.targets]]`: one target encoder of the method "custom".

use super::key::{AnyKey, Count, Key, Number};
use crate::choices::{EmaUnit, Ramp, TargetNormalisation, UpdateKind};

pub(crate) static WEIGHT: Key<f64> = Key {
    path: "method.targets.weight",
    range: Number::between(0.0, f64::INFINITY),
    default: || 1.0,
    short: "weight in the loss",
    long: "",
};

pub(crate) static UPDATE: Key<UpdateKind> = Key {
    path: "method.targets.update",
    range: (),
    default: || UpdateKind::Ema,
    short: "how the target follows the student",
    long: "\"copy\" reads every, and method.copy_at; \"ema\" reads tau, tau_end, ramp and unit.",
};

pub(crate) static EVERY: Key<usize> = Key {
    path: "method.targets.every",
    range: Count::from(1),
    default: || 10,
    short: "epochs between two copies",
    long: "",
};

pub(crate) static UNIT: Key<EmaUnit> = Key {
    path: "method.targets.unit",
    range: (),
    default: || EmaUnit::Epoch,
    short: "how often the target is averaged",
    long: "",
};

pub(crate) static TAU: Key<f64> = Key {
    path: "method.targets.tau",
    range: Number::between(0.0, 1.0),
    default: || 0.1,
    short: "part of the student that enters the average",
    long: "",
};

pub(crate) static TAU_END: Key<f64> = Key {
    path: "method.targets.tau_end",
    range: Number::between(0.0, 1.0),
    default: || 0.1,
    short: "tau at the end of the training, where there is a ramp; tau itself where it is not given",
    long: "",
};

pub(crate) static RAMP: Key<Ramp> = Key {
    path: "method.targets.ramp",
    range: (),
    default: || Ramp::None,
    short: "the way from tau to tau_end",
    long: "",
};

pub(crate) static NORMALISATION: Key<TargetNormalisation> = Key {
    path: "method.targets.normalisation",
    range: (),
    default: || TargetNormalisation::None,
    short: "what is done to the features before they become a target",
    long: "\"none\" as published; \"layer-norm\", without affine part, is used against collapse.",
};

pub(crate) static LAST_BLOCKS: Key<usize> = Key {
    path: "method.targets.last_blocks",
    range: Count::from(1),
    default: || 1,
    short: "how many of the encoder's last blocks are averaged; at most its depth",
    long: "",
};

pub(super) fn all() -> Vec<&'static dyn AnyKey> {
    vec![&WEIGHT, &UPDATE, &EVERY, &UNIT, &TAU, &TAU_END, &RAMP, &NORMALISATION, &LAST_BLOCKS]
}
