//! What the places of 32 bits hold that a product multiplies, and how they are made of f32.

use std::fmt;
use std::sync::OnceLock;

use bmae_architecture::Precision;

use super::amx::AmxPermission;
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
    /// By AMX, where it is.
    Amx,
}

impl Bf16Products {
    /// What this process uses: decided once.
    pub fn current() -> Self {
        static CURRENT: OnceLock<Bf16Products> = OnceLock::new();
        *CURRENT.get_or_init(|| match InstructionSet::current() {
            InstructionSet::Avx512 if AmxPermission::of_process().is_some() => Self::Amx,
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
            Self::Amx => "amx",
        })
    }
}

/// What a place of a factor holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Elements {
    /// An f32.
    F32,
    /// An f32 that is a bfloat16.
    RoundedF32,
    /// Two bfloat16 that follow each other along K.
    Bf16Pairs,
    /// Bfloat16 in the tiles of AMX; what is to be laid out for them is f32.
    AmxTiles(AmxPermission),
}

impl Elements {
    /// Those of a precision in products of the instruction set `set`.
    pub fn of(precision: Precision, set: InstructionSet) -> Self {
        // Only what multiplies in bfloat16 measures these instructions, or asks the system for AMX.
        match (precision, set) {
            (Precision::F32, _) => Self::F32,
            (Precision::Bf16, InstructionSet::Avx512) => match Bf16Products::current() {
                Bf16Products::Avx512Bf16 => Self::Bf16Pairs,
                Bf16Products::Amx => AmxPermission::of_process().map_or(Self::RoundedF32, Self::AmxTiles),
                Bf16Products::RoundedF32 => Self::RoundedF32,
            },
            (Precision::Bf16, _) => Self::RoundedF32,
        }
    }

    /// Whether they are made of f32 only where a product reads them, so that factors stay as they are.
    pub fn are_kept_as_f32(self) -> bool {
        matches!(self, Self::F32 | Self::AmxTiles(_))
    }

    /// Places along K of `k` numbers.
    pub fn places(self, k: usize) -> usize {
        match self {
            Self::F32 | Self::RoundedF32 | Self::AmxTiles(_) => k,
            Self::Bf16Pairs => k.div_ceil(2),
        }
    }
}

/// A factor as a product reads it: as it stands, or converted.
pub(crate) enum Factor<'a> {
    Given(&'a [f32]),
    Converted(Buffer),
}

impl<'a> Factor<'a> {
    /// `values` [R, K], added up along its rows: [R, places of K].
    pub fn along_rows(values: &'a [f32], k: usize, elements: Elements) -> Self {
        match elements {
            Elements::F32 | Elements::AmxTiles(_) => Self::Given(values),
            Elements::RoundedF32 => Self::Converted(rounded_copy(values)),
            Elements::Bf16Pairs => Self::Converted(pairs_in_rows(values, k)),
        }
    }

    /// `values` [K, N], added up along its columns: [places of K, N].
    pub fn along_columns(values: &'a [f32], n: usize, elements: Elements) -> Self {
        match elements {
            Elements::F32 | Elements::AmxTiles(_) => Self::Given(values),
            Elements::RoundedF32 => Self::Converted(rounded_copy(values)),
            Elements::Bf16Pairs => Self::Converted(pairs_of_rows(values, n)),
        }
    }

    /// As [`along_columns`](Self::along_columns), of a buffer that is not needed otherwise.
    pub fn of_buffer(values: Buffer, n: usize, elements: Elements) -> Factor<'static> {
        match elements {
            Elements::F32 | Elements::AmxTiles(_) => Factor::Converted(values),
            Elements::RoundedF32 => Factor::Converted(rounded_copy(&values)),
            Elements::Bf16Pairs => Factor::Converted(pairs_of_rows(&values, n)),
        }
    }

    /// As [`along_columns`](Self::along_columns), a copy in any case.
    pub fn owned(values: &[f32], n: usize, elements: Elements) -> Factor<'static> {
        match Factor::along_columns(values, n, elements) {
            Factor::Given(values) => {
                let mut copy = Buffer::uninitialised(values.len());
                copy.copy_from_slice(values);
                Factor::Converted(copy)
            }
            Factor::Converted(values) => Factor::Converted(values),
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
