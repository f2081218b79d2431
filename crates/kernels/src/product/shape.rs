//! How large the tiles of a product are.

use crate::instruction_set::InstructionSet;

/// Rows and columns of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub rows: usize,
    pub columns: usize,
}

/// The tile of an instruction set: as many sums as its registers hold beside a row of the right factor.
pub(super) fn shape(set: InstructionSet) -> Shape {
    match set {
        InstructionSet::Avx512 => Shape { rows: 8, columns: 48 },
        InstructionSet::Avx2 => Shape { rows: 6, columns: 16 },
        InstructionSet::Portable => Shape { rows: 2, columns: 16 },
    }
}
