//! By which instructions products of numbers rounded to bfloat16 are computed.

use std::fmt;

use bmae_architecture::Precision;

/// How this machine computes products whose factors are rounded to bfloat16.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bf16Products {
    /// By the products of f32, on rounded numbers.
    RoundedF32,
}

impl Bf16Products {
    /// That of products of `precision`; `None` where they round nothing.
    pub(super) fn of(precision: Precision) -> Option<Self> {
        (precision == Precision::Bf16).then_some(Self::RoundedF32)
    }
}

impl fmt::Display for Bf16Products {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::RoundedF32 => "rounded-f32",
        })
    }
}
