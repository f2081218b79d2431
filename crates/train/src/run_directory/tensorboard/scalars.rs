//! Which numbers of a line of `metrics.jsonl` TensorBoard shows, and under which tag.

use serde_json::{Map, Value};

/// Fields of a line that are shown, by kind; the loss of an `eval` line and of an `epoch` line are not that of a step.
const SHOWN: [(&str, &str, &str); 14] = [
    ("step", "loss", "train/loss"),
    ("step", "pixel", "train/loss_on_pixels"),
    ("step", "lr", "train/learning_rate"),
    ("step", "images_per_s", "train/images_per_s"),
    ("epoch", "loss", "epoch/loss"),
    ("epoch", "images_per_s", "epoch/images_per_s"),
    ("epoch", "grad_norm", "epoch/gradient_norm"),
    ("epoch", "target_std", "monitor/target_std"),
    ("epoch", "prediction_std", "monitor/prediction_std"),
    ("epoch", "rank_me", "monitor/rank_me"),
    ("epoch", "knn_top1", "monitor/knn_top1"),
    ("eval", "top1", "test/top1"),
    ("eval", "loss", "test/loss"),
    ("epoch", "epoch", "epoch/epoch"),
];

/// The numbers of `line`, each with its tag, in the order of [`SHOWN`], and the loss against each target behind them.
pub fn scalars(line: &Map<String, Value>) -> Vec<(String, f64)> {
    let kind = line.get("kind").and_then(Value::as_str).unwrap_or_default();
    let shown = SHOWN.iter().filter(|(of, ..)| *of == kind);
    let numbers = shown.filter_map(|(_, field, tag)| Some(((*tag).to_owned(), line.get(*field)?.as_f64()?)));
    let targets = line.get("targets").and_then(Value::as_array).into_iter().flatten().enumerate();
    let targets = targets.filter_map(|(index, loss)| Some((format!("train/loss_on_target_{index}"), loss.as_f64()?)));
    numbers.chain(targets).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Vec<(String, f64)> {
        scalars(&serde_json::from_str(line).expect("JSON"))
    }

    #[test]
    fn a_step_shows_its_loss_rate_and_the_loss_against_each_target() {
        let shown = of(r#"{"kind":"step","epoch":1,"step":7,"loss":0.5,"lr":0.001,"targets":[0.25,0.75]}"#);
        let tags: Vec<(&str, f64)> = shown.iter().map(|(tag, value)| (tag.as_str(), *value)).collect();
        assert_eq!(
            tags,
            [
                ("train/loss", 0.5),
                ("train/learning_rate", 0.001),
                ("train/loss_on_target_0", 0.25),
                ("train/loss_on_target_1", 0.75)
            ]
        );
    }

    #[test]
    fn what_is_absent_or_no_number_is_not_shown() {
        assert_eq!(of(r#"{"kind":"eval","epoch":0,"top1":12.5}"#), [("test/top1".to_owned(), 12.5)]);
        assert_eq!(of(r#"{"kind":"eval","top1":null}"#), []);
        assert_eq!(of(r#"{"kind":"other","loss":1.0}"#), []);
    }
}
