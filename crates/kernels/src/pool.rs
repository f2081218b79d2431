//! Buffers that are used again: a training step takes the same sizes as the one before, and fresh memory costs page
//! faults and zeros that nobody reads.
//!
//! A buffer goes back to the pool when it is dropped, whichever thread drops it. What the pool holds unused stays below
//! twice what was once in use at the same time: beyond that it starts anew, so that sizes of an earlier stage do not
//! stay for ever. (Once is not enough: the sizes of a step do not all reach their highest number at the same time.)

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
    free: HashMap<usize, Vec<AlignedVec>>,
    /// Numbers in them.
    unused: usize,
    /// Numbers in buffers that somebody holds, now and at most so far.
    used: usize,
    most_used: usize,
}

static POOL: LazyLock<Mutex<Pool>> = LazyLock::new(Mutex::default);

fn pool() -> MutexGuard<'static, Pool> {
    // A panic of somebody who holds the lock leaves numbers that add up: nothing here panics half-way.
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    fn take(&mut self, length: usize) -> AlignedVec {
        self.used += length;
        self.most_used = self.most_used.max(self.used);
        match self.free.get_mut(&length).and_then(Vec::pop) {
            Some(values) => {
                self.unused -= length;
                values
            }
            None => AlignedVec::zeros(length),
        }
    }

    fn give(&mut self, values: AlignedVec) {
        self.used -= values.len();
        if self.unused + values.len() > 2 * self.most_used {
            *self = Self { used: self.used, most_used: self.used, ..Self::default() };
        }
        self.unused += values.len();
        self.free.entry(values.len()).or_default().push(values);
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
    fn what_is_unused_never_exceeds_twice_what_was_once_used_together() {
        let mut pool = Pool::default();
        for length in 1..200 {
            let values = pool.take(length);
            pool.give(values);
            let held: usize = pool.free.values().flatten().map(|values| values.len()).sum();
            assert_eq!(held, pool.unused);
            assert!(held <= 2 * 199, "{held} numbers are held for sizes that nobody asks for any more");
        }
        assert_eq!(pool.used, 0);
    }

    #[test]
    fn zeros_are_zeros_whatever_was_there() {
        Buffer::uninitialised(11).fill(5.0);
        assert!(Buffer::zeros(11).iter().all(|&value| value == 0.0));
    }
}
