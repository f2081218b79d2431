//! Buffers that are used again: a training step takes the same sizes as the one before, and fresh memory costs page
//! faults and zeros that nobody reads.
//!
//! A buffer goes back to the pool when it is dropped, whichever thread drops it. What is in use and what the pool keeps
//! unused stay together below what was once in use at the same time and an eighth more: beyond that, buffers of the
//! length that was not asked for the longest are freed. So lengths of an earlier stage do not stay for ever. (The eighth:
//! the lengths of a step do not all reach their highest number at the same time.)

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use crate::aligned::AlignedVec;

/// Numbers from the pool, the first at the start of a cache line.
#[derive(Debug)]
pub struct Buffer {
    values: Option<AlignedVec>,
}

impl Buffer {
    /// `length` numbers, whatever they were before: the caller overwrites them. In debug builds and in this crate's
    /// tests they are not numbers, which shows whoever forgets.
    pub fn uninitialised(length: usize) -> Self {
        let mut buffer = Self { values: Some(pool().take(length)) };
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
        if let Some(values) = self.values.take() {
            pool().give(values);
        }
    }
}

impl Deref for Buffer {
    type Target = [f32];

    #[inline]
    fn deref(&self) -> &[f32] {
        self.values.as_deref().unwrap_or_default()
    }
}

impl DerefMut for Buffer {
    #[inline]
    fn deref_mut(&mut self) -> &mut [f32] {
        self.values.as_deref_mut().unwrap_or_default()
    }
}

#[derive(Debug, Default)]
struct Pool {
    /// Unused buffers by length.
    free: HashMap<usize, OfLength>,
    /// Counts takes and gives.
    clock: u64,
    /// Numbers in them.
    unused: usize,
    /// Numbers in buffers that somebody holds, now and at most so far.
    used: usize,
    most_used: usize,
}

/// Unused buffers of one length.
#[derive(Debug, Default)]
struct OfLength {
    buffers: Vec<AlignedVec>,
    /// When one was last taken or given.
    last_use: u64,
}

/// Numbers that may be kept beside, 1 MiB: small lengths are not worth the care.
const SLACK: usize = 1 << 18;

static POOL: LazyLock<Mutex<Pool>> = LazyLock::new(Mutex::default);

fn pool() -> MutexGuard<'static, Pool> {
    // A panic of somebody who holds the lock leaves numbers that add up: nothing here panics half-way.
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    fn take(&mut self, length: usize) -> AlignedVec {
        self.used += length;
        self.most_used = self.most_used.max(self.used);
        if let Some(values) = self.of_length(length).buffers.pop() {
            self.unused -= length;
            return values;
        }
        self.free_beyond_the_limit();
        AlignedVec::zeros(length)
    }

    fn give(&mut self, values: AlignedVec) {
        self.used -= values.len();
        self.unused += values.len();
        self.of_length(values.len()).buffers.push(values);
        self.free_beyond_the_limit();
    }

    fn of_length(&mut self, length: usize) -> &mut OfLength {
        self.clock += 1;
        let of_length = self.free.entry(length).or_default();
        of_length.last_use = self.clock;
        of_length
    }

    fn free_beyond_the_limit(&mut self) {
        let limit = self.most_used + self.most_used / 8 + SLACK;
        while self.used + self.unused > limit {
            let oldest =
                self.free.iter_mut().filter(|(_, of)| !of.buffers.is_empty()).min_by_key(|(_, of)| of.last_use);
            let Some((&length, of_length)) = oldest else { return };
            of_length.buffers.pop();
            self.unused -= length;
            if of_length.buffers.is_empty() {
                self.free.remove(&length);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_given_back_is_taken_again_and_another_length_is_fresh() {
        let mut pool = Pool::default();
        let mut values = pool.take(7);
        values.fill(3.0);
        pool.give(values);
        assert_eq!(*pool.take(5), [0.0; 5]);
        assert_eq!(*pool.take(7), [3.0; 7]);
        assert_eq!(*pool.take(7), [0.0; 7]);
    }

    #[test]
    fn what_is_held_exceeds_what_was_once_used_by_an_eighth_at_most_and_the_oldest_lengths_go_first() {
        const LARGE: usize = SLACK;
        let mut pool = Pool::default();
        let mut step = |lengths: std::ops::Range<usize>| {
            let taken: Vec<_> = lengths.map(|length| pool.take(length * LARGE)).collect();
            taken.into_iter().for_each(|values| pool.give(values));
            let held: usize = pool.free.values().flat_map(|of| &of.buffers).map(|values| values.len()).sum();
            assert_eq!((held, pool.used), (pool.unused, 0));
            assert!(held <= pool.most_used + pool.most_used / 8 + SLACK, "{held} numbers are held");
            let mut lengths: Vec<usize> = pool.free.keys().map(|length| length / LARGE).collect();
            lengths.sort_unstable();
            lengths
        };
        assert_eq!(step(1..3), [1, 2]);
        assert_eq!(step(3..6), [3, 4, 5]);
        // 3 + 4 + 5 were in use, and an eighth and one more may be held.
        assert_eq!(step(1..2), [1, 3, 4, 5]);
        assert_eq!(step(6..8), [1, 6, 7]);
    }

    #[test]
    fn zeros_are_zeros_whatever_was_there() {
        Buffer::uninitialised(11).fill(5.0);
        assert!(Buffer::zeros(11).iter().all(|&value| value == 0.0));
    }
}
