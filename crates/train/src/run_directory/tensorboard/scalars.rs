//! Which numbers of a line of `metrics.jsonl` TensorBoard shows, and under which tag.

use serde_json::{Map, Value};

/// Fields of a line that are shown, by kind; the loss of an `eval` line and of an `epoch` line are not that of a step.
const SHOWN: [(&str, &str, &str); 19] = [
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
    ("stability", "student_cosine", "monitor/student_cosine"),
    ("stability", "student_cka", "monitor/student_cka"),
    ("stability", "loss_roughness", "monitor/loss_roughness"),
    ("eval", "top1", "test/top1"),
    ("eval", "loss", "test/loss"),
    ("validation", "top1", "validation/top1"),
    ("validation", "loss", "validation/loss"),
    ("epoch", "epoch", "epoch/epoch"),
];

/// Lists with a number for each target; its number in the recipe ends the tag.
const SHOWN_OF_TARGETS: [(&str, &str, &str); 3] = [
    ("step", "targets", "train/loss_on_target"),
    ("stability", "target_cosine", "monitor/cosine_of_target"),
    ("stability", "target_cka", "monitor/cka_of_target"),
];

/// The numbers of `line`, each with its tag, in the order of [`SHOWN`] and of [`SHOWN_OF_TARGETS`], and behind them what
/// each copy did.
pub fn scalars(line: &Map<String, Value>) -> Vec<(String, f64)> {
    let kind = line.get("kind").and_then(Value::as_str).unwrap_or_default();
    let shown = SHOWN.iter().filter(|(of, ..)| *of == kind);
    let numbers = shown.filter_map(|(_, field, tag)| Some(((*tag).to_owned(), line.get(*field)?.as_f64()?)));
    let of_targets = SHOWN_OF_TARGETS.iter().filter(|(of, ..)| *of == kind).flat_map(|(_, field, tag)| {
        let values = list(line, field).enumerate();
        values.filter_map(move |(index, value)| Some((format!("{tag}_{index}"), value.as_f64()?)))
    });
    numbers.chain(of_targets).chain(list(line, "renewals").flat_map(of_renewal)).collect()
}

/// The jump of the loss at a copy, and how alike the targets before and after it are.
fn of_renewal(renewal: &Value) -> Vec<(String, f64)> {
    let number = |field: &str| renewal.get(field).and_then(Value::as_f64);
    let Some(target) = renewal.get("target").and_then(Value::as_u64) else { return Vec::new() };
    let jump = number("loss_after").zip(number("loss_before")).map(|(after, before)| after - before);
    let values = [("loss_jump_at_copy", jump), ("cosine_at_copy", number("cosine"))];
    values
        .into_iter()
        .filter_map(|(name, value)| Some((format!("monitor/{name}_of_target_{target}"), value?)))
        .collect()
}

fn list<'a>(line: &'a Map<String, Value>, field: &str) -> impl Iterator<Item = &'a Value> {
    line.get(field).and_then(Value::as_array).into_iter().flatten()
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
    fn a_stability_line_shows_its_measures_those_of_each_target_and_what_each_copy_did() {
        let shown = of(concat!(
            r#"{"kind":"stability","epoch":4,"student_cosine":0.5,"student_cka":0.75,"target_cosine":[1.0,0.25],"#,
            r#""target_cka":[1.0,null],"loss_roughness":0.125,"#,
            r#""renewals":[{"target":1,"at":"start","loss_before":0.25,"loss_after":1.0,"cosine":0.5}]}"#
        ));
        let tags: Vec<(&str, f64)> = shown.iter().map(|(tag, value)| (tag.as_str(), *value)).collect();
        assert_eq!(
            tags,
            [
                ("monitor/student_cosine", 0.5),
                ("monitor/student_cka", 0.75),
                ("monitor/loss_roughness", 0.125),
                ("monitor/cosine_of_target_0", 1.0),
                ("monitor/cosine_of_target_1", 0.25),
                ("monitor/cka_of_target_0", 1.0),
                ("monitor/loss_jump_at_copy_of_target_1", 0.75),
                ("monitor/cosine_at_copy_of_target_1", 0.5),
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
