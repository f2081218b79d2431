//! `seed`, which stands without a section, as it holds for every stage.

use crate::choices::MethodName;
use crate::key::{Count, Key};
use crate::stage::Stage;

pub(crate) static KEY: Key<u64> = Key {
    path: "seed",
    range: Count::from(0),
    default: || 0,
    short: "Random seed: initialisation, order, crops, masks",
    long: "The images of \"shapes\" have a seed of their own, data.shapes_seed.",
    stages: &Stage::ALL,
    methods: MethodName::VARIANTS,
};
