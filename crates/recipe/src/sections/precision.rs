//! `precision`, which stands without a section, as it holds for every stage.

use bmae_architecture::Precision;

use crate::choices::MethodName;
use crate::key::Key;
use crate::stage::Stage;

pub(crate) static KEY: Key<Precision> = Key {
    path: "precision",
    range: (),
    default: || Precision::F32,
    short: "Numbers that linear layers multiply: \"f32\" or \"bf16\"",
    long: "\"bf16\": both factors of every product of a linear layer, forward and backward, are rounded to bfloat16 and the \
           products added up in f32; weights, optimiser, norms, attention and losses stay f32. Faster where the processor \
           has AMX; the same training to rounding on every machine. Targets and evaluations compute in it, too.",
    stages: &Stage::ALL,
    methods: MethodName::VARIANTS,
};
