//! `run.toml`: what a run directory is the record of.

use std::borrow::Cow;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use bmae_output::plain::plain;
use serde::{Deserialize, Deserializer, Serialize};

use super::stage::Stage;
use super::text_file::parse_toml;
use crate::error::ReportError;

/// The file that makes a folder a run directory.
pub const RUN_FILE: &str = "run.toml";

/// A pre-training method with the parameters that apply to it, as `run.toml` states them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MethodSetting {
    /// `scratch`, `mae`, `mae-k`, `ema-mae`, `mae-new` or `custom`.
    pub method: String,
    /// Epochs between copies of the student into the target.
    pub k: Option<u64>,
    /// Warm-up epochs with the pixel target.
    pub wse: Option<u64>,
    /// Weight of the student in each average.
    pub tau: Option<f64>,
    /// Weight of the slow target in the loss.
    pub slow_weight: Option<f64>,
}

impl MethodSetting {
    /// The parameters in one line, such as `K 5, τ 0.005, λ 0.2`; empty for a method without parameters.
    pub fn parameters(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.k.map(|k| format!("K {k}")));
        parts.extend(self.wse.filter(|_| self.k.is_none()).map(|wse| format!("WSE {wse}")));
        parts.extend(self.tau.map(|tau| format!("τ {tau}")));
        parts.extend(self.slow_weight.map(|weight| format!("λ {weight}")));
        parts.join(", ")
    }
}

/// What `run.toml` says of a run.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct About {
    /// What the directory is a record of.
    pub stage: Stage,
    /// The run's name, the same for every seed and stage of one line of the comparison.
    pub name: String,
    /// The method that pre-trained the encoder.
    #[serde(skip)]
    pub setting: MethodSetting,
    /// The seed.
    pub seed: u64,
    /// Planned epochs; `None` where there are none (kNN).
    pub epochs: Option<u64>,
    /// The epochs after which it ended, where none was better for too long; `None` where it did all that were planned.
    pub ended_after: Option<u64>,
    /// Whether the run says that it came to its end.
    #[serde(default)]
    pub finished: bool,
    /// What stopped its last session, in one sentence; `None` while it is well.
    pub failed: Option<String>,
    /// Program and version of the session that works on it, or was the last to, such as `bmae 0.1.0`.
    pub program: Option<String>,
    /// The commit that the program was built from.
    pub commit: Option<String>,
    /// The machine, in words.
    pub machine: Option<String>,
    /// Threads.
    pub threads: Option<u64>,
    /// The data set in words.
    pub data: Option<String>,
    /// How many classes its images have.
    pub classes: Option<u64>,
    /// On how many test images its accuracies were counted.
    pub test_images: Option<u64>,
    /// Where they come from, where the data set does not simply call them `test`.
    pub test_origin: Option<String>,
    /// How many of those are of their most frequent class.
    pub largest_class: Option<u64>,
    /// What its classes are called, in the order of the labels, as the data set has them; empty where it does not say.
    #[serde(default)]
    pub class_names: Vec<String>,
    /// When it was first started (ISO 8601).
    #[serde(default, deserialize_with = "iso_8601")]
    pub started: Option<String>,
    /// The run or file that its weights came from.
    pub from: Option<String>,
    /// The SHA-256 of its last weights; `None` until it is finished.
    pub weights_sha256: Option<String>,
    /// What it was made of.
    #[serde(default)]
    pub inputs: Inputs,
    /// Whether it is a trunk, the shared beginning of other runs, and nothing to compare.
    #[serde(default)]
    pub trunk: bool,
    /// Sessions before the last that had another program, machine or number of threads.
    #[serde(default)]
    pub earlier: Vec<Session>,
}

/// What a run was made of, as far as it recorded that.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Inputs {
    /// The SHA-256 of the weights that an evaluation started from.
    pub from_sha256: Option<String>,
    /// The training images.
    pub train: Option<Fingerprint>,
    /// The test images, where it read them.
    pub test: Option<Fingerprint>,
}

