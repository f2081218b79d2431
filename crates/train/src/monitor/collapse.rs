//! A collapse, announced while it happens: targets or features that have become (nearly) the same for every image.

use serde_json::Value;

use crate::run_directory::Fields;

/// A target that spreads less than this part of its first spread has collapsed.
const COLLAPSED_SPREAD: f64 = 0.02;
/// So have features of an effective rank below this.
const COLLAPSED_RANK: f64 = 2.0;
/// And features whose effective rank fell below this part of what it was when features were first predicted.
const COLLAPSED_SHARE_OF_RANK: f64 = 0.1;

/// What an epoch showed.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Signs {
    /// Whether the student predicts features: pixels cannot collapse.
    pub features_predicted: bool,
    /// Spread of the targets over samples.
    pub target_std: Option<f64>,
    /// Effective rank of the encoder's features.
    pub rank_me: Option<f64>,
}

/// Announces a collapse once in a run.
#[derive(Debug, Default)]
pub(crate) struct CollapseWatch {
    first_target: Option<f64>,
    first_rank: Option<f64>,
    announced: bool,
}

impl CollapseWatch {
    /// The watch of a run that logged `lines` before: it judges as if it had never been interrupted.
    pub fn after(lines: &[Fields]) -> Self {
        let mut watch = Self::default();
        let mut features_predicted = false;
        for line in lines.iter().filter(|line| line.get("kind").is_some_and(|kind| kind == "epoch")) {
            let number = |field: &str| line.get(field).and_then(Value::as_f64);
            features_predicted |= line.get("event").is_some_and(|event| event == "switch");
            let signs = Signs { features_predicted, target_std: number("target_std"), rank_me: number("rank_me") };
            watch.judge(signs);
        }
        watch
    }

    /// A sentence when the signs of this epoch are those of a collapse, and what to try.
    pub fn judge(&mut self, signs: Signs) -> Option<String> {
        if !signs.features_predicted || self.announced {
            return None;
        }
        let sign = self.target(signs.target_std).or(self.rank(signs.rank_me))?;
        self.announced = true;
        Some(format!(
            "the representation is collapsing ({sign}): try a longer pixel warm-up (method.wse or method.k), a slower \
             target (a smaller method.tau, a larger method.k), or normalisation = \"layer-norm\" on the targets"
        ))
    }

    fn target(&mut self, spread: Option<f64>) -> Option<String> {
        let spread = spread?;
        let first = *self.first_target.get_or_insert(spread);
        (spread < COLLAPSED_SPREAD * first)
            .then(|| format!("the targets' spread fell from {first:.2e} to {spread:.2e}"))
    }

    fn rank(&mut self, rank: Option<f64>) -> Option<String> {
        let rank = rank?;
        let first = *self.first_rank.get_or_insert(rank);
        (rank < COLLAPSED_RANK.max(COLLAPSED_SHARE_OF_RANK * first)).then(|| {
            let fell =
                if rank < first { format!("fell from {first:.1} to {rank:.1}") } else { format!("is {rank:.1}") };
            format!("the features' effective rank {fell}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signs(target_std: f64, rank_me: f64) -> Signs {
        Signs { features_predicted: true, target_std: Some(target_std), rank_me: Some(rank_me) }
    }

    #[test]
    fn a_target_that_lost_its_spread_is_announced_once_and_never_on_pixels() {
        let mut watch = CollapseWatch::default();
        assert_eq!(watch.judge(Signs { features_predicted: false, ..signs(0.0, 1.0) }), None);
        assert_eq!(watch.judge(signs(1.0, 30.0)), None);
        assert_eq!(watch.judge(signs(0.5, 30.0)), None);
        let text = watch.judge(signs(0.01, 30.0)).expect("an announcement");
        assert!(text.contains("fell from 1.00e0 to 1.00e-2"), "{text}");
        assert_eq!(watch.judge(signs(0.001, 30.0)), None);
    }

    #[test]
    fn features_of_hardly_any_rank_are_announced_measured_by_what_they_had() {
        let mut watch = CollapseWatch::default();
        assert_eq!(watch.judge(signs(1.0, 60.0)), None);
        assert_eq!(watch.judge(signs(1.0, 7.0)), None);
        let text = watch.judge(signs(1.0, 5.9)).expect("an announcement");
        assert!(text.contains("effective rank fell from 60.0 to 5.9"), "{text}");
        let mut poor = CollapseWatch::default();
        assert_eq!(poor.judge(signs(1.0, 4.0)), None);
        assert!(poor.judge(signs(1.0, 1.9)).is_some());
        let text = CollapseWatch::default().judge(signs(1.0, 1.4)).expect("there was nothing from the start");
        assert!(text.contains("effective rank is 1.4"), "{text}");
    }

    #[test]
    fn an_interrupted_run_is_judged_like_one_left_alone() {
        let line = |text: &str| serde_json::from_str::<Fields>(text).expect("JSON");
        let lines = [
            line(r#"{"kind":"epoch","epoch":0,"target_std":0.9,"rank_me":9.0}"#),
            line(r#"{"kind":"step","epoch":1,"loss":1.0}"#),
            line(r#"{"kind":"epoch","epoch":1,"target_std":0.5,"event":"switch"}"#),
        ];
        let mut watch = CollapseWatch::after(&lines);
        assert_eq!(watch.judge(signs(0.02, 30.0)), None, "two hundredths of 0.5 are 0.01");
        let mut watch = CollapseWatch::after(&lines);
        assert!(watch.judge(signs(0.009, 30.0)).is_some());
        let collapsed = [&lines[..], &[line(r#"{"kind":"epoch","epoch":2,"target_std":0.001}"#)]].concat();
        assert_eq!(CollapseWatch::after(&collapsed).judge(signs(0.001, 30.0)), None, "it was announced before");
    }
}
