//! Buffers that are used again: a training step takes the same sizes as the one before, and fresh memory costs page
//! faults and zeros that nobody reads.
//!
//! A buffer goes back to the pool when it is dropped, whichever thread drops it. The pool keeps what was once in use at the
//! same time, and serves any lengths from it (the crate's `arena.rs`).

use std::ops::{Deref, DerefMut};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use crate::arena::{Arena, Place};

/// Numbers from the pool, the first at the start of a cache line.
#[derive(Debug)]
pub struct Buffer {
    /// `None` while it is dropped.
    place: Option<Place>,
}

impl Buffer {
    /// `length` numbers, whatever they were before: the caller overwrites them. In debug builds and in this crate's
    /// tests they are not numbers, which shows whoever forgets.
    pub fn uninitialised(length: usize) -> Self {
        let mut buffer = Self { place: Some(pool().take(length)) };
        if cfg!(any(test, debug_assertions)) {
            buffer.fill(f32::NAN);
        }
        buffer
    }

    /// `length` zeros.
    pub fn zeros(length: usize) -> Self {
        let mut buffer = Self::uninitialised(length);
        buffer.fill(0.0);
        buffer
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Self {
        let mut copy = Self::uninitialised(self.len());
        copy.copy_from_slice(self);
        copy
    }
}

impl PartialEq for Buffer {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            pool().give(place);
        }
    }
}

impl Deref for Buffer {
    type Target = [f32];

    #[inline]
    fn deref(&self) -> &[f32] {
        self.place.as_ref().map_or(&[], Place::numbers)
    }
}

impl DerefMut for Buffer {
    #[inline]
    fn deref_mut(&mut self) -> &mut [f32] {
        self.place.as_mut().map_or(&mut [], Place::numbers_mut)
    }
}

static POOL: LazyLock<Mutex<Arena>> = LazyLock::new(Mutex::default);

fn pool() -> MutexGuard<'static, Arena> {
    // A panic of somebody who holds the lock leaves ranges that add up: nothing here panics half-way.
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_that_nobody_overwrote_is_no_number_in_debug_builds() {
        assert!(Buffer::uninitialised(7).iter().all(|value| value.is_nan()));
    }

    #[test]
    fn a_copy_has_the_numbers_and_a_place_of_its_own() {
        let mut buffer = Buffer::zeros(5);
        let copy = buffer.clone();
        buffer.fill(1.0);
        assert_eq!((*copy == [0.0; 5], *buffer == [1.0; 5]), (true, true));
        assert_ne!(copy, buffer);
    }

    #[test]
    fn no_numbers_are_a_buffer_too() {
        assert!(Buffer::zeros(0).is_empty());
    }

    #[test]
    fn every_length_begins_at_a_cache_line_and_is_all_zeros() {
        for length in [0, 1, 15, 16, 17, 1000] {
            let buffer = Buffer::zeros(length);
            assert_eq!(buffer.len(), length);
            assert_eq!(buffer.as_ptr() as usize % 64, 0);
            assert!(buffer.iter().all(|x| *x == 0.0));
        }
    }

    #[test]
    fn zeros_are_zeros_whatever_was_there() {
        Buffer::uninitialised(11).fill(5.0);
        assert!(Buffer::zeros(11).iter().all(|&value| value == 0.0));
    }
}
