//! `metrics.jsonl`: what a run logged, line by line.

use std::io::{BufRead, Read};
use std::path::Path;

use bmae_output::plain::plain;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::stability::{Renewal, Stability};
use super::text_file::one_line;
use crate::error::ReportError;

/// One logged training step.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Step {
    /// Epoch, from 0.
    pub epoch: u64,
    epoch_1000x: Option<f64>,
    /// The step's number in the whole stage, from 0.
    pub step: Option<u64>,
    /// The loss, unless it was not finite.
    pub loss: Option<f64>,
    /// The learning rate before layer-wise scaling.
    pub lr: Option<f64>,
    /// Training throughput since the epoch began.
    pub images_per_s: Option<f64>,
    /// The loss against each feature target, without its weight.
    #[serde(default)]
    pub targets: Vec<Option<f64>>,
}

impl Step {
    /// 1000 x the fractional epoch; where the line does not say, 1000 x the whole one.
    pub fn epoch_1000x(&self) -> f64 {
        self.epoch_1000x.unwrap_or(1000.0 * self.epoch as f64)
    }
}

/// A change of the targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TargetChange {
    /// From pixels to features.
    Switch,
    /// The target became a copy of the student.
    Copy,
    /// The target was averaged with the student.
    Average,
}

/// One epoch's summary. All values are absent when they do not apply or were not finite.
#[derive(Debug, Clone, PartialEq, Deserialize)]
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
    /// The announcement of a collapse.
    pub collapse: Option<String>,
    #[serde(default, deserialize_with = "known")]
    event: Option<TargetChange>,
    #[serde(default)]
    event_at_end: bool,
    #[serde(default, deserialize_with = "known")]
    event_after: Option<TargetChange>,
}

impl Epoch {
    /// How the targets changed before the epoch's training.
    pub fn change_before(&self) -> Option<TargetChange> {
        self.event.filter(|_| !self.event_at_end)
    }

    /// How the targets changed after the epoch's training.
    pub fn change_after(&self) -> Option<TargetChange> {
        if self.event_at_end { self.event } else { self.event_after }
    }

    /// When its targets changed, in epochs from 0, and how.
    pub fn changes(&self) -> impl Iterator<Item = (f64, TargetChange)> {
        let at = |epoch: u64, change: Option<TargetChange>| change.map(|change| (epoch as f64, change));
        at(self.epoch, self.change_before()).into_iter().chain(at(self.epoch.saturating_add(1), self.change_after()))
    }
}

/// One measurement on the test set, or on images that are held out.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Eval {
    /// Epoch, from 0.
    pub epoch: u64,
    /// Top-1 accuracy in percent.
    pub top1: Option<f64>,
}

/// What a map of the test images shows of their variance.
#[derive(Deserialize)]
struct MapVariance {
    variance: Option<[f64; 2]>,
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
    /// Lines of kind `validation`: epochs on images that are held out.
    pub validations: Vec<Eval>,
    /// Lines of kind `stability`.
    pub stability: Vec<Stability>,
    /// The shares of the variance along x and y of the map of the test images, from 0 to 1.
    pub map_variance: Option<[f64; 2]>,
    /// Seconds the run has worked, over all its sessions.
    pub wall_s: Option<f64>,
}

impl Metrics {
    /// Whether there is no line of any known kind.
    pub fn is_empty(&self) -> bool {
        let of_images = self.evals.is_empty() && self.validations.is_empty();
        self.steps.is_empty() && self.epochs.is_empty() && of_images && self.stability.is_empty()
    }

    /// Leaves out the rates of images: those of what passed no images.
    pub fn forget_rates(&mut self) {
        self.steps.iter_mut().for_each(|step| step.images_per_s = None);
        self.epochs.iter_mut().for_each(|epoch| epoch.images_per_s = None);
    }

    /// A value of the logged steps against the fractional epoch; values that are absent are left out.
    pub fn by_step(&self, value: impl Fn(&Step) -> Option<f64>) -> Vec<(f64, f64)> {
        self.steps.iter().filter_map(|step| Some((step.epoch_1000x() / 1000.0, value(step)?))).collect()
    }

    /// A value of the epochs against the epochs done when it was measured: what an epoch gave stands at its end.
    pub fn by_epoch(&self, value: fn(&Epoch) -> Option<f64>) -> Vec<(f64, f64)> {
        self.epochs.iter().filter_map(|line| Some((done(line.epoch), value(line)?))).collect()
    }

    /// A value of the `stability` lines against the epochs done.
    pub fn by_stability(&self, value: impl Fn(&Stability) -> Option<f64>) -> Vec<(f64, f64)> {
        self.stability.iter().filter_map(|line| Some((done(line.epoch), value(line)?))).collect()
    }

