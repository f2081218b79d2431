//! Memory of any length, cut out of large chunks and given back.
//!
//! A general allocator rounds a length up to one of a few sizes, by an eighth or so for those of a training step. Here a
//! place takes its length up to a cache line, and free neighbours become one range again, which serves any length.
//! Chunks ask for huge pages: a step reads hundreds of megabytes, and each page needs an entry of a small table of the
//! processor.

#![allow(unsafe_code, reason = "memory that is shared out has no owner in the language until a buffer has it")]

use std::collections::{BTreeMap, HashMap};
use std::ptr::NonNull;

mod poison;

use poison::{GUARD, is_kept, poison, unpoison};

/// Numbers in a cache line. The vectors of AVX-512 are as long as a line: elsewhere each would touch two.
const LINE: usize = 16;
/// Lines in a huge page of 2 MiB.
const LINES_OF_PAGE: usize = (2 << 20) / 64;
/// Pages of a chunk, at least: what is free at its end may be as much.
const PAGES_OF_CHUNK: usize = 16;

#[repr(C, align(2097152))]
struct HugePage([f32; LINES_OF_PAGE * LINE]);

/// Chunks, and what of them is free. They stay until the process ends.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    chunks: Vec<NonNull<f32>>,
    /// Free ranges: their lines, by where they begin. No two of them touch.
    free: BTreeMap<Start, usize>,
    /// Places that were given back, by their lines. They are not in `free` yet: a step soon asks for the same lines, and the
    /// one that was given back last is still in a cache.
    returned: HashMap<usize, Vec<Start>>,
}

/// Where a range begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Start {
    chunk: usize,
    line: usize,
}

/// Numbers of an arena that nobody else has, the first at the start of a cache line; to be given back.
#[derive(Debug)]
pub(crate) struct Place {
    start: Start,
    numbers: NonNull<f32>,
    length: usize,
}

// SAFETY: a place is the only way to its numbers, as a `Box` is.
unsafe impl Send for Place {}
// SAFETY: a shared place lets its numbers be read alone.
unsafe impl Sync for Place {}
// SAFETY: the pointers to chunks are only made places of, under a mutable borrow.
unsafe impl Send for Arena {}

impl Place {
    pub fn numbers(&self) -> &[f32] {
        // SAFETY: `Arena::take` made the place: so many initialised numbers of a chunk, which is never freed, and no other
        // place has them until this one is consumed by `Arena::give`.
        unsafe { std::slice::from_raw_parts(self.numbers.as_ptr(), self.length) }
    }

    pub fn numbers_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above, and the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.numbers.as_ptr(), self.length) }
    }
}

/// Lines that a place of `length` numbers takes.
fn lines_of(length: usize) -> usize {
    length.div_ceil(LINE) + GUARD
}

impl Arena {
    /// `length` numbers, whatever they were before.
    pub fn take(&mut self, length: usize) -> Place {
        let lines = lines_of(length);
        let start = match self.returned.get_mut(&lines).and_then(Vec::pop).or_else(|| self.cut(lines)) {
            Some(start) => start,
            None => {
                self.merge_returned();
                self.cut(lines).unwrap_or_else(|| self.cut_from_new_chunk(lines))
            }
        };
        // SAFETY: a range of `free` lies in its chunk.
        let numbers = unsafe { self.chunks[start.chunk].add(start.line * LINE) };
        unpoison(numbers, length);
        Place { start, numbers, length }
    }

    /// Takes a place back.
    pub fn give(&mut self, place: Place) {
        let lines = lines_of(place.length);
        poison(place.numbers, lines * LINE);
        self.returned.entry(lines).or_default().push(place.start);
    }

    /// The beginning of the first free range of `lines` or more; the range begins behind them then.
    fn cut(&mut self, lines: usize) -> Option<Start> {
        let (&start, &found) = self.free.iter().find(|(_, found)| **found >= lines)?;
        self.free.remove(&start);
        if found > lines {
            self.free.insert(Start { line: start.line + lines, ..start }, found - lines);
        }
        Some(start)
    }

    fn cut_from_new_chunk(&mut self, lines: usize) -> Start {
        let pages = lines.div_ceil(LINES_OF_PAGE).max(PAGES_OF_CHUNK);
        let start = Start { chunk: self.chunks.len(), line: 0 };
        self.chunks.push(chunk_of(pages));
        if pages * LINES_OF_PAGE > lines {
            self.free.insert(Start { line: lines, ..start }, pages * LINES_OF_PAGE - lines);
        }
        start
    }

