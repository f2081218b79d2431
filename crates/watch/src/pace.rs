//! How long a run has left, from the pace it kept.

use std::collections::VecDeque;
use std::time::Duration;

/// Marks kept: enough for a steady answer, few enough to follow a change of pace.
const WINDOW: usize = 32;

/// Fewer epochs than this between the first and the last mark say less than the whole run does.
const ENOUGH: f64 = 1.0;

/// How far a run was after how many seconds of its own work, as it was seen while it was watched.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Pace {
    marks: VecDeque<Mark>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Mark {
    /// Seconds of work over all sessions.
    wall_s: f64,
    /// Epochs, with fractions.
    epochs: f64,
}

impl Pace {
    /// Notes that the run has done `epochs` (fractional) in `wall_s` seconds of work. What does not go forward in both
    /// is a run that was taken back to an earlier epoch: what was seen before is forgotten. Numbers that are not finite
    /// are left out.
    pub(crate) fn note(&mut self, epochs: f64, wall_s: f64) {
        if !epochs.is_finite() || !wall_s.is_finite() {
            return;
        }
        match self.marks.back() {
            Some(last) if epochs == last.epochs && wall_s >= last.wall_s => return,
            Some(last) if epochs < last.epochs || wall_s < last.wall_s => self.marks.clear(),
            _ => {}
        }
        if self.marks.len() == WINDOW {
            self.marks.pop_front();
        }
        self.marks.push_back(Mark { wall_s, epochs });
    }

    /// The time that the rest of `planned` epochs takes at the pace of the marks, or of the whole run while the marks
    /// span less than an epoch. `None` before any progress, and zero once all is done. Counted from the last line that
    /// the run wrote.
    pub(crate) fn left(&self, planned: u64) -> Option<Duration> {
        let last = self.marks.back()?;
        let first = self.marks.front()?;
        let rest = (planned as f64 - last.epochs).max(0.0);
        let (seconds, epochs) = if last.epochs - first.epochs >= ENOUGH {
            (last.wall_s - first.wall_s, last.epochs - first.epochs)
        } else {
            (last.wall_s, last.epochs)
        };
        if epochs <= 0.0 || seconds < 0.0 {
            return None;
        }
        Duration::try_from_secs_f64(rest * seconds / epochs).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(marks: &[(f64, f64)]) -> Pace {
        let mut pace = Pace::default();
        for &(epochs, wall_s) in marks {
            pace.note(epochs, wall_s);
        }
        pace
    }

    #[test]
    fn a_run_seen_once_is_measured_by_all_it_has_done() {
        assert_eq!(pace(&[(10.0, 50.0)]).left(40), Some(Duration::from_secs(150)));
    }

    #[test]
    fn a_run_that_became_slower_is_measured_by_what_was_seen_of_it() {
        assert_eq!(pace(&[(10.0, 10.0), (12.0, 30.0)]).left(20), Some(Duration::from_secs(80)));
    }

    #[test]
    fn nothing_is_promised_before_any_progress() {
        assert_eq!(Pace::default().left(10), None);
        assert_eq!(pace(&[(0.0, 0.3)]).left(10), None);
    }

    #[test]
    fn a_run_taken_back_to_an_earlier_epoch_starts_anew() {
        assert_eq!(pace(&[(10.0, 10.0), (20.0, 40.0), (10.0, 20.0)]).left(20), Some(Duration::from_secs(20)));
    }

    #[test]
    fn a_run_beyond_its_plan_has_nothing_left() {
        assert_eq!(pace(&[(12.0, 10.0)]).left(10), Some(Duration::ZERO));
    }

    #[test]
    fn numbers_that_are_not_finite_are_left_out() {
        assert_eq!(pace(&[(f64::NAN, 1.0), (1.0, f64::INFINITY)]).left(10), None);
    }

    #[test]
    fn only_the_latest_marks_count() {
        let marks: Vec<(f64, f64)> =
            (0..100).map(|i| (f64::from(i), if i < 50 { 0.0 } else { f64::from(i - 50) })).collect();
        assert_eq!(pace(&marks).left(199), Some(Duration::from_secs(100)));
    }
}
