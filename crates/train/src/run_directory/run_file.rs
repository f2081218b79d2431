//! `run.toml`: what a run directory is, in one small file that a report can read without knowing recipes.

use std::collections::HashMap;
use std::path::Path;

use bmae_data::{Dataset, Images, Split};
use bmae_output::absolute::absolute;
use bmae_output::path_text::{from_text, to_text};
use bmae_recipe::plan::PlannedStage;
use bmae_recipe::{Choice, Stage};
use serde::{Deserialize, Serialize};

use super::inputs::{InputChange, Inputs, KnownWeights};
use crate::whole_file::write_whole;
use crate::{Provenance, Session, TrainError};

/// The contents of `run.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunFile {
    /// Which loop the directory holds.
    pub stage: String,
    /// The run's name, shared by a pre-training and its evaluations.
    pub name: String,
    /// The method by name.
    pub method: String,
    /// As it applies to the method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k: Option<usize>,
    /// As it applies to the method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wse: Option<usize>,
    /// As it applies to the method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tau: Option<f64>,
    /// As it applies to the method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow_weight: Option<f64>,
    /// The random seed.
    pub seed: u64,
    /// Epochs of the stage; 0 where there is no loop.
    pub epochs: usize,
    /// How its last session ended.
    #[serde(flatten)]
    pub ending: Ending,
    /// The session that works on it, or was the last to.
    #[serde(flatten)]
    pub session: SessionRecord,
    /// The data, in words.
    pub data: String,
    /// How many classes its images have; absent where they have no labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<usize>,
    /// How many of its test images there are within the recipe's limit; absent without any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_images: Option<usize>,
    /// Where they come from, in words, where the data set does not simply call them `test`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_origin: Option<String>,
    /// How many of those are of their most frequent class, which whoever guesses it gets right; absent without labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest_class: Option<usize>,
    /// What its classes are called, in the order of the labels; empty outside evaluations, and in runs of earlier versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub class_names: Vec<String>,
    /// When it began, seconds since 1970.
    pub started: u64,
    /// The run or file whose weights it began with; absent for a random encoder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Where the run directory lay in its last session, as an absolute path; absent in runs of earlier versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// Where `from` and `shared_from` lead from where they are relative; absent in runs of earlier versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<String>,
    /// Whether it is a trunk: the shared beginning of other runs, and no run to be evaluated.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub trunk: bool,
    /// The trunk that its first epochs were copied from; absent where it trained them itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared_from: Option<String>,
    /// How many epochs those are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared_epochs: Option<usize>,
    /// The whole epochs after which it ended, where more were planned and none was better for too long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_after: Option<usize>,
    /// The SHA-256 of the weights that its result is of, once it is finished; absent where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights_sha256: Option<String>,
    /// What it is made of; empty in runs of earlier versions.
    #[serde(default, skip_serializing_if = "Inputs::is_empty")]
    pub inputs: Inputs,
    /// The sessions before that had another program, machine or number of threads, each once: they made a part of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<SessionRecord>,
}

/// How the work on a run ended, as far as it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "EndingFields", into = "EndingFields")]
pub enum Ending {
    /// Not yet: it is at work, or was stopped.
    Open,
    /// By this error, in one sentence.
    Failed(String),
    /// With its last epoch.
    Finished,
}

/// [`Ending`] as `run.toml` has it.
#[derive(Serialize, Deserialize)]
struct EndingFields {
    finished: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<String>,
}

impl From<EndingFields> for Ending {
    fn from(fields: EndingFields) -> Self {
        match (fields.finished, fields.failed) {
            (true, _) => Self::Finished,
            (false, Some(error)) => Self::Failed(error),
            (false, None) => Self::Open,
        }
    }
}

impl From<Ending> for EndingFields {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Open => Self { finished: false, failed: None },
            Ending::Failed(error) => Self { finished: false, failed: Some(error) },
            Ending::Finished => Self { finished: true, failed: None },
        }
    }
}

/// What a run records of a session that worked on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// Program and version.
    pub program: String,
    /// The commit that the program was built from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The machine in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// Worker threads.
    pub threads: usize,
}

