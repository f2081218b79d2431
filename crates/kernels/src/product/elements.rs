//! What the places of 32 bits hold that a product multiplies, and how they are made of f32.

use std::fmt;
use std::sync::OnceLock;

use bmae_architecture::Precision;

use crate::bf16::{pairs_in_rows, pairs_of_rows, rounded_copy};
use crate::instruction_set::InstructionSet;
use crate::pool::Buffer;

/// How products of bfloat16 factors are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bf16Products {
    /// As f32 products of rounded factors, on every machine.
    RoundedF32,
    /// By AVX512-BF16, where that is faster.
    Avx512Bf16,
}

impl Bf16Products {
    /// What this process uses: decided once.
    pub fn current() -> Self {
        static CURRENT: OnceLock<Bf16Products> = OnceLock::new();
        *CURRENT.get_or_init(|| match InstructionSet::current() {
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 if super::avx512_bf16::is_faster_than_f32() => Self::Avx512Bf16,
            _ => Self::RoundedF32,
        })
    }
}

impl fmt::Display for Bf16Products {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RoundedF32 => "rounded-f32",
            Self::Avx512Bf16 => "avx512-bf16",
        })
    }
}

/// What a place of a factor holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Elements {
    /// An f32.
    F32,
    /// An f32 that is a bfloat16.
    RoundedF32,
    /// Two bfloat16 that follow each other along K.
    Bf16Pairs,
}

impl Elements {
    /// Those of a precision in products of the instruction set `set`.
    pub fn of(precision: Precision, set: InstructionSet) -> Self {
        match (precision, set) {
            (Precision::F32, _) => Self::F32,
            (Precision::Bf16, InstructionSet::Avx512) if Bf16Products::current() == Bf16Products::Avx512Bf16 => {
                Self::Bf16Pairs
            }
            (Precision::Bf16, _) => Self::RoundedF32,
        }
    }

    /// Places along K of `k` numbers.
    pub fn places(self, k: usize) -> usize {
        match self {
            Self::F32 | Self::RoundedF32 => k,
            Self::Bf16Pairs => k.div_ceil(2),
        }
    }
}

/// A factor as a product reads it: as it stands, or converted.
pub(super) enum Factor<'a> {
    Given(&'a [f32]),
    Converted(Buffer),
}

impl<'a> Factor<'a> {
    /// `values` [R, K], added up along its rows: [R, places of K].
    pub fn along_rows(values: &'a [f32], k: usize, elements: Elements) -> Self {
        match elements {
            Elements::F32 => Self::Given(values),
            Elements::RoundedF32 => Self::Converted(rounded_copy(values)),
            Elements::Bf16Pairs => Self::Converted(pairs_in_rows(values, k)),
        }
    }

    /// `values` [K, N], added up along its columns: [places of K, N].
    pub fn along_columns(values: &'a [f32], n: usize, elements: Elements) -> Self {
        match elements {
            Elements::F32 => Self::Given(values),
            Elements::RoundedF32 => Self::Converted(rounded_copy(values)),
            Elements::Bf16Pairs => Self::Converted(pairs_of_rows(values, n)),
        }
    }

    /// The places.
    pub fn values(&self) -> &[f32] {
        match self {
            Self::Given(values) => values,
            Self::Converted(values) => values,
        }
    }
}
