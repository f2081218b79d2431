//! Fetching what the next product reads while this one computes: packing otherwise waits for memory.

#![allow(unsafe_code, reason = "a prefetch takes a pointer; it reads nothing that the program sees")]

/// Numbers of a cache line.
const LINE: usize = 16;

/// Parts of rows that will be read soon, fetched in steps.
pub(super) struct Ahead<'a> {
    soon: [Soon<'a>; 2],
    /// Cache lines of one step.
    step: usize,
}

/// Columns `first` .. `first + columns` of rows `stride` apart.
#[derive(Clone, Copy)]
pub(super) struct Soon<'a> {
    pub values: &'a [f32],
    pub stride: usize,
    pub first: usize,
    pub columns: usize,
}

impl<'a> Ahead<'a> {
    /// Fetches both of `soon` in `steps` steps.
    pub fn new(soon: [Soon<'a>; 2], steps: usize) -> Self {
        let lines: usize = soon.iter().map(Soon::lines).sum();
        Self { soon, step: lines.div_ceil(steps.max(1)) }
    }

    /// Asks for the next cache lines; after the last step for nothing.
    pub fn fetch_some(&mut self) {
        let mut left = self.step;
        for part in &mut self.soon {
            while left > 0 && part.values.len() >= part.stride {
                let row = &part.values[part.first..part.first + part.columns];
                row.iter().step_by(LINE).for_each(fetch);
                left = left.saturating_sub(part.columns.div_ceil(LINE));
                part.values = &part.values[part.stride..];
            }
        }
    }
}

impl Soon<'_> {
    fn lines(&self) -> usize {
        self.values.len() / self.stride * self.columns.div_ceil(LINE)
    }
}

#[inline(always)]
fn fetch(value: &f32) {
    // SAFETY: the pointer comes from a reference, and a prefetch changes nothing but the cache.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T1>(std::ptr::from_ref(value).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}
