//! Buffers that begin where a cache line does. The vectors of AVX-512 are as long as a line: elsewhere each would touch
//! two.

use std::ops::{Deref, DerefMut};

/// Numbers in a cache line.
const LINE: usize = 16;

/// Numbers, zero at first, of which the first lies at the start of a cache line.
#[derive(Debug)]
pub struct AlignedVec {
    /// With room to move the start.
    numbers: Vec<f32>,
    start: usize,
    length: usize,
}

impl AlignedVec {
    /// So many zeros.
    pub fn zeros(length: usize) -> Self {
        let numbers = vec![0.0; length + LINE - 1];
        // An offset may be unknown in theory; alignment is a matter of speed only.
        let start = numbers.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE - 1);
        Self { numbers, start, length }
    }
}

impl Deref for AlignedVec {
    type Target = [f32];

    #[inline]
    fn deref(&self) -> &[f32] {
        &self.numbers[self.start..self.start + self.length]
    }
}

impl DerefMut for AlignedVec {
    #[inline]
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.numbers[self.start..self.start + self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_begins_at_a_cache_line_and_is_all_zeros() {
        for length in [0, 1, 15, 16, 17, 1000] {
            let buffer = AlignedVec::zeros(length);
            assert_eq!(buffer.len(), length);
            assert_eq!(buffer.as_ptr() as usize % 64, 0);
            assert!(buffer.iter().all(|x| *x == 0.0));
        }
    }
}
