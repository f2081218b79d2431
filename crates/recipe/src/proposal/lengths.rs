//! How many epochs a training has, and what of a recipe is in proportion to them.

/// Steps below which a pre-training learns too little to be worth the larger images, or the larger model.
pub(super) const STEPS_FOR_LARGER_IMAGES: f64 = 2_000.0;
pub(super) const STEPS_FOR_A_LARGER_MODEL: f64 = 10_000.0;
/// He et al. 2022 pre-trained for 1600 epochs at the most; more of the same images teach little.
pub(super) const MOST_EPOCHS: usize = 1_600;
/// Steps that a fine-tuning of a pre-trained encoder wants, and the least.
const FINETUNE_STEPS: usize = 2_000;
const LEAST_FINETUNE_STEPS: usize = 250;
const MOST_FINETUNE_EPOCHS: usize = 100;
/// Steps in which the probe converges at its rate (`docs/decisions.md`, "Proposed recipes").
const PROBE_STEPS: usize = 3_000;
const LEAST_PROBE_EPOCHS: usize = 20;

/// Epochs of pre-training: as many as `time` has room for at `seconds` each.
pub(super) fn pretraining_epochs(time: f64, seconds: f64) -> usize {
    let fitting = (time / seconds.max(1e-9)) as usize;
    round_down(fitting.clamp(1, MOST_EPOCHS))
}

/// Epochs of fine-tuning: as many as it wants, if they take no longer than half of `time`.
pub(super) fn finetuning_epochs(time: f64, seconds: f64, steps_per_epoch: usize) -> usize {
    let steps_per_epoch = steps_per_epoch.max(1);
    let wanted = FINETUNE_STEPS.div_ceil(steps_per_epoch).min(MOST_FINETUNE_EPOCHS);
    let least = LEAST_FINETUNE_STEPS.div_ceil(steps_per_epoch);
    let fitting = (0.5 * time / seconds.max(1e-9)) as usize;
    round_down(wanted.min(fitting).max(1)).max(least)
}

/// Epochs of the linear probe, whose features are computed once and whose epochs cost next to nothing.
pub(super) fn probe_epochs(steps_per_epoch: usize) -> usize {
    PROBE_STEPS.div_ceil(steps_per_epoch.max(1)).max(LEAST_PROBE_EPOCHS)
}

/// Epochs of linear warm-up of the learning rate: a tenth, or less where that is much.
pub(super) fn warmup_epochs(epochs: usize) -> f64 {
    match epochs {
        0..=9 => (epochs as f64 / 10.0).max(0.1),
        _ => (epochs / 10).min(40) as f64,
    }
}

/// K and WSE: a sixth of a short training, a tenth of a long one, as the presets have them.
pub(super) fn copy_every(epochs: usize) -> usize {
    match epochs {
        0..=60 => ((epochs + 3) / 6).max(1),
        _ => (epochs / 10).max(10),
    }
}

/// The rate τ of an average whose half-life is a quarter of the epochs, three epochs at the least.
pub(super) fn average_rate(epochs: usize) -> f64 {
    let half_life = (epochs as f64 / 4.0).max(3.0);
    to_digits(1.0 - 0.5_f64.powf(1.0 / half_life), 1)
}

/// `number` to so many digits behind the first, so that a recipe has no digits that mean nothing.
pub(super) fn to_digits(number: f64, digits: usize) -> f64 {
    format!("{number:.digits$e}").parse().unwrap_or(number)
}

/// The next lower round number: 7, 45, 360.
fn round_down(epochs: usize) -> usize {
    match epochs {
        0..20 => epochs,
        20..100 => epochs / 5 * 5,
        _ => epochs / 10 * 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pre_training_fills_the_time_and_is_no_longer_than_the_longest_published_one() {
        let epochs = [(3600.0, 10.0), (60.0, 7.0), (1.0, 10.0), (1e6, 0.1), (100.0, 0.0)];
        assert_eq!(epochs.map(|(time, seconds)| pretraining_epochs(time, seconds)), [360, 8, 1, 1600, 1600]);
    }

    #[test]
    fn fine_tuning_takes_half_the_time_at_the_most_and_as_many_steps_as_teach_anything_at_the_least() {
        assert_eq!(finetuning_epochs(3600.0, 1.0, 9), 100);
        assert_eq!(finetuning_epochs(100.0, 1.0, 40), 50);
        assert_eq!(finetuning_epochs(10.0, 1.0, 9), 28, "250 steps");
    }

    #[test]
    fn the_probe_has_enough_steps_however_few_an_epoch_has() {
        assert_eq!([0, 1, 9, 390].map(probe_epochs), [3000, 3000, 334, 20]);
    }

    #[test]
    fn what_the_presets_have_is_what_the_proportions_give() {
        assert_eq!([24, 12, 200].map(copy_every), [4, 2, 20]);
        assert_eq!(average_rate(24), 0.11);
        assert_eq!([24, 200, 800].map(warmup_epochs), [2.0, 20.0, 40.0]);
    }

    #[test]
    fn copies_and_averages_fit_into_every_training_that_has_room_for_them() {
        for epochs in 2..=MOST_EPOCHS {
            assert!(copy_every(epochs) >= 1 && 2 * copy_every(epochs) <= epochs + 1, "{epochs}");
            assert!((0.001..=0.21).contains(&average_rate(epochs)), "{epochs}: {}", average_rate(epochs));
            assert!(warmup_epochs(epochs) <= 0.11 * epochs as f64, "{epochs}");
        }
    }
}
