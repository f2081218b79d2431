//! `metrics.jsonl`: what a run logged, line by line.

use std::path::Path;

use serde::Deserialize;

use super::one_line;
use crate::error::ReportError;

/// One logged training step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Epoch, from 0.
    pub epoch: u64,
    /// 1000 x the fractional epoch.
    pub epoch_1000x: f64,
    /// The step's number in the whole stage, from 0.
    pub step: Option<u64>,
    /// The loss, unless it was not finite.
    pub loss: Option<f64>,
    /// The learning rate before layer-wise scaling.
    pub lr: Option<f64>,
    /// Training throughput since the epoch began.
    pub images_per_s: Option<f64>,
}

/// What happened to the targets in an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// From pixels to features.
    Switch,
    /// The target became a copy of the student.
    Copy,
    /// The target was averaged with the student.
    Average,
}

/// One epoch's summary. All values are absent when they do not apply or were not finite.
#[derive(Debug, Clone, PartialEq)]
pub struct Epoch {
    /// Epoch, from 0.
    pub epoch: u64,
    /// Mean training loss.
    pub loss: Option<f64>,
    /// Training throughput.
    pub images_per_s: Option<f64>,
    /// Spread of the target over samples.
    pub target_std: Option<f64>,
    /// Spread of the prediction over samples.
    pub prediction_std: Option<f64>,
    /// Effective rank of the encoder's features.
    pub rank_me: Option<f64>,
    /// Quick nearest-neighbour accuracy in percent.
    pub knn_top1: Option<f64>,
    /// Mean norm of the gradient, before clipping.
    pub grad_norm: Option<f64>,
    /// What happened to the targets before the epoch's training.
    pub started: Option<Event>,
    /// What happened to them after it.
    pub ended: Option<Event>,
    /// The announcement of a collapse.
    pub collapse: Option<String>,
}

impl Epoch {
    /// When its targets changed, in epochs from 0, and how.
    pub fn changes(&self) -> impl Iterator<Item = (f64, Event)> {
        let at = |epoch: u64, event: Option<Event>| event.map(|event| (epoch as f64, event));
        at(self.epoch, self.started).into_iter().chain(at(self.epoch.saturating_add(1), self.ended))
    }
}

/// One measurement on the test set.
#[derive(Debug, Clone, PartialEq)]
pub struct Eval {
    /// Epoch, from 0.
    pub epoch: u64,
    /// Top-1 accuracy in percent.
    pub top1: Option<f64>,
}

/// The lines of `metrics.jsonl` by kind, in file order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics {
    /// Lines of kind `step`.
    pub steps: Vec<Step>,
    /// Lines of kind `epoch`.
    pub epochs: Vec<Epoch>,
    /// Lines of kind `eval`.
    pub evals: Vec<Eval>,
    /// Seconds the run has worked, over all its sessions.
    pub wall_s: Option<f64>,
}

pub(super) fn parse_metrics(bytes: &[u8], file: &Path) -> Result<Metrics, ReportError> {
    #[derive(Deserialize)]
    struct Wire {
        kind: String,
        epoch: u64,
        wall_s: Option<f64>,
        step: Option<u64>,
        epoch_1000x: Option<f64>,
        lr: Option<f64>,
        loss: Option<f64>,
        images_per_s: Option<f64>,
        target_std: Option<f64>,
        prediction_std: Option<f64>,
        rank_me: Option<f64>,
        knn_top1: Option<f64>,
        grad_norm: Option<f64>,
        event: Option<String>,
        #[serde(default)]
        event_at_end: bool,
        event_after: Option<String>,
        collapse: Option<String>,
        top1: Option<f64>,
    }
    impl Wire {
        /// The same without numbers that no 32-bit float is the source of: charts cannot be laid out around them.
        fn plausible(mut self) -> Self {
            let numbers = [
                &mut self.loss,
                &mut self.lr,
                &mut self.images_per_s,
                &mut self.target_std,
                &mut self.prediction_std,
                &mut self.rank_me,
                &mut self.knn_top1,
                &mut self.grad_norm,
                &mut self.top1,
                &mut self.wall_s,
                &mut self.epoch_1000x,
            ];
            for number in numbers {
                *number = number.filter(|number| number.abs() <= f64::from(f32::MAX));
            }
            self
        }
    }
    let mut metrics = Metrics::default();
    for (index, line) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let wire: Wire = match serde_json::from_slice(line) {
            Ok(wire) => wire,
            // Only the last line can lack its end: the run was killed while it wrote, or is writing now.
            Err(_) if !line.ends_with(b"\n") => break,
            Err(error) => {
                return Err(ReportError::Malformed {
                    file: file.to_owned(),
                    line: index + 1,
                    expected: "a JSON object with kind and epoch".to_owned(),
                    found: one_line(&error.to_string()),
                    remedy: "remove the line, or leave this run out of the report",
                });
            }
        };
        let wire = wire.plausible();
        metrics.wall_s = wire.wall_s.or(metrics.wall_s);
        match wire.kind.as_str() {
            "step" => metrics.steps.push(Step {
                epoch: wire.epoch,
                epoch_1000x: wire.epoch_1000x.unwrap_or(1000.0 * wire.epoch as f64),
                step: wire.step,
                loss: wire.loss,
                lr: wire.lr,
                images_per_s: wire.images_per_s,
            }),
            "epoch" => metrics.epochs.push(Epoch {
                epoch: wire.epoch,
                loss: wire.loss,
                images_per_s: wire.images_per_s,
                target_std: wire.target_std,
                prediction_std: wire.prediction_std,
                rank_me: wire.rank_me,
                knn_top1: wire.knn_top1,
                grad_norm: wire.grad_norm,
                started: event(wire.event.as_deref().filter(|_| !wire.event_at_end)),
                ended: event(if wire.event_at_end { wire.event.as_deref() } else { wire.event_after.as_deref() }),
                collapse: wire.collapse,
            }),
            "eval" => metrics.evals.push(Eval { epoch: wire.epoch, top1: wire.top1 }),
            _ => {}
        }
    }
    Ok(metrics)
}

/// A change of the targets by its name in the file; one that this crate does not know is none.
fn event(word: Option<&str>) -> Option<Event> {
    match word? {
        "switch" => Some(Event::Switch),
        "copy" => Some(Event::Copy),
        "average" => Some(Event::Average),
        _ => None,
    }
}
