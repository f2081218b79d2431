//! In which numbers the products of linear layers are computed.

/// The numbers that linear layers multiply. Sums, and all else of a model and its training, are f32 in both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// Single precision.
    #[default]
    F32,
    /// Both factors are rounded to bfloat16 (8 significant bits, the exponents of f32), to the nearest, ties to even;
    /// products are added up in f32.
    Bf16,
}