impl RunFile {
    /// What `run.toml` says of a run on `data` that begins now in `session` with these `inputs`.
    pub(crate) fn new(planned: &PlannedStage, data: &Dataset, inputs: Inputs, session: &Session<'_>) -> Self {
        let PlannedStage { run, stage, recipe, start, out, ends_after } = planned;
        let Provenance { program, commit, machine } = session.provenance().clone();
        let method = &recipe.method;
        Self {
            stage: stage.section().to_owned(),
            name: run.clone(),
            method: method.name().word().to_owned(),
            k: method.k(),
            wse: method.wse(),
            tau: method.tau(),
            slow_weight: method.slow_weight(),
            seed: recipe.seed,
            epochs: ends_after.or(stage.trained().map(|stage| recipe.stage(stage).epochs)).unwrap_or(0),
            ending: Ending::Open,
            session: SessionRecord { program, commit, machine, threads: session.workers() },
            data: data.name.clone(),
            classes: data.is_labelled().then_some(data.class_names.len()),
            test_images: data.test.as_ref().map(|test| test.len()),
            test_origin: data.test_origin.as_ref().map(ToString::to_string),
            largest_class: data.test.as_ref().and_then(|test| largest_class(test.as_ref())),
            class_names: if *stage == Stage::Pretrain { Vec::new() } else { data.class_names.clone() },
            started: std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
            from: start.path().filter(|_| start.trunk().is_none()).map(to_text),
            directory: Some(to_text(absolute(out))),
            working_directory: std::env::current_dir().ok().map(to_text),
            trunk: ends_after.is_some(),
            // Known once they are copied: what began alone goes on alone.
            shared_from: None,
            shared_epochs: None,
            ended_after: None,
            weights_sha256: None,
            inputs,
            earlier: Vec::new(),
        }
    }

    /// Whether all epochs are done.
    pub fn is_finished(&self) -> bool {
        self.ending == Ending::Finished
    }

    /// Whether all epochs are done that `now`, what `run.toml` would say of the stage if it began now, has planned. A
    /// trunk stays one, however many epochs it is given.
    pub fn has_all_of(&self, now: &Self) -> bool {
        self.is_finished() && (self.epochs >= now.epochs || self.trunk || now.trunk)
    }

    /// Remembers the sessions of `before`, what `run.toml` said until now.
    pub fn remember(&mut self, before: RunFile) {
        self.earlier = before.earlier;
        let last = before.session;
        if last != self.session && !self.earlier.contains(&last) {
            self.earlier.push(last);
        }
    }

    /// What is different in the inputs of this run from those of `now`, what `run.toml` would say of the stage if it began
    /// now. What was not recorded is taken to be the same.
    pub fn change_of_inputs(&self, now: &Self) -> Option<InputChange> {
        let is_pretraining = self.stage == Stage::Pretrain.section();
        // What a finished pre-training measured on test images on its way is no part of its weights.
        let splits =
            if is_pretraining && self.is_finished() { &[Split::Train][..] } else { &[Split::Train, Split::Test] };
        let of_images = splits.iter().find_map(|split| self.inputs.change_of_images(&now.inputs, *split, &now.data));
        of_images.or_else(|| if is_pretraining { None } else { self.change_of_weights(now) })
    }

    /// The same of the test images alone, which a finished pre-training is not held to.
    pub fn change_of_test_images(&self, now: &Self) -> Option<InputChange> {
        self.inputs.change_of_images(&now.inputs, Split::Test, &now.data)
    }

    fn change_of_weights(&self, now: &Self) -> Option<InputChange> {
        let weights = |of: &Self| Some(KnownWeights { from: of.from.clone()?, sha256: of.inputs.from_sha256.clone() });
        let changed = InputChange::Weights { before: weights(self), now: weights(now) };
        match (weights(self), weights(now)) {
            (None, None) => None,
            (Some(KnownWeights { sha256: Some(before), .. }), Some(KnownWeights { sha256: Some(now), .. })) => {
                (before != now).then_some(changed)
            }
            (Some(_), Some(KnownWeights { from, .. })) => {
                let later = Self::read(run_of(&from_text(&from))).is_ok_and(|of| of.started > self.started);
                later.then_some(InputChange::LaterWeights { from })
            }
            _ => Some(changed),
        }
    }

    /// Reads `run.toml` of a run directory.
    pub fn read(directory: &Path) -> Result<Self, TrainError> {
        let path = directory.join("run.toml");
        let text = std::fs::read_to_string(&path).map_err(|source| TrainError::reading(&path, source))?;
        toml::from_str(&text).map_err(|error| TrainError::Damaged { path, what: error.message().to_owned() })
    }

    /// Writes `run.toml` of a run directory, whole or not at all.
    pub fn write(&self, directory: &Path) -> Result<(), TrainError> {
        let path = directory.join("run.toml");
        let refused = |error| TrainError::writing(&path, std::io::Error::other(error));
        // On a line of their own: behind a table, a line that is added to the file would be one of the table's.
        let inputs = toml::Value::try_from(&self.inputs).map_err(refused)?;
        let others = toml::to_string(&Self { inputs: Inputs::default(), ..self.clone() }).map_err(refused)?;
        write_whole(&path, format!("inputs = {inputs}\n{others}").as_bytes())
    }
}

/// How many images the most frequent class has; `None` without labels.
fn largest_class(images: &dyn Images) -> Option<usize> {
    let mut of_class: HashMap<usize, usize> = HashMap::new();
    for class in (0..images.len()).filter_map(|index| images.label(index)) {
        *of_class.entry(class).or_default() += 1;
    }
    of_class.into_values().max()
}

/// The run directory that weights at `path` belong to: a file among its checkpoints stands for it.
pub(crate) fn run_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| folder.ends_with("checkpoints"));
    folder.and_then(Path::parent).unwrap_or(path)
}
