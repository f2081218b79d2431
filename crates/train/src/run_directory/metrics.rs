//! `metrics.jsonl`: one JSON object a line, each in the file as soon as it is logged.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bmae_output::count::count;
use bmae_output::plain::plain_path;
use serde::Serialize;

use crate::TrainError;
use crate::whole_file::write_whole;

/// The file of a run directory that it logs to.
pub(super) const METRICS: &str = "metrics.jsonl";

/// A line of `metrics.jsonl` as it is read back.
pub type Fields = serde_json::Map<String, serde_json::Value>;

/// One line of `metrics.jsonl` (`docs/formats.md`, "metrics.jsonl"); what does not apply is absent.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Line {
    /// Several times an epoch.
    Step(StepLine),
    /// Once an epoch.
    Epoch(EpochLine),
    /// Once an epoch of pre-training, after the `epoch` line, where it is asked for.
    Stability(StabilityLine),
    /// After an evaluation on the test set.
    Eval(EvalLine),
    /// After an epoch, on images that are held out.
    Validation(EvalLine),
    /// With the map of the test images, at the end of an evaluation of a frozen encoder.
    Map(MapLine),
}

/// Fields of a `step` line.
#[derive(Debug, Clone, Serialize)]
pub struct StepLine {
    /// What every line says.
    #[serde(flatten)]
    pub common: Common,
    /// From 0, over the whole stage.
    pub step: usize,
    /// 1000 x the fractional epoch, as the published curves are drawn.
    pub epoch_1000x: u64,
    /// The training loss of this step.
    pub loss: f64,
    /// The rate before layer-wise scaling.
    pub lr: f64,
    /// Since the epoch began; `None` where features pass that were computed before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images_per_s: Option<f64>,
    /// The loss against each target, without weights.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<f64>,
    /// The loss on pixels beside the targets (`method.pixel_weight`), without its weight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pixel: Option<f64>,
}

/// Fields of an `epoch` line.
#[derive(Debug, Clone, Serialize)]
pub struct EpochLine {
    /// What every line says.
    #[serde(flatten)]
    pub common: Common,
    /// Mean training loss of the epoch.
    pub loss: f64,
    /// Over the epoch's training steps; `None` where features pass that were computed before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images_per_s: Option<f64>,
    /// Standard deviation of the targets over samples, mean over dimensions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_std: Option<f64>,
    /// The same of the predictions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prediction_std: Option<f64>,
    /// Effective rank of the encoder's features.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank_me: Option<f64>,
    /// Top-1 of the quick nearest-neighbour classifier, percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub knn_top1: Option<f64>,
    /// Mean global norm of the gradients, before clipping.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grad_norm: Option<f64>,
    /// `switch`, `copy` or `average`: the first change of the targets in this epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<&'static str>,
    /// Whether that was after the epoch's training; absent where it was before it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub event_at_end: bool,
    /// The change after the epoch's training, where `event` was one before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_after: Option<&'static str>,
    /// The announcement of a collapse, once in a run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collapse: Option<String>,
}

/// Fields of a `stability` line.
#[derive(Debug, Clone, Serialize)]
pub struct StabilityLine {
    /// What every line says.
    #[serde(flatten)]
    pub common: Common,
    /// What was measured.
    #[serde(flatten)]
    pub measures: StabilityMeasures,
}

/// How far features moved over an epoch and how rough its loss was (`docs/methods.md`, "How stability is measured").
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StabilityMeasures {
    /// Mean cosine between the student's features of a patch before the epoch and after it.
    pub student_cosine: f64,
    /// Linear CKA of the same.
    pub student_cka: f64,
    /// Mean cosine of the features of each target, from before the changes at the epoch's start to after those at its
    /// end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub target_cosine: Vec<f64>,
    /// Linear CKA of the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub target_cka: Vec<f64>,
    /// Root mean square of the difference between the losses of neighbouring steps, divided by the mean loss.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_roughness: Option<f64>,
    /// The copies of the epoch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub renewals: Vec<Renewal>,
}

/// What the replacement of a target by a copy of the student did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Renewal {
    /// The target's number in the recipe.
    pub target: usize,
    /// When within the epoch.
    pub at: RenewedAt,
    /// The student's loss against the old target.
    pub loss_before: f64,
    /// The same student's against the new one.
    pub loss_after: f64,
    /// Mean cosine between the features of a patch under the old target and the new one.
    pub cosine: f64,
}

/// When within its epoch a target was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RenewedAt {
    /// Before the training.
    Start,
    /// After it.
    End,
}

/// Fields of an `eval` or `validation` line.
#[derive(Debug, Clone, Serialize)]
pub struct EvalLine {
    /// What every line says.
    #[serde(flatten)]
    pub common: Common,
    /// `finetune`, `linprobe` or `knn`.
    pub evaluation: &'static str,
    /// Percent.
    pub top1: f64,
    /// Cross-entropy on the images that were measured, without label smoothing or class weights; absent for nearest
    /// neighbours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
}

