//! The published accuracies, and which of them belongs beside a run.

use serde::{Deserialize, Serialize};

use super::group::RunGroup;
use super::published_recipe::is_published_data;
use crate::run_directory::{MethodSetting, Stage};

/// The facts themselves, with their source in the first lines.
const TABLE: &str = include_str!("../../published_results.csv");

/// A published accuracy.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PublishedAccuracy {
    /// Top-1 in percent.
    pub top1: f64,
    /// Whether it was read off a curve (about ±0.3) rather than printed.
    pub from_figure: bool,
}

#[derive(Deserialize)]
struct Row {
    method: String,
    k: Option<u64>,
    warmup_epochs: Option<u64>,
    tau: Option<f64>,
    slow_weight: Option<f64>,
    finetune: f64,
    finetune_from: String,
    linear: f64,
    linear_from: String,
}

impl Row {
    /// Exactly the method with exactly the parameters that this method reads.
    fn matches(&self, setting: &MethodSetting) -> bool {
        self.method == setting.method
            && match setting.method.as_str() {
                "scratch" | "mae" => true,
                "mae-k" => self.k == setting.k,
                "ema-mae" => self.warmup_epochs == setting.wse && self.tau == setting.tau,
                "mae-new" => self.k == setting.k && self.tau == setting.tau && self.slow_weight == setting.slow_weight,
                _ => false,
            }
    }
}

/// The published accuracy of this very setting, if there is one: a neighbouring K or tau does not count, and kNN was
/// not published at all.
pub fn published_accuracy(setting: &MethodSetting, evaluation: Stage) -> Option<PublishedAccuracy> {
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(TABLE.as_bytes());
    let row = reader.deserialize::<Row>().filter_map(Result::ok).find(|row| row.matches(setting))?;
    match evaluation {
        Stage::Finetune => Some(PublishedAccuracy { top1: row.finetune, from_figure: row.finetune_from == "figure" }),
        Stage::Linprobe => Some(PublishedAccuracy { top1: row.linear, from_figure: row.linear_from == "figure" }),
        Stage::Pretrain | Stage::Knn => None,
    }
}

/// Whether all runs of a line read the data of the published runs.
pub fn has_published_data(group: &RunGroup) -> bool {
    group.runs.iter().all(|run| is_published_data(run))
}

/// The published accuracy that may stand beside a line: that of its very setting, and only where its data is CIFAR-10
/// as well and its pre-training came as far as the method. Numbers of other images say nothing about it, nor do those of
/// a method that these runs never reached, or of an evaluation that was made once more in another way.
pub fn published_beside(group: &RunGroup, evaluation: Stage) -> Option<PublishedAccuracy> {
    let is_comparable = group.stands_for_its_setting() && has_published_data(group);
    published_accuracy(&group.setting, evaluation).filter(|_| is_comparable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_embedded_table_can_be_read() {
        let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(TABLE.as_bytes());
        let rows = reader.deserialize::<Row>().collect::<Result<Vec<_>, _>>().expect("a well-formed table");
        let lines = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(rows.len(), lines - 1);
        assert_eq!(rows.len(), 16);
    }

    #[test]
    fn only_the_very_setting_is_matched() {
        let mae_k =
            |k| MethodSetting { method: "mae-k".into(), k: Some(k), wse: Some(k), tau: None, slow_weight: None };
        let top1 = |setting: &MethodSetting, stage| {
            published_accuracy(setting, stage).map(|figure| (figure.top1, figure.from_figure))
        };
        assert_eq!(top1(&mae_k(10), Stage::Finetune), Some((91.38, false)));
        assert_eq!(top1(&mae_k(10), Stage::Linprobe), Some((54.3, true)));
        assert_eq!(top1(&mae_k(10), Stage::Knn), None);
        assert_eq!(top1(&mae_k(3), Stage::Finetune), None);

        let ema = |wse, tau| MethodSetting {
            method: "ema-mae".into(),
            k: None,
            wse: Some(wse),
            tau: Some(tau),
            slow_weight: None,
        };
        assert_eq!(top1(&ema(1, 0.005), Stage::Linprobe), Some((60.46, false)));
        assert_eq!(top1(&ema(5, 0.1), Stage::Finetune), Some((91.25, false)));
        assert_eq!(top1(&ema(5, 0.2), Stage::Finetune), None);

        let new = |weight| MethodSetting {
            method: "mae-new".into(),
            k: Some(5),
            wse: None,
            tau: Some(0.005),
            slow_weight: Some(weight),
        };
        assert_eq!(top1(&new(0.2), Stage::Finetune), Some((91.4, true)));
        assert_eq!(top1(&new(0.5), Stage::Finetune), None);

        assert_eq!(top1(&MethodSetting { k: Some(10), ..new(0.2) }, Stage::Finetune), None);
        assert_eq!(top1(&MethodSetting { tau: Some(0.1), ..new(0.2) }, Stage::Finetune), None);

        let custom = MethodSetting { method: "custom".into(), ..mae_k(10) };
        assert_eq!(top1(&custom, Stage::Finetune), None);
    }
}
