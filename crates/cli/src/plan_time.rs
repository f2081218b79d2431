//! How long the rest of a plan takes: what was expected of each stage, corrected by how long the others took.

use bmae_recipe::Stage;

/// In whose place the first seconds of a plan count little: seconds that went exactly as expected. A share of those of the
/// whole plan, within bounds.
const PRIOR_SHARE: f64 = 0.02;
const PRIOR: (f64, f64) = (3.0, 60.0);

/// The stages of a plan, in its order.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanTime(Vec<Expected>);

#[derive(Debug, Clone, PartialEq)]
struct Expected {
    stage: Stage,
    seconds: f64,
    course: Course,
}

/// How it went with a stage so far.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Course {
    /// It is still to come.
    Waiting,
    /// It is at work since so many seconds; this share of it is done, where that is known.
    Working { seconds: f64, share: Option<f64> },
    /// It was not run.
    LeftOut,
}

impl PlanTime {
    /// Of each stage how many seconds are expected.
    pub fn new(expected: impl IntoIterator<Item = (Stage, f64)>) -> Self {
        let expected =
            expected.into_iter().map(|(stage, seconds)| Expected { stage, seconds, course: Course::Waiting });
        PlanTime(expected.collect())
    }

    /// Stage number `at` is at work for `seconds`, and has done a `share` of its work, from 0 to 1; `None`: who knows.
    pub fn works(&mut self, at: usize, seconds: f64, share: Option<f64>) {
        if let Some(of) = self.0.get_mut(at) {
            of.course = Course::Working { seconds, share };
        }
    }

    /// Stage number `at` is not run.
    pub fn is_left_out(&mut self, at: usize) {
        if let Some(of) = self.0.get_mut(at) {
            of.course = Course::LeftOut;
        }
    }

    /// Seconds until all are done.
    pub fn left(&self) -> f64 {
        let left = |(at, of): (usize, &Expected)| {
            let factor = self.factor(at);
            match of.course {
                Course::Waiting => of.seconds * factor,
                Course::LeftOut => 0.0,
                Course::Working { seconds, share: None } => (of.seconds * factor - seconds).max(0.0),
                Course::Working { seconds, share: Some(share) } if of.seconds <= 0.0 => {
                    seconds / share.max(0.01) * (1.0 - share)
                }
                // Its own pace counts all the more, the more of it is done.
                Course::Working { seconds, share: Some(share) } => {
                    let factor = (seconds + self.prior() * factor) / (share * of.seconds + self.prior());
                    of.seconds * factor * (1.0 - share)
                }
            }
        };
        self.0.iter().enumerate().map(left).sum()
    }

    /// How much longer than expected stages like number `at` took, itself left out; where little of them was done, all
    /// others.
    fn factor(&self, at: usize) -> f64 {
        let stage = self.0[at].stage;
        let of_others = self.taken_by_expected(|_, of| of != stage, 1.0);
        self.taken_by_expected(|other, of| of == stage && other != at, of_others)
    }

    fn taken_by_expected(&self, counts: impl Fn(usize, Stage) -> bool, before: f64) -> f64 {
        let (mut taken, mut expected) = (self.prior() * before, self.prior());
        for (_, of) in self.0.iter().enumerate().filter(|(at, of)| counts(*at, of.stage) && of.seconds > 0.0) {
            if let Course::Working { seconds, share: Some(share) } = of.course {
                taken += seconds;
                expected += share * of.seconds;
            }
        }
        taken / expected
    }

    fn prior(&self) -> f64 {
        let all: f64 = self.0.iter().map(|of| of.seconds).sum();
        (PRIOR_SHARE * all).clamp(PRIOR.0, PRIOR.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> PlanTime {
        PlanTime::new([(Stage::Pretrain, 10e3), (Stage::Finetune, 5e3), (Stage::Pretrain, 10e3)])
    }

    fn about(left: f64, expected: f64) {
        assert!((left - expected).abs() < 0.02 * expected, "{left} is not about {expected}");
    }

    #[test]
    fn before_anything_is_done_what_is_expected_is_left() {
        assert_eq!(plan().left(), 25e3);
    }

    #[test]
    fn a_stage_that_takes_twice_as_long_as_expected_does_so_the_next_time_too() {
        let mut plan = plan();
        plan.works(0, 20e3, Some(1.0));
        about(plan.left(), 10e3 + 20e3);
        plan.works(1, 5e3, Some(1.0));
        about(plan.left(), 20e3);
    }

    #[test]
    fn half_of_a_stage_leaves_what_its_own_pace_says() {
        let mut plan = plan();
        plan.works(0, 2.5e3, Some(0.5));
        about(plan.left(), 2.5e3 + 2.5e3 + 5e3);
    }

    #[test]
    fn the_first_seconds_say_little() {
        let mut plan = plan();
        plan.works(0, 10.0, Some(0.0));
        assert!(plan.left() < 1.2 * 25e3, "{}", plan.left());
    }

    #[test]
    fn a_stage_of_which_no_share_is_known_takes_what_was_expected_and_not_less_than_nothing() {
        let mut plan = PlanTime::new([(Stage::Knn, 100.0)]);
        plan.works(0, 30.0, None);
        assert_eq!(plan.left(), 70.0);
        plan.works(0, 200.0, None);
        assert_eq!(plan.left(), 0.0);
    }

    #[test]
    fn what_is_left_out_takes_no_time_and_what_was_not_expected_goes_by_its_own_pace() {
        let mut plan = PlanTime::new([(Stage::Pretrain, 1000.0), (Stage::Knn, 0.0)]);
        plan.is_left_out(0);
        assert_eq!(plan.left(), 0.0);
        plan.works(1, 10.0, Some(0.5));
        assert_eq!(plan.left(), 10.0);
        plan.works(1, 20.0, Some(1.0));
        assert_eq!(plan.left(), 0.0);
    }
}
