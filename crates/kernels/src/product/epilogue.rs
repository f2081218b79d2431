//! The end of a product, fused into its tiles.

/// What is done with a finished tile while it is still in registers.
#[derive(Debug, Clone, Copy)]
pub enum Epilogue<'a> {
    /// Nothing: the sums are the result.
    Plain,
    /// A bias `[N]` is added to every row.
    Bias(&'a [f32]),
    /// A bias `[N]` and a residual [M, N] are added.
    BiasAndResidual(&'a [f32], &'a [f32]),
    /// The sums are added to what stands in the result.
    Accumulate,
}
