//! What is remembered of a file that was found whole, so that it is looked through once and not in every epoch.

use std::sync::atomic::{AtomicU64, Ordering};

/// Whether a file was found whole earlier in this process, and at which length; a file of another length is another.
#[derive(Debug, Default)]
pub struct Inspection(AtomicU64);

impl Inspection {
    /// The file of `length` bytes was found whole; whether its decoder keeps all coefficients until the end.
    pub fn passed(&self, length: usize, is_kept_whole: bool) {
        self.0.store((length as u64) << 1 | u64::from(is_kept_whole), Ordering::Relaxed);
    }

    /// What [`passed`](Self::passed) said of a file of `length` bytes, if it did.
    pub fn is_kept_whole(&self, length: usize) -> Option<bool> {
        let found = self.0.load(Ordering::Relaxed);
        (length > 0 && found >> 1 == length as u64).then_some(found & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_of_the_same_length_passed() {
        let inspection = Inspection::default();
        assert_eq!([0, 1, 7].map(|length| inspection.is_kept_whole(length)), [None; 3]);
        inspection.passed(7, true);
        assert_eq!([0, 6, 7, 8].map(|length| inspection.is_kept_whole(length)), [None, None, Some(true), None]);
        inspection.passed(8, false);
        assert_eq!([7, 8].map(|length| inspection.is_kept_whole(length)), [None, Some(false)]);
    }
}
