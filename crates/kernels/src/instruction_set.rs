//! Runs a loop compiled for the widest instruction set of this machine.
//!
//! `pulp` does the detection (once) and the dispatch, safely. The work must be a struct whose `call` is `#[inline(always)]`,
//! down to the innermost loop: what is not inlined is compiled for the baseline of the target only.

pub(crate) use pulp::NullaryFnOnce as Work;

/// Runs `work` with the widest instructions there are.
#[inline]
pub(crate) fn widest<W: Work>(work: W) -> W::Output {
    pulp::Arch::new().dispatch(work)
}