/// The fingerprint of the images of a split.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Fingerprint {
    /// How many there are.
    pub images: u64,
    /// The SHA-256 of names and classes.
    pub listing: String,
    /// The SHA-256 of sizes and contents.
    pub contents: String,
}

/// A session that worked on a run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Session {
    /// Program and version.
    pub program: Option<String>,
    /// The commit that it was built from.
    pub commit: Option<String>,
    /// The machine in words.
    pub machine: Option<String>,
    /// Threads.
    pub threads: Option<u64>,
}

impl About {
    /// Every session in order, the last one last.
    pub fn sessions(&self) -> impl Iterator<Item = Session> {
        let Self { program, commit, machine, threads, .. } = self.clone();
        self.earlier.iter().cloned().chain(std::iter::once(Session { program, commit, machine, threads }))
    }

    /// Every text [`plain`], since each of them is shown; but not `from`, which is looked up first.
    fn written_out(&mut self) {
        let own = [&mut self.failed, &mut self.program, &mut self.commit, &mut self.machine, &mut self.data];
        let earlier = self.earlier.iter_mut();
        let earlier = earlier.flat_map(|session| [&mut session.program, &mut session.commit, &mut session.machine]);
        let optional = own.into_iter().chain([&mut self.started]).chain(earlier).flatten();
        for text in optional.chain([&mut self.name, &mut self.setting.method]) {
            if let Cow::Owned(written) = plain(text) {
                *text = written;
            }
        }
    }
}

/// `run.toml` from its text.
///
/// # Errors
/// [`ReportError::Malformed`] where it is no TOML or lacks what every run says.
pub fn parse_about(text: &str, file: &Path) -> Result<About, ReportError> {
    const EXPECTED: &str = "stage, name, method and seed of a run";
    let mut about: About = parse_toml(text, file, EXPECTED)?;
    let setting: MethodSetting = parse_toml(text, file, EXPECTED)?;
    // Settings are sorted and compared; the program itself writes no other numbers.
    let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
    about.setting = MethodSetting { tau: finite(setting.tau), slow_weight: finite(setting.slow_weight), ..setting };
    about.written_out();
    about.epochs = about.epochs.filter(|&epochs| epochs > 0 && about.stage != Stage::Knn);
    Ok(about)
}

/// A time as ISO 8601, from whole seconds since 1970, from text, or from TOML's own kind of date.
fn iso_8601<'de, D: Deserializer<'de>>(time: D) -> Result<Option<String>, D::Error> {
    /// The first second of the year 10000, which the format has no room for.
    const END: u64 = 253_402_300_800;
    Ok(Some(match toml::Value::deserialize(time)? {
        toml::Value::String(text) => text,
        toml::Value::Integer(seconds) => match u64::try_from(seconds) {
            Ok(since_1970 @ ..END) => {
                humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(since_1970)).to_string()
            }
            _ => seconds.to_string(),
        },
        other => other.to_string(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_every_kind_become_iso_8601() {
        for (written, read) in [
            ("0", "1970-01-01T00:00:00Z"),
            ("951782400", "2000-02-29T00:00:00Z"),
            ("1795569119", "2026-11-25T01:11:59Z"),
            ("4107542400", "2100-03-01T00:00:00Z"),
            ("2026-11-25T01:12:00Z", "2026-11-25T01:12:00Z"),
            ("'2026-11-25T01:12:00Z'", "2026-11-25T01:12:00Z"),
            ("-1", "-1"),
            ("9223372036854775807", "9223372036854775807"),
        ] {
            let text = format!("stage = 'knn'\nname = 'a'\nmethod = 'mae'\nseed = 0\nstarted = {written}\n");
            let about = parse_about(&text, Path::new("run.toml")).expect("a run");
            assert_eq!(about.started.as_deref(), Some(read));
        }
    }
}
