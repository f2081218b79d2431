//! The exponential moving average (EMA) of a target encoder's parameters, in one pass.

use rayon::prelude::*;

use crate::arrays::zip;
use crate::instruction_set::{Work, widest};
use crate::lanes::LANES;

/// Values that a thread takes at once.
const PIECE: usize = 1 << 14;

/// target += tau (student - target), in place; any length, the same for both.
///
/// # Panics
/// When the lengths differ.
pub fn update(target: &mut [f32], student: &[f32], tau: f64) {
    assert_eq!(target.len(), student.len(), "target and student are of one length");
    let tau = tau as f32;
    target.par_chunks_mut(PIECE).zip(student.par_chunks(PIECE)).for_each(|(target, student)| {
        widest(Average { target, student, tau });
    });
}

struct Average<'a> {
    target: &'a mut [f32],
    student: &'a [f32],
    tau: f32,
}

impl Work for Average<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let tau = self.tau;
        let (target, last_target) = self.target.as_chunks_mut::<LANES>();
        let (student, last_student) = self.student.as_chunks::<LANES>();
        for (target, student) in target.iter_mut().zip(student) {
            *target = zip(*target, *student, |target, student| target + tau * (student - target));
        }
        for (target, student) in last_target.iter_mut().zip(last_student) {
            *target += tau * (student - *target);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_moves_by_tau_of_the_way_to_the_student_at_every_length() {
        for n in [0, 1, 15, 16, 17, PIECE - 1, PIECE + 1, 3 * PIECE + 5] {
            let student: Vec<f32> = (0..n).map(|i| (i % 97) as f32 * 0.25 - 12.0).collect();
            let before: Vec<f32> = (0..n).map(|i| (i % 31) as f32 * 0.5 - 7.0).collect();
            let mut target = before.clone();
            update(&mut target, &student, 0.005);
            for ((after, before), student) in target.iter().zip(before).zip(student) {
                let expected = 0.995 * f64::from(before) + 0.005 * f64::from(student);
                assert!((f64::from(*after) - expected).abs() < 2e-6, "{after}, not {expected}");
            }
        }
    }

    #[test]
    fn a_target_that_equals_its_student_stays_as_it_is_and_tau_of_zero_changes_nothing() {
        let student: Vec<f32> = (0..100).map(|i| 1.0 / (i as f32 + 3.0)).collect();
        let mut target = student.clone();
        update(&mut target, &student, 0.3);
        assert_eq!(target, student);
        update(&mut target, &[9.0; 100], 0.0);
        assert_eq!(target, student);
    }
}