    /// Places that were given back become free ranges, together with those beside them.
    fn merge_returned(&mut self) {
        for (lines, starts) in std::mem::take(&mut self.returned) {
            starts.into_iter().for_each(|start| self.merge(start, lines));
        }
    }

    fn merge(&mut self, mut start: Start, mut lines: usize) {
        if let Some((&before, &lines_before)) = self.free.range(..start).next_back()
            && before.chunk == start.chunk
            && before.line + lines_before == start.line
        {
            self.free.remove(&before);
            start = before;
            lines += lines_before;
        }
        if let Some(lines_behind) = self.free.remove(&Start { line: start.line + lines, ..start }) {
            lines += lines_behind;
        }
        self.free.insert(start, lines);
    }
}

/// So many huge pages of zeros, for the life of the process.
fn chunk_of(pages: usize) -> NonNull<f32> {
    // SAFETY: zeros are numbers.
    let chunk = Box::leak(unsafe { Box::<[HugePage]>::new_zeroed_slice(pages).assume_init() });
    #[cfg(target_os = "linux")]
    // SAFETY: the pages are this process's own, and the advice does not change what is in them. A system that does not take
    // it keeps small pages.
    unsafe {
        libc::madvise(chunk.as_mut_ptr().cast(), size_of_val(chunk), libc::MADV_HUGEPAGE);
    }
    let numbers = NonNull::from(chunk).cast();
    is_kept(numbers);
    poison(numbers, pages * LINES_OF_PAGE * LINE);
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES_OF_CHUNK: usize = PAGES_OF_CHUNK * LINES_OF_PAGE;

    impl Arena {
        /// Lines of chunks that no place has.
        fn unused(&self) -> usize {
            let returned = self.returned.iter().map(|(lines, starts)| lines * starts.len()).sum::<usize>();
            self.free.values().sum::<usize>() + returned
        }
    }

    #[test]
    fn places_begin_at_a_cache_line_and_what_one_holds_no_other_overwrites() {
        let mut arena = Arena::default();
        let mut places: Vec<(f32, Place)> = Vec::new();
        let mut draw = 1_u32;
        for number in 0..3000 {
            draw = draw.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let drawn = (draw >> 8) as usize;
            if drawn.is_multiple_of(5) && !places.is_empty() {
                let (value, place) = places.swap_remove(drawn % places.len());
                assert!(place.numbers().iter().all(|&found| found == value));
                arena.give(place);
            } else {
                let value = number as f32;
                let mut place = arena.take(drawn % 40_000);
                assert!((place.numbers.as_ptr() as usize).is_multiple_of(64));
                place.numbers_mut().fill(value);
                places.push((value, place));
            }
        }
        let used: usize = places.iter().map(|(_, place)| lines_of(place.length)).sum();
        assert_eq!(used + arena.unused(), arena.chunks.len() * LINES_OF_CHUNK);
        for (value, place) in places {
            assert!(place.numbers().iter().all(|&found| found == value));
            arena.give(place);
        }
        arena.merge_returned();
        assert!(arena.free.values().all(|&lines| lines == LINES_OF_CHUNK), "whole chunks are free");
        assert_eq!(arena.free.len(), arena.chunks.len());
    }

    #[test]
    fn the_place_that_was_given_back_last_is_taken_first_by_one_of_as_many_lines() {
        let mut arena = Arena::default();
        let places = [arena.take(33), arena.take(33), arena.take(70)];
        let [_, last, _] = places.each_ref().map(|place| place.start);
        let [first, second, third] = places;
        [first, third, second].into_iter().for_each(|place| arena.give(place));
        assert_eq!(arena.take(40).start, last);
    }

    #[test]
    fn small_places_that_were_given_back_serve_large_ones_before_there_is_another_chunk() {
        let mut arena = Arena::default();
        let of_chunk = |share: usize| (LINES_OF_CHUNK / share - GUARD) * LINE;
        for share in [64, 3, 8, 2, 64] {
            let places: Vec<Place> = (0..share).map(|_| arena.take(of_chunk(share))).collect();
            places.into_iter().for_each(|place| arena.give(place));
            assert_eq!(arena.chunks.len(), 1);
        }
    }

    #[test]
    fn a_length_beyond_that_of_a_chunk_has_one_of_its_own_which_serves_smaller_ones_later() {
        let mut arena = Arena::default();
        let place = arena.take(LINES_OF_CHUNK * LINE + 1);
        assert_eq!(place.numbers()[LINES_OF_CHUNK * LINE], 0.0);
        arena.give(place);
        arena.take(LINES_OF_CHUNK * LINE / 2);
        arena.take(LINES_OF_CHUNK * LINE / 3);
        assert_eq!(arena.chunks.len(), 1);
    }
}
