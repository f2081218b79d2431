//! Fetching what the next product reads while this one computes: packing otherwise waits for memory.

#![allow(unsafe_code, reason = "a prefetch takes a pointer; it reads nothing that the program sees")]

/// Numbers of a cache line.
const LINE: usize = 16;

/// Regions of memory that will be read soon, fetched into the cache in steps.
pub(super) struct Prefetch<'a> {
    regions: [Region<'a>; 2],
    /// Cache lines of one step.
    step: usize,
}

/// Columns `first` .. `first + columns` of rows `stride` apart.
#[derive(Clone, Copy)]
pub(super) struct Region<'a> {
    pub values: &'a [f32],
    pub stride: usize,
    pub first: usize,
    pub columns: usize,
}

impl<'a> Prefetch<'a> {
    /// Fetches both of `regions` in `steps` steps.
    pub fn new(regions: [Region<'a>; 2], steps: usize) -> Self {
        let lines: usize = regions.iter().map(Region::lines).sum();
        Self { regions, step: lines.div_ceil(steps.max(1)) }
    }

    /// Asks for the next cache lines; after the last step for nothing.
    pub fn next_step(&mut self) {
        let mut left = self.step;
        for region in &mut self.regions {
            while left > 0 && region.values.len() >= region.stride {
                let row = &region.values[region.first..region.first + region.columns];
                row.iter().step_by(LINE).for_each(fetch);
                left = left.saturating_sub(region.columns.div_ceil(LINE));
                region.values = &region.values[region.stride..];
            }
        }
    }
}

impl Region<'_> {
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