/// Fields of a `map` line.
#[derive(Debug, Clone, Serialize)]
pub struct MapLine {
    /// What every line says.
    #[serde(flatten)]
    pub common: Common,
    /// The share of the variance along x and along y, from 0 to 1.
    pub variance: [f64; 2],
}

/// Fields of every line.
#[derive(Debug, Clone, Serialize)]
pub struct Common {
    /// The run's name.
    pub run: String,
    /// Its seed.
    pub seed: u64,
    /// From 0.
    pub epoch: usize,
    /// Since the run began, over all its sessions.
    pub wall_s: f64,
}

/// The open `metrics.jsonl` of a run.
#[derive(Debug)]
pub struct MetricsFile {
    path: PathBuf,
    file: File,
}

impl MetricsFile {
    /// Opens `path` for appending, cut back to its first `keep` bytes (the whole lines a checkpoint vouches for). Where
    /// these are not all there, or are no lines of metrics, what is whole stays; the second value says what is lost.
    pub fn open(path: &Path, keep: u64) -> Result<(Self, Option<String>), TrainError> {
        let lost = repair(path, keep)?;
        let failed = |source| TrainError::writing(path, source);
        let mut file =
            OpenOptions::new().create(true).truncate(false).write(true).read(true).open(path).map_err(failed)?;
        if lost.is_none() {
            file.set_len(keep).map_err(failed)?;
        }
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        Ok((Self { path: path.to_owned(), file }, lost))
    }

    /// Appends one line; it is handed to the system before this returns. Gives the line as it now stands in the file.
    pub fn log(&mut self, line: &Line) -> Result<Fields, TrainError> {
        let failed = |source| TrainError::writing(&self.path, source);
        let fields = match serde_json::to_value(line) {
            Ok(serde_json::Value::Object(fields)) => fields,
            Ok(_) => Fields::new(),
            Err(error) => return Err(failed(error.into())),
        };
        let mut text = serde_json::to_vec(line).map_err(|error| failed(error.into()))?;
        text.push(b'\n');
        self.file.write_all(&text).map_err(failed)?;
        Ok(fields)
    }

    /// Its length in bytes, after everything logged so far.
    pub fn length(&self) -> Result<u64, TrainError> {
        Ok(self.file.metadata().map_err(|source| TrainError::reading(&self.path, source))?.len())
    }

    /// Makes what was logged survive a power cut.
    pub fn sync(&self) -> Result<(), TrainError> {
        self.file.sync_data().map_err(|source| TrainError::writing(&self.path, source))
    }

    /// Everything logged so far, line by line; each was whole when the file was opened.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn lines(&mut self) -> Result<Vec<Fields>, TrainError> {
        let failed = |source| TrainError::reading(&self.path, source);
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(0)).map_err(failed)?;
        self.file.read_to_end(&mut bytes).map_err(failed)?;
        Ok(bytes.split(|byte| *byte == b'\n').filter_map(fields).collect())
    }
}

/// A whole line of metrics; `None` for anything else.
fn fields(line: &[u8]) -> Option<Fields> {
    serde_json::from_slice(line).ok()
}

