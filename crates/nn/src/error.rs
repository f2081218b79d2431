//! What can be wrong with a shape, one readable sentence each.

use bmae_architecture::ArchitectureError;
use bmae_output::count::count;

/// A model or a batch that cannot be: the thing, what was found, what to do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ShapeError {
    /// Sizes that cannot be.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// A slice whose length does not fit.
    #[error("{what} holds {}, but {expected} were expected", count(*found, "value"))]
    Length {
        /// Which slice.
        what: &'static str,
        /// Its length.
        found: usize,
        /// What was expected, in words.
        expected: String,
    },
    /// More last blocks asked for than the encoder has.
    #[error(
        "the mean of the last {asked} blocks was asked for, but the encoder has {depth}: use a number from 1 to {depth}"
    )]
    LastBlocks {
        /// Blocks asked for.
        asked: usize,
        /// Blocks there are.
        depth: usize,
    },
    /// A label that no class has.
    #[error("a label is {label}, but the head has {of}, 0 to {last}: use labels of the data set the head is for", of = count(*classes, "class"), last = classes.saturating_sub(1))]
    Label {
        /// The label.
        label: i64,
        /// How many classes there are.
        classes: usize,
    },
    /// A block that the encoder does not have.
    #[error("block {asked} was asked for, but the encoder has {of}: use a number from 0 to {last}", of = count(*depth, "block"), last = depth.saturating_sub(1))]
    NoSuchBlock {
        /// The block asked for, from 0.
        asked: usize,
        /// Blocks there are.
        depth: usize,
    },
    /// A batch that is too small for batch statistics.
    #[error("batch statistics need at least 2 rows, but the batch has {found}: use a larger batch")]
    BatchTooSmall {
        /// Rows of the batch.
        found: usize,
    },
}
