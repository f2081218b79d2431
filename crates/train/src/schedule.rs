//! The learning rate of every step: linear warm-up, then half a cosine, both over fractional epochs.
//!
//! Source: He et al. 2022, appendix A (half-cycle cosine after a linear warm-up; linear scaling of the base rate
//! with the batch, Goyal et al. 2017); `docs/recipes.md`, "All stages".

use bmae_recipe::{PlannedEpochs, StageRecipe};

/// The rate as a function of the fractional epoch, before layer-wise scaling.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    peak: f64,
    minimum: f64,
    warmup_epochs: f64,
    epochs: PlannedEpochs,
}

impl Schedule {
    /// The schedule of a stage.
    pub fn of(stage: &StageRecipe) -> Self {
        Self {
            peak: stage.peak_lr(),
            minimum: stage.min_lr,
            warmup_epochs: stage.warmup_epochs,
            epochs: stage.planned_epochs(),
        }
    }

    /// The rate at `epoch` (`epoch + step / steps_per_epoch`, from 0). A warm-up longer than the training just
    /// never reaches its peak. After the last epoch the rate stays where it is at its end: a replay may go on. A training
    /// that was replanned has in each epoch the rate of a training of as many epochs as were planned then.
    pub fn rate(&self, epoch: f64) -> f64 {
        let epochs = self.epochs.at(epoch as usize) as f64;
        let epoch = epoch.min(epochs);
        if epoch < self.warmup_epochs || epochs <= self.warmup_epochs {
            return self.peak * epoch / self.warmup_epochs;
        }
        let decayed = (epoch - self.warmup_epochs) / (epochs - self.warmup_epochs);
        self.minimum + (self.peak - self.minimum) * 0.5 * (1.0 + (std::f64::consts::PI * decayed).cos())
    }
}

#[cfg(test)]
mod tests {
    use bmae_recipe::EarlierPlan;

    use super::*;

    fn epochs(epochs: usize) -> PlannedEpochs {
        PlannedEpochs::new(epochs, Vec::new())
    }

    fn schedule() -> Schedule {
        Schedule { peak: 2e-3, minimum: 1e-6, warmup_epochs: 5.0, epochs: epochs(100) }
    }

    #[test]
    fn warm_up_is_linear_from_zero_to_the_peak() {
        let rates: Vec<f64> = [0.0, 1.25, 2.5, 3.75].iter().map(|&e| schedule().rate(e)).collect();
        assert_eq!(rates, [0.0, 0.25 * 2e-3, 0.5 * 2e-3, 0.75 * 2e-3]);
    }

    #[test]
    fn after_warm_up_the_rate_follows_half_a_cosine_to_the_minimum() {
        let schedule = schedule();
        for epoch in [5.0, 20.5, 52.5, 99.9] {
            let angle = std::f64::consts::PI * (epoch - 5.0) / 95.0;
            let expected = 1e-6 + (2e-3 - 1e-6) * (1.0 + angle.cos()) / 2.0;
            assert!((schedule.rate(epoch) - expected).abs() < 1e-15, "epoch {epoch}");
        }
        assert!((schedule.rate(5.0) - 2e-3).abs() < 1e-15);
        assert!((schedule.rate(100.0) - 1e-6).abs() < 1e-15);
    }

    #[test]
    fn after_the_last_epoch_the_rate_stays_at_its_end() {
        for epoch in [100.0, 100.5, 250.0] {
            assert!((schedule().rate(epoch) - 1e-6).abs() < 1e-15, "epoch {epoch}");
        }
        let all_warm_up = Schedule { peak: 1.0, minimum: 0.0, warmup_epochs: 10.0, epochs: epochs(10) };
        assert_eq!((all_warm_up.rate(10.0), all_warm_up.rate(20.0)), (1.0, 1.0));
        let cut_short = Schedule { peak: 1.0, minimum: 0.0, warmup_epochs: 40.0, epochs: epochs(10) };
        assert_eq!(cut_short.rate(30.0), 0.25);
    }

    #[test]
    fn a_training_that_is_replanned_goes_on_at_the_rate_of_the_longer_one() {
        let earlier = vec![EarlierPlan { epochs: 100, until: 100 }];
        let replanned = Schedule { epochs: PlannedEpochs::new(200, earlier), ..schedule() };
        let longer = Schedule { epochs: epochs(200), ..schedule() };
        for epoch in [0.0, 2.5, 60.25, 99.9] {
            assert_eq!(replanned.rate(epoch), schedule().rate(epoch), "epoch {epoch}");
        }
        for epoch in [100.0, 100.5, 150.0, 199.9, 200.0, 230.0] {
            assert_eq!(replanned.rate(epoch), longer.rate(epoch), "epoch {epoch}");
        }
        assert!(replanned.rate(99.9) < 1e-5 && replanned.rate(100.0) > 1e-3, "it rises again");
    }

    #[test]
    fn a_warm_up_longer_than_the_training_never_reaches_the_peak() {
        let schedule = Schedule { peak: 1.0, minimum: 0.0, warmup_epochs: 40.0, epochs: epochs(10) };
        assert_eq!(schedule.rate(9.5), 9.5 / 40.0);
    }
}