/// Leaves the file at `path` as it is where its first `keep` bytes are whole lines of metrics, else only those of its
/// lines that are, and says what is lost.
fn repair(path: &Path, keep: u64) -> Result<Option<String>, TrainError> {
    // Reading a pipe would wait.
    let is_other = std::fs::metadata(path).is_ok_and(|found| !found.is_file());
    if is_other {
        return Err(TrainError::Damaged { path: path.to_owned(), what: "it is no file".to_owned() });
    }
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && keep == 0 => return Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(source) => return Err(TrainError::reading(path, source)),
    };
    let vouched = &bytes[..bytes.len().min(usize::try_from(keep).unwrap_or(usize::MAX))];
    let missing = keep - vouched.len() as u64;
    let is_cut = vouched.last().is_some_and(|last| *last != b'\n');
    let lines: Vec<&[u8]> = vouched.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    // A line without its end may lack a part that nobody sees.
    let is_whole = |(at, line): (usize, &[u8])| fields(line).is_some() && !(is_cut && at + 1 == lines.len());
    let whole: Vec<&[u8]> =
        lines.iter().copied().enumerate().filter(|line| is_whole(*line)).map(|(_, line)| line).collect();
    let damaged = lines.len() - whole.len();
    if missing == 0 && damaged == 0 {
        return Ok(None);
    }
    let kept: Vec<u8> = whole.iter().flat_map(|line| [*line, b"\n"].concat()).collect();
    write_whole(path, &kept)?;
    Ok(Some(format!(
        "{} was damaged: {} and {} of measurements are lost, {} left",
        plain_path(path),
        count(damaged, "damaged line"),
        count(usize::try_from(missing).unwrap_or(usize::MAX), "missing byte"),
        match whole.len() {
            1 => "1 whole line is".to_owned(),
            lines => format!("{lines} whole lines are"),
        }
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn common() -> Common {
        Common { run: "mae".into(), seed: 3, epoch: 2, wall_s: 1.5 }
    }

    #[test]
    fn a_step_line_reads_exactly_so() {
        let line = Line::Step(StepLine {
            common: common(),
            step: 40,
            epoch_1000x: 2500,
            loss: 0.25,
            lr: 0.001,
            images_per_s: Some(100.0),
            targets: vec![0.2, 0.25],
            pixel: None,
        });
        assert_eq!(
            serde_json::to_string(&line).expect("serialises"),
            r#"{"kind":"step","run":"mae","seed":3,"epoch":2,"wall_s":1.5,"step":40,"epoch_1000x":2500,"loss":0.25,"lr":0.001,"images_per_s":100.0,"targets":[0.2,0.25]}"#
        );
    }

    #[test]
    fn a_stability_line_reads_exactly_so() {
        let renewal = Renewal { target: 1, at: RenewedAt::End, loss_before: 0.25, loss_after: 0.5, cosine: 0.875 };
        let mut measures = StabilityMeasures {
            student_cosine: 0.75,
            student_cka: 0.5,
            target_cosine: vec![1.0, 0.5],
            target_cka: vec![1.0, f64::NAN],
            loss_roughness: Some(0.125),
            renewals: vec![renewal],
        };
        let text = |measures: &StabilityMeasures| {
            let line = Line::Stability(StabilityLine { common: common(), measures: measures.clone() });
            serde_json::to_string(&line).expect("serialises")
        };
        assert_eq!(
            text(&measures),
            r#"{"kind":"stability","run":"mae","seed":3,"epoch":2,"wall_s":1.5,"student_cosine":0.75,"student_cka":0.5,"target_cosine":[1.0,0.5],"target_cka":[1.0,null],"loss_roughness":0.125,"renewals":[{"target":1,"at":"end","loss_before":0.25,"loss_after":0.5,"cosine":0.875}]}"#
        );
        (measures.target_cosine, measures.target_cka) = (Vec::new(), Vec::new());
        (measures.loss_roughness, measures.renewals) = (None, Vec::new());
        assert_eq!(
            text(&measures),
            r#"{"kind":"stability","run":"mae","seed":3,"epoch":2,"wall_s":1.5,"student_cosine":0.75,"student_cka":0.5}"#
        );
    }

    #[test]
    fn what_does_not_apply_is_absent() {
        let line = Line::Eval(EvalLine { common: common(), evaluation: "knn", top1: 12.5, loss: None });
        assert_eq!(
            serde_json::to_string(&line).expect("serialises"),
            r#"{"kind":"eval","run":"mae","seed":3,"epoch":2,"wall_s":1.5,"evaluation":"knn","top1":12.5}"#
        );
    }

    #[test]
    fn reopening_cuts_back_to_what_the_checkpoint_recorded() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("metrics.jsonl");
        std::fs::write(&path, "{\"one\":1}\n{\"two\":2}\n{\"to").expect("written");
        let (mut file, lost) = MetricsFile::open(&path, 10).expect("opens");
        assert_eq!((file.lines().expect("reads").len(), lost), (1, None));
        assert_eq!(std::fs::read_to_string(&path).expect("a file"), "{\"one\":1}\n");
    }

    #[test]
    fn a_damaged_file_goes_on_with_its_whole_lines_and_says_what_is_lost() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("metrics.jsonl");
        let whole = "{\"one\":1}\n";
        for (contents, keep, kept, said) in [
            (
                "{\"one\":1}\n{\"two\":2}\n{\"three\":3}\n".replace("two", "t\0o"),
                32,
                2,
                "1 damaged line and 0 missing bytes",
            ),
            ("{\"one\":1}\n\u{fffd}\u{1}\n{\"three\":3}\n".to_owned(), 27, 2, "1 damaged line and 0 missing bytes"),
            (whole.to_owned(), 30, 1, "0 damaged lines and 20 missing bytes"),
            ("{\"one\":1}\n{\"two\":2".to_owned(), 30, 1, "1 damaged line and 12 missing bytes"),
            (String::new(), 30, 0, "0 damaged lines and 30 missing bytes"),
        ] {
            std::fs::write(&path, &contents).expect("written");
            let (mut file, lost) = MetricsFile::open(&path, keep).expect("opens");
            let lost = lost.expect("it is said");
            assert!(lost.contains(said), "{contents:?}: {lost}");
            let line = Line::Eval(EvalLine { common: common(), evaluation: "knn", top1: 12.5, loss: None });
            file.log(&line).expect("logged");
            assert_eq!(file.lines().expect("reads").len(), kept + 1, "{contents:?}");
            assert!(std::fs::read_to_string(&path).expect("a file").ends_with("12.5}\n"));
        }
        std::fs::remove_file(&path).expect("removed");
        let (mut file, lost) = MetricsFile::open(&path, 11).expect("opens");
        assert!(lost.is_some_and(|lost| lost.contains("11 missing bytes")) && file.lines().expect("reads").is_empty());
    }
}
