//! `[method]` and `[[runs]]`; the keys of `[[method.targets]]` are in `target`.

use super::key::{AnyKey, Count, Key, Number, Words};
use crate::choices::{CopyAt, FeatureHead, MethodName, ScratchInit};

pub(crate) static NAME: Key<MethodName> = Key {
    path: "method.name",
    range: (),
    default: || MethodName::Mae,
    short: "the method; each name but \"custom\" is a short form for a list of targets",
    long: "\"scratch\" pre-trains nothing, \"mae\" predicts pixels throughout, the others switch to the features of target \
           encoders after a warm-up: of k epochs (\"mae-k\", \"mae-new\") or of wse (\"ema-mae\", \"custom\").",
};

pub(crate) static K: Key<usize> = Key {
    path: "method.k",
    range: Count::from(1),
    default: || 10,
    short: "epochs between two copies, and of the warm-up (mae-k, mae-new)",
    long: "",
};

pub(crate) static WSE: Key<usize> = Key {
    path: "method.wse",
    range: Count::from(0),
    default: || 5,
    short: "epochs of the warm-up (ema-mae, custom)",
    long: "",
};

pub(crate) static TAU: Key<f64> = Key {
    path: "method.tau",
    range: Number::between(0.0, 1.0),
    default: || 0.1,
    short: "part of the student that enters the average after each epoch (ema-mae, mae-new)",
    long: "The half-life of a target is ln 2 / -ln(1 - tau) epochs: 6.6 at 0.1, 138 at 0.005.",
};

pub(crate) static SLOW_WEIGHT: Key<f64> = Key {
    path: "method.slow_weight",
    range: Number::between(0.0, f64::INFINITY),
    default: || 0.2,
    short: "weight of the copied target beside the average's 1 (mae-new)",
    long: "",
};

pub(crate) static FEATURE_HEAD: Key<FeatureHead> = Key {
    path: "method.feature_head",
    range: (),
    default: || FeatureHead::Trainable,
    short: "whether the new head that predicts features is trained",
    long: "In the published experiments it stayed at its random initialisation: \"frozen\".",
};

pub(crate) static COPY_AT: Key<CopyAt> = Key {
    path: "method.copy_at",
    range: (),
    default: || CopyAt::EpochStart,
    short: "when within its epoch a copied target is renewed",
    long: "\"epoch-start\": before epochs K, 2K, 3K, ...; \"epoch-end\": before epoch K, then after the training of epochs \
           K, 2K, 3K, ..., which is what the published code does in MAE-new.",
};

pub(crate) static PIXEL_WEIGHT: Key<f64> = Key {
    path: "method.pixel_weight",
    range: Number::between(0.0, f64::INFINITY),
    default: || 0.0,
    short: "weight of the pixel loss beside the targets after the switch; 0 = off",
    long: "The head for pixels then stays beside that for features, and both read the same decoder pass.",
};

pub(crate) static SCRATCH_INIT: Key<ScratchInit> = Key {
    path: "method.scratch_init",
    range: (),
    default: || ScratchInit::Mae,
    short: "how the random encoder of a \"scratch\" evaluation is initialised",
    long: "\"mae\" as the official MAE, \"timm\" as timm's own ViT: the published scratch rows.",
};

pub(crate) static RUN_NAME: Key<String> = Key {
    path: "runs.name",
    range: Words {
        allowed: "a name that a folder can have, without / and \\, not beginning with a dot, and not \"report\"",
        fits: names_a_folder,
    },
    default: String::new,
    short: "name of the run: its folder's, and its row's in the results",
    long: "The other keys of a run are those of [method], laid over it.",
};

/// `report` is where `reproduce` writes its report, beside the runs.
fn names_a_folder(text: &str) -> bool {
    let plain = |c: char| !c.is_control() && !['/', '\\'].contains(&c);
    !text.is_empty() && text.chars().all(plain) && !text.starts_with('.') && text != "report"
}

pub(super) fn all() -> Vec<&'static dyn AnyKey> {
    vec![&NAME, &K, &WSE, &TAU, &SLOW_WEIGHT, &FEATURE_HEAD, &COPY_AT, &PIXEL_WEIGHT, &SCRATCH_INIT]
}
