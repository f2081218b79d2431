//! What lies at a path that is asked about images: a run, one of its checkpoints, or weights that were exported.

use std::path::{Path, PathBuf};

use bmae_data::{Dataset, Fingerprint, Split};
use bmae_nn::StateDict;
use bmae_nn::weights::ModelPart;
use bmae_output::absolute::absolute;
use bmae_output::claim::Foreign;
use bmae_output::count::count;
use bmae_output::plain::plain_path;
use bmae_recipe::{DataSource, Recipe, Stage, Start};

use super::AskedError;
use crate::observer::Message;
use crate::run_directory::{InputChange, Inputs, Recorded, RunFile, has_checkpoint, run_of};
use crate::stage_inputs::checksum_of_start;
use crate::start::{file_of, read_weights, usable_weights};
use crate::{TrainError, picture_place, pipeline};

/// The files that lie directly in a run directory.
const RUN_FILES: [&str; 6] = ["config.toml", "run.toml", "metrics.jsonl", "lock", "test_predictions.csv", "map.csv"];

/// A run, or weights, that images are asked about.
#[derive(Debug, Clone)]
pub struct AskedRun {
    /// The recipe that it was made with; the files that it names where they lie now.
    pub recipe: Recipe,
    pub(super) path: PathBuf,
    pub(super) model: AskedModel,
    /// What its run directory says; `None` for weights that lie elsewhere.
    about: Option<Recorded>,
}

/// What computes.
#[derive(Debug, Clone)]
pub(super) enum AskedModel {
    /// An encoder, with or without a head.
    Weights(Box<StateDict>),
    /// An encoder whose training images vote.
    Neighbours(Start),
}

impl AskedRun {
    /// Reads what lies at `path`: a run directory, whose weights after the last whole epoch count, one of its checkpoints,
    /// or weights that carry the recipe of their run. Where the same training images lie now, `data` says; `None`: where
    /// they were. What a user should know goes to `tell`.
    ///
    /// # Errors
    /// When there are none, when it is a folder of several runs, or when what it records cannot be read.
    pub fn open(path: &Path, data: Option<&Path>, tell: &mut dyn FnMut(Message)) -> Result<Self, AskedError> {
        if !path.exists() {
            return Err(AskedError::NotFound { path: path.to_owned() });
        }
        let directory = if is_run(path) { Some(path) } else { Some(run_of(path)).filter(|run| is_run(run)) };
        let mut asked = match directory {
            Some(directory) => Self::of_run(directory, path, tell)?,
            None => Self::of_weights(path)?,
        };
        if let Some(data) = data.filter(|_| asked.recipe.data.source != DataSource::Shapes) {
            asked.recipe.data.source = DataSource::Path(absolute(data));
        }
        Ok(asked)
    }

    fn of_run(directory: &Path, path: &Path, tell: &mut dyn FnMut(Message)) -> Result<Self, AskedError> {
        let recorded = Recorded::read(directory)?;
        let planned = &recorded.planned;
        let model = match planned.stage {
            Stage::Knn => AskedModel::Neighbours(planned.start.clone()),
            _ => AskedModel::Weights(Box::new(read_weights(path)?)),
        };
        if directory == path && !recorded.about.is_finished() && planned.stage != Stage::Knn {
            let (done, epochs) = (recorded.position.epochs_done, recorded.about.epochs);
            let text = format!(
                "{} is not finished: its weights are those after {} of {epochs}",
                plain_path(path),
                count(done, "epoch")
            );
            tell(Message::Note(text));
        }
        Ok(Self { recipe: planned.recipe.clone(), path: path.to_owned(), model, about: Some(recorded) })
    }

    fn of_weights(path: &Path) -> Result<Self, AskedError> {
        let is_folder_of_weights = path.join("config.json").is_file() || has_checkpoint(path);
        if path.is_dir()
            && !is_folder_of_weights
            && let Some(example) = run_below(path)
        {
            return Err(AskedError::RunsBelow { path: path.to_owned(), example });
        }
        let weights = usable_weights(path, &[ModelPart::Encoder])?;
        let text = weights.config_text().filter(|text| tells_normalisation(text));
        let Some(text) = text else {
            return Err(AskedError::NoNormalisation { source_name: weights.source_name() });
        };
        let recipe = Recipe::from_toml(text)?;
        Ok(Self { recipe, path: path.to_owned(), model: AskedModel::Weights(Box::new(weights)), about: None })
    }

