//! Runs a loop compiled for the widest instruction set of this machine, or for the one that `BMAE_SIMD` names.
//!
//! `pulp` does the detection (once) and the dispatch, safely. The work is a struct whose method is written over the
//! vectors of a set. It must be `#[inline(always)]`, down to the innermost loop: what is not inlined is compiled for
//! the baseline of the target only.

use std::fmt;
use std::sync::OnceLock;

pub(crate) use pulp::NullaryFnOnce as Work;
pub(crate) use pulp::{Simd, WithSimd};

/// The environment variable that forces an instruction set, so that one machine tests them all.
pub const ENVIRONMENT_VARIABLE: &str = "BMAE_SIMD";

/// What all kernels of this process use, once it is decided.
static CURRENT: OnceLock<InstructionSet> = OnceLock::new();

/// Instructions that the kernels are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum InstructionSet {
    /// What every machine of the target has, one number at a time where the compiler finds no better.
    Portable,
    /// AVX2 and FMA: eight numbers at a time.
    Avx2,
    /// AVX-512 (F, BW, CD, DQ, VL): sixteen numbers at a time.
    Avx512,
}

/// A set that was asked for and cannot be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstructionSetError {
    /// No set has this name.
    Unknown(String),
    /// This machine lacks it.
    Absent(InstructionSet),
}

impl fmt::Display for InstructionSetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => {
                write!(
                    f,
                    "{ENVIRONMENT_VARIABLE} is \"{name}\", but must be \"portable\", \"avx2\" or \"avx512\"; unset it for the best"
                )
            }
            Self::Absent(set) => {
                write!(
                    f,
                    "{ENVIRONMENT_VARIABLE} asks for {set}, which this machine does not have; unset it for the best"
                )
            }
        }
    }
}

impl std::error::Error for InstructionSetError {}

impl fmt::Display for InstructionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        })
    }
}

impl InstructionSet {
    /// All three, narrowest first.
    pub const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Avx512];

    /// Whether this machine has it.
    pub fn is_present(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => pulp::x86::V3::is_available(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => pulp::x86::V4::is_available(),
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// What `BMAE_SIMD` asks for, else the widest that is present.
    ///
    /// # Errors
    /// When the variable names no set, or one that this machine lacks.
    pub fn from_environment() -> Result<Self, InstructionSetError> {
        let Some(name) = std::env::var_os(ENVIRONMENT_VARIABLE) else { return Ok(Self::best()) };
        let name = name.to_string_lossy();
        match Self::ALL.into_iter().find(|set| set.to_string() == name) {
            None => Err(InstructionSetError::Unknown(name.into_owned())),
            Some(set) if !set.is_present() => Err(InstructionSetError::Absent(set)),
            Some(set) => Ok(set),
        }
    }

    /// The set that all kernels of this process use: decided once, the best where the variable asks for nonsense.
    pub fn current() -> Self {
        *CURRENT.get_or_init(|| Self::from_environment().unwrap_or_else(|_| Self::best()))
    }

    /// Lets all kernels of this process use this set, and gives what they use: that, unless something was computed before. A set that
    /// this machine lacks is computed one number at a time.
    pub fn settle(self) -> Self {
        *CURRENT.get_or_init(|| self)
    }

    /// Those that this machine has: each is worth a test.
    #[cfg(test)]
    pub(crate) fn present() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|set| set.is_present())
    }

    /// The widest that this machine has.
    pub fn best() -> Self {
        Self::ALL.into_iter().rev().find(|set| set.is_present()).unwrap_or(Self::Portable)
    }
}

/// Runs a loop over plain arrays, which the compiler vectorises, compiled for the current instruction set.
#[inline]
pub(crate) fn widest<W: Work>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    match InstructionSet::current() {
        InstructionSet::Avx512 => {
            if let Some(simd) = pulp::x86::V4::try_new() {
                return simd.vectorize(work);
            }
        }
        InstructionSet::Avx2 => {
            if let Some(simd) = pulp::x86::V3::try_new() {
                return simd.vectorize(work);
            }
        }
        InstructionSet::Portable => {}
    }
    work.call()
}

/// Runs `work`, written over the vectors of a set, with those of the current one.
#[inline]
pub(crate) fn dispatch<W: WithSimd>(work: W) -> W::Output {
    dispatch_to(InstructionSet::current(), work)
}

/// Runs `work` with the vectors of `set`, or one number at a time where this machine lacks them.
#[inline]
pub(crate) fn dispatch_to<W: WithSimd>(set: InstructionSet, work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    match set {
        InstructionSet::Avx512 => {
            if let Some(simd) = pulp::x86::V4::try_new() {
                return Simd::vectorize(simd, work);
            }
        }
        InstructionSet::Avx2 => {
            if let Some(simd) = pulp::x86::V3::try_new() {
                return Simd::vectorize(simd, work);
            }
        }
        InstructionSet::Portable => {}
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = set;
    Simd::vectorize(pulp::Scalar::new(), work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_named_and_a_wrong_name_is_refused_with_the_right_ones() {
        assert_eq!(InstructionSet::ALL.map(|set| set.to_string()), ["portable", "avx2", "avx512"]);
        let text = InstructionSetError::Unknown("sse".into()).to_string();
        assert!(text.contains("\"sse\"") && text.contains("\"portable\", \"avx2\" or \"avx512\""), "{text}");
    }

    #[test]
    fn the_portable_set_is_everywhere_and_the_best_is_present() {
        assert!(InstructionSet::Portable.is_present());
        assert!(InstructionSet::best().is_present());
    }
}
