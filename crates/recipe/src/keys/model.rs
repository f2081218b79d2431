//! `[model]`, `[model.encoder]` and `[model.decoder]`.

use super::key::{AnyKey, Count, Key, Number};

const WIDTH: Count = Count::between(1, 1_000_000_000);

pub(crate) static PATCH_SIZE: Key<usize> = Key {
    path: "model.patch_size",
    range: Count::between(1, 1_000_000),
    default: || 4,
    short: "side of a square patch, in pixels",
    long: "Divides data.image_size.",
};

pub(crate) static ENCODER_DIM: Key<usize> = Key {
    path: "model.encoder.dim",
    range: WIDTH,
    default: || 192,
    short: "width of an encoder token",
    long: "Divisible by model.encoder.heads, and by 4 for the sin-cos positions.",
};

pub(crate) static ENCODER_DEPTH: Key<usize> = Key {
    path: "model.encoder.depth",
    range: Count::between(1, 1_000_000),
    default: || 12,
    short: "blocks of the encoder",
    long: "",
};

pub(crate) static ENCODER_HEADS: Key<usize> =
    Key { path: "model.encoder.heads", range: WIDTH, default: || 3, short: "attention heads of the encoder", long: "" };

pub(crate) static MLP_RATIO: Key<f64> = Key {
    path: "model.encoder.mlp_ratio",
    range: Number::between(0.0, 1000.0).above_least(),
    default: || 4.0,
    short: "width of the encoder's hidden layers over its dim",
    long: "",
};

pub(crate) static DECODER_DIM: Key<usize> = Key {
    path: "model.decoder.dim",
    range: WIDTH,
    default: || 512,
    short: "width of a decoder token",
    long: "Divisible by model.decoder.heads, and by 4 for the sin-cos positions.",
};

pub(crate) static DECODER_DEPTH: Key<usize> = Key {
    path: "model.decoder.depth",
    range: Count::between(1, 1_000_000),
    default: || 8,
    short: "blocks of the decoder",
    long: "",
};

pub(crate) static DECODER_HEADS: Key<usize> = Key {
    path: "model.decoder.heads",
    range: WIDTH,
    default: || 16,
    short: "attention heads of the decoder",
    long: "",
};

pub(super) fn all() -> Vec<&'static dyn AnyKey> {
    vec![
        &PATCH_SIZE,
        &ENCODER_DIM,
        &ENCODER_DEPTH,
        &ENCODER_HEADS,
        &MLP_RATIO,
        &DECODER_DIM,
        &DECODER_DEPTH,
        &DECODER_HEADS,
    ]
}