    /// The training images, and how they differ from those of the run; `None` where they do not, or where that is not known.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(super) fn training_images(&self) -> Result<(Dataset, Option<InputChange>), TrainError> {
        let data = pipeline::open(&self.recipe)?;
        let Some(Recorded { about: RunFile { inputs, .. }, .. }) = &self.about else { return Ok((data, None)) };
        let now = Inputs { train: Fingerprint::of(&data, Split::Train)?, ..Inputs::default() };
        let change = inputs.change_of_images(&now, Split::Train, &data.name);
        Ok((data, change))
    }

    /// Refuses nearest neighbours whose encoder has other weights now than it had.
    pub(super) fn check_start(&self) -> Result<(), AskedError> {
        let Some(Recorded { planned, about, .. }) = &self.about else { return Ok(()) };
        let (Some(from), Some(before)) = (planned.start.path(), &about.inputs.from_sha256) else { return Ok(()) };
        match checksum_of_start(planned)?.as_ref() == Some(before) {
            true => Ok(()),
            false => Err(AskedError::OtherWeights { path: self.path.clone(), from: from.to_owned() }),
        }
    }

    /// What there is, in words.
    pub(super) fn holds(&self) -> String {
        match &self.about {
            Some(recorded) if recorded.planned.stage == Stage::Pretrain => "a pre-training".to_owned(),
            _ => "an encoder without a head".to_owned(),
        }
    }

    /// Refuses a place for a picture that is `what` by its mark among the images of the run, where it would be one of them,
    /// and one that holds another file, unless such `foreign` files are replaced.
    ///
    /// # Errors
    /// As said; when no file can be written there.
    pub fn check_picture(&self, path: &Path, what: &str, foreign: Foreign) -> Result<(), TrainError> {
        picture_place::check(path, what, &self.recipe, foreign)
    }

    /// What is read besides images: the files of its run directory, or the weights.
    pub fn files(&self) -> Vec<PathBuf> {
        match &self.about {
            Some(recorded) => {
                let directory = &recorded.planned.out;
                // What others put beside the files of a run, as what these commands write, is none of them.
                let is_beside = |file: &PathBuf| {
                    let name = file.file_name().unwrap_or_default();
                    file.parent() == Some(directory) && !RUN_FILES.iter().any(|own| name == *own)
                };
                let mut files = files_below(directory);
                files.retain(|file| !is_beside(file));
                files
            }
            None => vec![file_of(&self.path)],
        }
    }
}

/// Whether a folder is a run directory by the files that it has.
fn is_run(path: &Path) -> bool {
    path.join("run.toml").is_file()
}

/// A run in a folder below `path`, one that has a classifier rather than another.
fn run_below(path: &Path) -> Option<PathBuf> {
    /// As deep as `reproduce` and `sweep` put them.
    const DEPTH: usize = 3;
    let mut found = Vec::new();
    collect_runs(path, DEPTH, &mut found);
    let evaluates = |run: &&PathBuf| RunFile::read(run).is_ok_and(|about| about.stage != Stage::Pretrain.section());
    found.iter().find(evaluates).or_else(|| found.first()).cloned()
}

fn collect_runs(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    for folder in folders {
        if is_run(&folder) {
            found.push(folder);
        } else if depth > 1 {
            collect_runs(&folder, depth - 1, found);
        }
    }
}

/// All files below a folder.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        match path.is_dir() && !path.is_symlink() {
            true => files.extend(files_below(&path)),
            false => files.push(path),
        }
    }
    files
}

/// Whether the recipe that weights carry has the numbers by which images are normalised; an import knows sizes alone.
fn tells_normalisation(text: &str) -> bool {
    let table: toml::Table = toml::from_str(text).unwrap_or_default();
    let is_told = |key| table.get("data").and_then(|data| data.get(key)).is_some_and(toml::Value::is_array);
    is_told("mean") && is_told("std")
}
