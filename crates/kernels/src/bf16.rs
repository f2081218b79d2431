//! Rounding to bfloat16: the upper half of an f32.

use bmae_architecture::Precision;

use crate::pool::Buffer;

/// `value` rounded to bfloat16, to the nearest, ties to even, as an f32. NaN stays NaN.
#[inline(always)]
pub(crate) fn rounded(value: f32) -> f32 {
    let bits = value.to_bits();
    if value.is_nan() {
        return f32::from_bits((bits | 0x0040_0000) & 0xffff_0000);
    }
    f32::from_bits(bits.wrapping_add(0x7fff + (bits >> 16 & 1)) & 0xffff_0000)
}

/// `values` as a product of this precision takes them: themselves, or rounded copies.
pub(crate) enum Operand<'a> {
    /// As they are.
    Given(&'a [f32]),
    /// Rounded to bfloat16.
    Rounded(Buffer),
}

impl<'a> Operand<'a> {
    pub fn new(values: &'a [f32], precision: Precision) -> Self {
        match precision {
            Precision::F32 => Self::Given(values),
            Precision::Bf16 => {
                let mut copy = Buffer::uninitialised(values.len());
                copy.iter_mut().zip(values).for_each(|(copy, &value)| *copy = rounded(value));
                Self::Rounded(copy)
            }
        }
    }

    pub fn values(&self) -> &[f32] {
        match self {
            Self::Given(values) => values,
            Self::Rounded(values) => values,
        }
    }
}
