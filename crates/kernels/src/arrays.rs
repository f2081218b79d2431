//! Arithmetic on a few numbers at once, by value: what compilers turn into one vector instruction or two.

use crate::lanes::LANES;

/// [`LANES`] numbers.
pub(crate) type Lanes = [f32; LANES];

/// `f` of each number.
#[inline(always)]
pub(crate) fn map(a: Lanes, f: impl Fn(f32) -> f32) -> Lanes {
    std::array::from_fn(|lane| f(a[lane]))
}

/// `f` of each pair.
#[inline(always)]
pub(crate) fn zip(a: Lanes, b: Lanes, f: impl Fn(f32, f32) -> f32) -> Lanes {
    std::array::from_fn(|lane| f(a[lane], b[lane]))
}

/// a + b
#[inline(always)]
pub(crate) fn add(a: Lanes, b: Lanes) -> Lanes {
    zip(a, b, |a, b| a + b)
}
