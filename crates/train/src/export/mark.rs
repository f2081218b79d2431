//! What files of weights for and from other programs are, by their mark.

/// What an exported file is.
pub(crate) const EXPORTED: &str = "exported weights";
/// What an imported one is.
pub const IMPORTED: &str = "imported weights";