    /// A value of the copies into one target against the epochs done.
    pub fn by_renewal(&self, target: usize, value: impl Fn(&Renewal) -> Option<f64>) -> Vec<(f64, f64)> {
        let renewals = self.stability.iter().flat_map(|line| line.renewals_of(target));
        renewals.filter_map(|(done, renewal)| Some((done, value(renewal)?))).collect()
    }

    /// How many target encoders its lines tell of.
    pub fn targets(&self) -> usize {
        let of_steps = self.steps.iter().map(|step| step.targets.len());
        of_steps.chain(self.stability.iter().map(Stability::targets)).max().unwrap_or(0)
    }

    /// The top-1 accuracies in percent on the test images against the epochs done when they were measured; none where the
    /// best epoch on other images was tested alone.
    pub fn top1_by_epoch(&self) -> Vec<(f64, f64)> {
        if self.validations.is_empty() { by_epoch(&self.evals) } else { Vec::new() }
    }

    /// The same on images that are held out.
    pub fn validation_by_epoch(&self) -> Vec<(f64, f64)> {
        by_epoch(&self.validations)
    }
}

fn by_epoch(lines: &[Eval]) -> Vec<(f64, f64)> {
    lines.iter().filter_map(|line| Some((done(line.epoch), line.top1?))).collect()
}

fn done(epoch: u64) -> f64 {
    epoch.saturating_add(1) as f64
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Line {
    Step(Step),
    Epoch(Epoch),
    Eval(Eval),
    Validation(Eval),
    Stability(Stability),
    Map(MapVariance),
    #[serde(other)]
    Unknown,
}

/// More bytes than any line has.
const LONGEST_LINE: u64 = 1 << 20;

/// What `reader` has of `file`, line by line, so that a file of any size takes no more memory than what is kept of it.
/// A torn last line, the beginning of one, is left out.
///
/// # Errors
/// [`ReportError::Malformed`] for any other line that cannot be understood; [`ReportError::Read`] when the system
/// refuses.
pub fn parse_metrics(reader: impl BufRead, file: &Path) -> Result<Metrics, ReportError> {
    let mut metrics = Metrics::default();
    each_line(reader, file, |fields| {
        let wall_s = fields.get("wall_s").and_then(Value::as_f64);
        let line = Line::deserialize(Value::Object(fields))?;
        metrics.wall_s = wall_s.or(metrics.wall_s);
        match line {
            Line::Step(step) => metrics.steps.push(step),
            Line::Epoch(mut epoch) => {
                epoch.collapse = epoch.collapse.map(|message| plain(&message).into_owned());
                metrics.epochs.push(epoch);
            }
            Line::Eval(eval) => metrics.evals.push(eval),
            Line::Validation(eval) => metrics.validations.push(eval),
            Line::Stability(stability) => metrics.stability.push(stability),
            Line::Map(map) => metrics.map_variance = map.variance,
            Line::Unknown => {}
        }
        Ok(())
    })?;
    Ok(metrics)
}

/// Gives `take` the fields of each line of `file`, as [`parse_metrics`] reads it. A number that no 32-bit float is the
/// source of counts as absent: charts cannot be laid out around it.
pub fn each_line(
    mut reader: impl BufRead,
    file: &Path,
    mut take: impl FnMut(Fields) -> serde_json::Result<()>,
) -> Result<(), ReportError> {
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        let read = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut text);
        let length = read.map_err(|source| ReportError::Read { path: file.to_owned(), source })?;
        let is_whole = text.ends_with(b"\n");
        let malformed = |found| ReportError::Malformed {
            file: file.to_owned(),
            line,
            expected: "a JSON object with kind and epoch".to_owned(),
            found,
            remedy: "remove the line, or leave this run out of the report",
        };
        if length as u64 == LONGEST_LINE && !is_whole {
            return Err(malformed("more than 1 MiB without a line break".to_owned()));
        }
        if text.trim_ascii().is_empty() {
            match is_whole {
                true => continue,
                false => break,
            }
        }
        match parse_line(&text).and_then(&mut take) {
            Ok(()) => {}
            // Only the last line can lack its end: the run was killed while it wrote, or is writing now.
            Err(error) if !is_whole && error.is_eof() => break,
            Err(error) => return Err(malformed(one_line(&error.to_string()))),
        }
    }
    Ok(())
}

/// The fields of a line by name.
type Fields = Map<String, Value>;

fn parse_line(text: &[u8]) -> serde_json::Result<Fields> {
    let mut fields: Fields = serde_json::from_slice(text)?;
    let is_implausible = |value: &Value| value.as_f64().is_some_and(|number| number.abs() > f64::from(f32::MAX));
    fields.values_mut().filter(|value| is_implausible(value)).for_each(|value| *value = Value::Null);
    Ok(fields)
}

/// A change of the targets; one that this crate does not know is none.
fn known<'de, D: Deserializer<'de>>(field: D) -> Result<Option<TargetChange>, D::Error> {
    Ok(TargetChange::deserialize(Value::deserialize(field)?).ok())
}
