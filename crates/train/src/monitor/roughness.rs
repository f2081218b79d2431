//! How rough the loss of an epoch is: `docs/methods.md`, "How stability is measured".

use serde_json::Value;

use crate::run_directory::Fields;

/// The root mean square of the differences between the losses of neighbouring steps, divided by the mean loss. The
/// first difference of an epoch is that to the last step of the epoch before.
#[derive(Debug, Default)]
pub(super) struct LossRoughness {
    /// Of the step before.
    before: Option<f64>,
    squares: f64,
    differences: usize,
    sum: f64,
    steps: usize,
}

impl LossRoughness {
    /// That of a run that logged `lines` before.
    pub fn after(lines: &[Fields]) -> Self {
        let last = lines.iter().rev().find(|line| line.get("kind").is_some_and(|kind| kind == "step"));
        Self { before: last.and_then(|line| line.get("loss")).and_then(Value::as_f64), ..Self::default() }
    }

    /// What is known within an epoch, as named numbers.
    pub fn numbers(&self) -> Vec<(&'static str, f64)> {
        let Self { before, squares, differences, sum, steps } = *self;
        let known = [("squares", squares), ("differences", differences as f64), ("sum", sum), ("steps", steps as f64)];
        known.into_iter().chain(before.map(|before| ("before", before))).collect()
    }

    /// The inverse of [`numbers`](Self::numbers); `number` gives each by its name, `None` where one that is always there
    /// is missing.
    pub fn of_numbers(number: impl Fn(&str) -> Option<f64>) -> Option<Self> {
        Some(Self {
            before: number("before"),
            squares: number("squares")?,
            differences: number("differences")? as usize,
            sum: number("sum")?,
            steps: number("steps")? as usize,
        })
    }

    /// What comes next is another loss, to which there is no difference.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// The loss of the next step.
    pub fn step(&mut self, loss: f64) {
        if let Some(before) = self.before {
            self.squares += (loss - before).powi(2);
            self.differences += 1;
        }
        self.before = Some(loss);
        self.sum += loss;
        self.steps += 1;
    }

    /// The roughness of the epoch that ends; `None` without two steps to compare.
    pub fn end_epoch(&mut self) -> Option<f64> {
        let mean = self.sum / self.steps as f64;
        let roughness = (self.differences > 0).then(|| (self.squares / self.differences as f64).sqrt() / mean);
        *self = Self { before: self.before.and_then(as_it_is_read_back), ..Self::default() };
        roughness
    }
}

/// A logged loss as a resume reads it, whose last bit may differ: a run left alone goes on from the same number.
fn as_it_is_read_back(loss: f64) -> Option<f64> {
    serde_json::from_str::<Value>(&serde_json::to_string(&loss).ok()?).ok()?.as_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(roughness: &mut LossRoughness, losses: &[f64]) -> Option<f64> {
        losses.iter().for_each(|&loss| roughness.step(loss));
        roughness.end_epoch()
    }

    #[test]
    fn loss_roughness_is_the_root_mean_square_of_the_differences_of_steps_over_the_mean_loss() {
        let mut roughness = LossRoughness::default();
        // Differences 1 and -2; the mean loss is 2.
        assert_eq!(epoch(&mut roughness, &[2.0, 3.0, 1.0]), Some((5.0f64 / 2.0).sqrt() / 2.0));
        // To the epoch before 3, then 0; the mean loss is 4.
        assert_eq!(epoch(&mut roughness, &[4.0, 4.0]), Some((9.0f64 / 2.0).sqrt() / 4.0));
        assert_eq!(epoch(&mut LossRoughness::default(), &[4.0]), None, "one step has no other");
    }

    #[test]
    fn there_is_no_difference_across_the_switch_to_features() {
        let mut roughness = LossRoughness::default();
        epoch(&mut roughness, &[900.0, 900.0]);
        roughness.forget();
        assert_eq!(epoch(&mut roughness, &[1.0, 2.0, 3.0]), Some(0.5));
    }

    #[test]
    fn within_an_epoch_it_goes_on_from_its_numbers() {
        let mut whole = LossRoughness::default();
        epoch(&mut whole, &[2.0, 3.0]);
        whole.step(0.1 + 0.2);
        let numbers: std::collections::BTreeMap<_, _> = whole.numbers().into_iter().collect();
        let mut resumed = LossRoughness::of_numbers(|name| numbers.get(name).copied()).expect("all are there");
        assert_eq!(epoch(&mut resumed, &[1.0 / 3.0]), epoch(&mut whole, &[1.0 / 3.0]));
    }

    #[test]
    fn a_resumed_run_has_the_roughness_of_one_left_alone_to_the_last_bit() {
        for losses in
            [[0.1 + 0.2, 1.0 / 3.0], [0.857_142_857_142_857_1, 0.123_456_789_012_345_68], [1e-7 / 3.0, 7.0 / 9.0e4]]
        {
            let mut whole = LossRoughness::default();
            epoch(&mut whole, &losses);
            let logged =
                format!(r#"{{"kind":"step","loss":{}}}"#, serde_json::to_string(&losses[1]).expect("a number"));
            let lines = [logged.as_str(), r#"{"kind":"epoch","loss":5.0}"#];
            let lines = lines.map(|line| serde_json::from_str::<Fields>(line).expect("JSON"));
            let mut resumed = LossRoughness::after(&lines);
            assert_eq!(epoch(&mut resumed, &[0.3, 0.1]), epoch(&mut whole, &[0.3, 0.1]));
        }
        assert_eq!(epoch(&mut LossRoughness::after(&[]), &[1.0]), None, "nothing was logged before");
    }
}
