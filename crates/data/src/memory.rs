//! The memory that decoded images may take, over all threads together.
//!
//! Whoever decodes an image first claims the bytes that it will need, and waits until they are free. What an image
//! keeps is given back when it is dropped.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The bytes that all images take at the most, unless a single one needs more: a dozen photographs of a camera (12 to
/// 24 million pixels), each with what its decoder needs, at a time.
const BYTES: u64 = 1 << 30;

/// How long images that others keep can hold up an image while none is being decoded.
const PATIENCE: Duration = Duration::from_secs(10);

/// The budget of this process.
static SHARED: Budget = Budget::new(BYTES);

/// A number of bytes, and what is claimed of them.
#[derive(Debug)]
pub struct Budget {
    bytes: u64,
    claims: Mutex<Claims>,
    given_back: Condvar,
}

#[derive(Debug, Default)]
struct Claims {
    /// The bytes of all claims.
    bytes: u64,
    /// How many claims are of images that are being decoded now, and will therefore shrink.
    decoding: usize,
}

impl Budget {
    const fn new(bytes: u64) -> Self {
        Self { bytes, claims: Mutex::new(Claims { bytes: 0, decoding: 0 }), given_back: Condvar::new() }
    }

    fn claims(&self) -> MutexGuard<'_, Claims> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `bytes` are free, or nothing is claimed: what is larger than the budget has it alone. Whoever keeps
    /// images does not stop others for good: while none is being decoded, none waits longer than `patience`.
    fn claim(&'static self, bytes: u64, patience: Duration) -> Claim {
        let start = Instant::now();
        let mut claims = self.claims();
        while claims.bytes > 0 && claims.bytes.saturating_add(bytes) > self.bytes {
            let left = patience.saturating_sub(start.elapsed());
            if claims.decoding == 0 && left.is_zero() {
                break;
            }
            let wait = left.max(Duration::from_millis(100));
            claims = self.given_back.wait_timeout(claims, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
        claims.bytes = claims.bytes.saturating_add(bytes);
        claims.decoding += 1;
        Claim { budget: self, bytes, decoding: true }
    }
}

/// Bytes of the budget; dropping it gives them back.
#[derive(Debug)]
pub struct Claim {
    budget: &'static Budget,
    bytes: u64,
    decoding: bool,
}

impl Claim {
    /// Claims so many bytes, once they are free.
    pub fn wait_for(bytes: u64) -> Self {
        SHARED.claim(bytes, PATIENCE)
    }

    /// The image is decoded: it keeps `bytes` of what it claimed.
    pub fn keep(&mut self, bytes: u64) {
        let mut claims = self.budget.claims();
        claims.bytes = claims.bytes - self.bytes + bytes;
        claims.decoding -= usize::from(self.decoding);
        (self.bytes, self.decoding) = (bytes, false);
        drop(claims);
        self.budget.given_back.notify_all();
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.keep(0);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn budget(bytes: u64) -> &'static Budget {
        Box::leak(Box::new(Budget::new(bytes)))
    }

    #[test]
    fn claims_of_many_threads_never_exceed_the_budget() {
        let budget = budget(100);
        let (taken, most) = (AtomicU64::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            for thread in 0..8 {
                let (taken, most) = (&taken, &most);
                scope.spawn(move || {
                    for round in 0..50 {
                        let bytes = 10 + (thread * 7 + round * 13) % 60;
                        let claim = budget.claim(bytes, LONG);
                        let now = taken.fetch_add(bytes, Ordering::SeqCst) + bytes;
                        most.fetch_max(now, Ordering::SeqCst);
                        thread::yield_now();
                        taken.fetch_sub(bytes, Ordering::SeqCst);
                        drop(claim);
                    }
                });
            }
        });
        assert!((60..=100).contains(&most.load(Ordering::SeqCst)), "{most:?}");
        assert_eq!(budget.claims().bytes, 0);
    }

    #[test]
    fn what_is_larger_than_the_budget_is_served_alone() {
        let budget = budget(100);
        let large = budget.claim(1000, LONG);
        let waiting = thread::spawn(move || drop(budget.claim(1, LONG)));
        thread::sleep(Duration::from_millis(50));
        assert!(!waiting.is_finished());
        drop(large);
        waiting.join().expect("served");
    }

    #[test]
    fn images_that_somebody_keeps_do_not_stop_others_for_good() {
        let budget = budget(100);
        let mut kept = budget.claim(90, LONG);
        kept.keep(80);
        let start = Instant::now();
        let second = budget.claim(50, Duration::from_millis(100));
        assert!(start.elapsed() >= Duration::from_millis(100));
        drop((kept, second));
        assert_eq!(budget.claims().bytes, 0);
    }
}
