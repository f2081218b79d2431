//! When targets change: the table of `docs/methods.md`, "When targets change", as functions of the epoch alone.

use bmae_recipe::{Born, CopyAt, EmaUnit, Ramp, TargetRecipe, Update};

/// What a method did with its targets in an epoch, as `metrics.jsonl` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TargetEvent {
    /// A target was averaged with the student.
    Average,
    /// A target was replaced by the student.
    Copy,
    /// The targets were created: from here on features are predicted, not pixels.
    Switch,
}

impl TargetEvent {
    /// Its name in `metrics.jsonl`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Average => "average",
            Self::Copy => "copy",
            Self::Switch => "switch",
        }
    }
}

/// The epoch at whose start `target` is created, given that features are predicted from epoch `switch` on.
pub fn created(target: &TargetRecipe, switch: usize) -> usize {
    match target.update {
        Update::Ema { born: Born::Start, .. } => 0,
        _ => switch,
    }
}

/// Whether `target` is replaced by the student before the training of `epoch`, given that copies are made `at` and
/// count from epoch `switch`.
pub fn copied_at_start(target: &TargetRecipe, at: CopyAt, switch: usize, epoch: usize) -> bool {
    match (&target.update, at) {
        (Update::Copy { every }, CopyAt::EpochStart) => epoch > switch && (epoch - switch).is_multiple_of(*every),
        _ => false,
    }
}

/// Whether `target` is replaced by the student after the training of `epoch`.
pub fn copied_at_end(target: &TargetRecipe, at: CopyAt, switch: usize, epoch: usize) -> bool {
    match (&target.update, at) {
        (Update::Copy { every }, CopyAt::EpochEnd) => epoch >= switch && (epoch - switch).is_multiple_of(*every),
        _ => false,
    }
}

/// The EMA rate, of target <- (1 - tau) target + tau student, at the update number `update` (from 0) of `updates`;
/// `None` for a target that is not averaged in this `unit`. A ramp that is over stays at its end.
pub fn tau(target: &TargetRecipe, unit: EmaUnit, update: usize, updates: usize) -> Option<f64> {
    let &Update::Ema { tau, tau_end, ramp, unit: own, .. } = &target.update else { return None };
    if own != unit {
        return None;
    }
    let progress = if updates > 1 { (update as f64 / (updates - 1) as f64).min(1.0) } else { 0.0 };
    Some(match ramp {
        Ramp::None => tau,
        Ramp::Linear => tau + (tau_end - tau) * progress,
        Ramp::Cosine => tau_end + (tau - tau_end) * 0.5 * (1.0 + (std::f64::consts::PI * progress).cos()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bmae_recipe::{GivenWeights, TargetNormalisation};

    fn target(update: Update) -> TargetRecipe {
        TargetRecipe { weight: 1.0, update, normalisation: TargetNormalisation::None, last_blocks: 1 }
    }

    fn epochs(when: impl Fn(usize) -> bool) -> Vec<usize> {
        (0..20).filter(|&epoch| when(epoch)).collect()
    }

    #[test]
    fn mae_k_copies_at_the_start_of_epochs_2k_3k_after_its_creation_at_k() {
        let (target, at) = (target(Update::Copy { every: 5 }), CopyAt::EpochStart);
        assert_eq!(epochs(|epoch| copied_at_start(&target, at, 5, epoch)), [10, 15]);
        assert_eq!(epochs(|epoch| copied_at_end(&target, at, 5, epoch)), [0; 0]);
    }

    #[test]
    fn the_published_mae_new_copies_after_the_training_of_epochs_k_2k_3k() {
        let (target, at) = (target(Update::Copy { every: 5 }), CopyAt::EpochEnd);
        assert_eq!(epochs(|epoch| copied_at_start(&target, at, 5, epoch)), [0; 0]);
        assert_eq!(epochs(|epoch| copied_at_end(&target, at, 5, epoch)), [5, 10, 15]);
    }

    #[test]
    fn a_target_with_another_period_than_its_warm_up_counts_from_the_warm_up() {
        let target = target(Update::Copy { every: 4 });
        assert_eq!(epochs(|epoch| copied_at_start(&target, CopyAt::EpochStart, 3, epoch)), [7, 11, 15, 19]);
    }

    #[test]
    fn a_fixed_target_is_never_copied_and_never_averaged() {
        let fixed = target(Update::Fixed(GivenWeights::at("mae.pth".as_ref())));
        for at in [CopyAt::EpochStart, CopyAt::EpochEnd] {
            assert_eq!(epochs(|epoch| copied_at_start(&fixed, at, 2, epoch)), [0; 0]);
            assert_eq!(epochs(|epoch| copied_at_end(&fixed, at, 2, epoch)), [0; 0]);
        }
        assert_eq!([EmaUnit::Epoch, EmaUnit::Step].map(|unit| tau(&fixed, unit, 0, 10)), [None; 2]);
    }

    #[test]
    fn an_average_happens_only_in_its_own_unit() {
        let ema = |unit| target(Update::Ema { tau: 0.1, tau_end: 0.1, ramp: Ramp::None, unit, born: Born::Switch });
        assert_eq!(tau(&ema(EmaUnit::Epoch), EmaUnit::Epoch, 3, 10), Some(0.1));
        assert_eq!(tau(&ema(EmaUnit::Epoch), EmaUnit::Step, 3, 10), None);
        assert_eq!(tau(&target(Update::Copy { every: 1 }), EmaUnit::Epoch, 0, 10), None);
    }

    #[test]
    fn ramps_run_from_tau_at_the_first_update_to_tau_end_at_the_last() {
        let ramped =
            |ramp| target(Update::Ema { tau: 0.2, tau_end: 0.0, ramp, unit: EmaUnit::Epoch, born: Born::Switch });
        let all = |ramp| -> Vec<f64> {
            (0..5).map(|u| tau(&ramped(ramp), EmaUnit::Epoch, u, 5).expect("an average")).collect()
        };
        let close = |found: Vec<f64>, expected: [f64; 5]| {
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
        };
        assert_eq!(tau(&ramped(Ramp::Cosine), EmaUnit::Epoch, 9, 5), Some(0.0), "beyond the training it stays there");
        close(all(Ramp::Linear), [0.2, 0.15, 0.1, 0.05, 0.0]);
        let quarter = 0.1 * (1.0 + (std::f64::consts::PI / 4.0).cos());
        close(all(Ramp::Cosine), [0.2, quarter, 0.1, 0.2 - quarter, 0.0]);
    }
}
