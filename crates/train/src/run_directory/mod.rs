//! A run directory: recipe, metrics, checkpoints and state of one stage of one run.
//! `docs/formats.md`, "Run directory", says what is in it.

mod checkpoint;
mod clear;
mod inputs;
mod lock;
mod metrics;
mod pictures;
mod run_file;
mod tensorboard;
mod trunk;

use std::path::{Path, PathBuf};
use std::time::Instant;

use bmae_nn::weights::StateDict;
use bmae_recipe::{Recipe, Trunk, keys};

use checkpoint::with_config;
pub use checkpoint::{Checkpoint, State, epochs_done, last_weights};
pub use inputs::{InputChange, Inputs, KnownWeights};
use metrics::METRICS;
pub use metrics::{
    Common, EpochLine, EvalLine, Fields, Line, MetricsFile, Renewal, RenewedAt, StabilityLine, StabilityMeasures,
    StepLine,
};
pub use pictures::PictureName;
pub use run_file::{RunFile, SessionRecord};

use clear::clear;
use lock::{LOCK_FILE, Lock};
use tensorboard::EventFile;

use crate::TrainError;
use crate::file_checksum::sha256_of_file;
use crate::whole_file::{create_folder, write_whole};

/// The open run directory of a loop at work.
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
    config: String,
    run_file: RunFile,
    metrics: MetricsFile,
    events: EventFile,
    began: Instant,
    earlier_wall_s: f64,
    _lock: Lock,
}

/// What was found where a run is to be written.
#[derive(Debug)]
pub enum Opened {
    /// Nothing: the run begins.
    Fresh(RunDirectory),
    /// A run that stopped: it goes on from these weights and this state.
    Resumed(RunDirectory, Box<Checkpoint>),
    /// The same run, made of other inputs: what it had is removed, and it begins.
    Repeated(RunDirectory, InputChange),
    /// The same run, finished; if a pre-training, perhaps with other test images than there are now.
    Finished(Option<InputChange>),
}

/// What is done with a run that was made of other inputs than it is given now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherInputs {
    /// It is refused.
    Refused,
    /// It is made again from its beginning.
    Repeated,
}

impl RunDirectory {
    /// Opens `path` for a run with the resolved recipe `config`, whose first epochs are those of `trunk` where there is
    /// one and it has none of its own yet.
    ///
    /// A missing or empty folder starts the run. A folder that holds a run is refused unless `resume`, and then
    /// only accepted with the same recipe and, unless those with `other_inputs` are repeated, made of the same images and
    /// weights; one that another process works on is refused as well. Nothing is written before everything was checked.
    pub fn open(
        path: &Path,
        config: &str,
        mut run_file: RunFile,
        trunk: Option<&Trunk>,
        resume: bool,
        other_inputs: OtherInputs,
    ) -> Result<Opened, TrainError> {
        // Where somebody is at work, that is what there is to say of the folder, whatever is in it at this moment.
        let finished = RunFile::read(path).is_ok_and(|earlier| earlier.finished);
        let held = (!finished && Lock::is_held(path)).then(|| Lock::take(path)).transpose()?;
        let found = inspect(path)?;
        let (mut before, mut repeated) = (None, None);
        if found == Found::Run {
            if !resume {
                return Err(TrainError::RunExists { path: path.to_owned() });
            }
            compare_recipes(path, config, &run_file.stage)?;
            before = RunFile::read(path).ok();
            repeated = before.as_ref().and_then(|before: &RunFile| before.change_of_inputs(&run_file));
            match &repeated {
                Some(change) if other_inputs == OtherInputs::Refused => {
                    return Err(TrainError::other_inputs(path, change.of(), change.to_string()));
                }
                Some(_) => before = None,
                None => {}
            }
            if let Some(before) = before.as_ref().filter(|before| before.finished) {
                return Ok(Opened::Finished(before.change_of_test_images(&run_file)));
            }
        }
        let trunk = trunk.filter(|_| !last_weights(path).exists());
        let beginning = trunk.map(|trunk| trunk::read(trunk, path, config, &run_file)).transpose()?;
        let lock = match held {
            Some(lock) => lock,
            None => {
                create_folder(path)?;
                let lock = Lock::take(path)?;
                if inspect(path)? != found {
                    return Err(TrainError::RunExists { path: path.to_owned() });
                }
                lock
            }
        };
        if repeated.is_some() {
            clear(path)?;
        }
        let mut kept = match found {
            Found::Nothing => None,
            Found::Run => checkpoint::load(path)?,
        };
        if let Some(before) = before {
            run_file.started = before.started;
            // While no epoch is kept, nothing is left of the sessions before.
            if kept.is_some() {
                (run_file.shared_from, run_file.shared_epochs) = (before.shared_from.clone(), before.shared_epochs);
                run_file.remember(before);
            }
        }
        write_whole(&path.join("config.toml"), config.as_bytes())?;
        if let Some(beginning) = &beginning {
            beginning.tell(&mut run_file);
        }
        run_file.write(path)?;
        if let Some(beginning) = beginning {
            kept = Some(beginning.copy_to(path, config, &run_file.name)?);
        }
        let (keep, earlier_wall_s) =
            kept.as_ref().map_or((0, 0.0), |kept| (kept.state.metrics_bytes, kept.state.wall_s));
        let mut metrics = MetricsFile::open(&path.join(METRICS), keep)?;
        let mut events = EventFile::create(&path.join("tensorboard"), run_file.started, config)?;
        pictures::retell(path, &metrics.lines()?, &mut events)?;
        let directory = Self {
            metrics,
            events,
            path: path.to_owned(),
            config: config.to_owned(),
            run_file,
            began: Instant::now(),
            earlier_wall_s,
            _lock: lock,
        };
        Ok(match (kept, repeated) {
            (Some(kept), _) => Opened::Resumed(directory, Box::new(kept)),
            (None, Some(change)) => Opened::Repeated(directory, change),
            (None, None) => Opened::Fresh(directory),
        })
    }

    /// The run's name.
    pub fn name(&self) -> &str {
        &self.run_file.name
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Seconds since the run began, over all its sessions.
    pub fn wall_s(&self) -> f64 {
        self.earlier_wall_s + self.began.elapsed().as_secs_f64()
    }

    /// The fields of every line of metrics.
    pub fn common(&self, epoch: usize) -> Common {
        Common { run: self.run_file.name.clone(), seed: self.run_file.seed, epoch, wall_s: self.wall_s() }
    }

    /// Appends a line to `metrics.jsonl`, and its numbers to TensorBoard's event file.
    pub fn log(&mut self, line: &Line) -> Result<(), TrainError> {
        let fields = self.metrics.log(line)?;
        self.events.line(&fields)
    }

    /// Keeps a picture, the bytes of a PNG file, of the model after `epochs_done` whole epochs, the last of which was
    /// logged.
    pub fn keep_picture(&mut self, epochs_done: usize, name: PictureName, png: &[u8]) -> Result<(), TrainError> {
        pictures::write(&self.path, epochs_done, name, png)?;
        self.events.picture(name.word(), png)
    }

    /// Keeps the weights and state after a whole epoch; `keep` as `epoch-NNNN.safetensors` too.
    pub fn save_epoch(
        &mut self,
        epochs_done: usize,
        weights: StateDict,
        values: std::collections::BTreeMap<String, Vec<f32>>,
        keep: bool,
    ) -> Result<(), TrainError> {
        self.metrics.sync()?;
        let state = State { epochs_done, metrics_bytes: self.metrics.length()?, wall_s: self.wall_s(), values };
        checkpoint::save(&self.path, with_config(weights, &self.config), state, keep)
    }

    /// Keeps `weights` as the best so far.
    pub fn save_best(&self, weights: StateDict) -> Result<(), TrainError> {
        let folder = self.path.join("checkpoints");
        create_folder(&folder)?;
        write_whole(&folder.join("best.safetensors"), &with_config(weights, &self.config).to_bytes()?)
    }

    /// Marks the run as finished.
    pub fn finish(&mut self) -> Result<(), TrainError> {
        self.metrics.sync()?;
        let weights = last_weights(&self.path);
        self.run_file.weights_sha256 = weights.exists().then(|| sha256_of_file(&weights)).transpose()?;
        self.run_file.finished = true;
        self.run_file.write(&self.path)
    }

    /// Passes on how the work on the run went; a failure is written down in `run.toml` too.
    pub fn keep_failure<T>(&mut self, result: Result<T, TrainError>) -> Result<T, TrainError> {
        if let Err(error) = &result {
            self.run_file.failed = Some(error.to_string());
            // What stopped the run, a full disk for one, may stop this as well; it is the first that counts.
            let _ = self.run_file.write(&self.path);
        }
        result
    }

    /// Every line of `metrics.jsonl` so far.
    pub fn lines(&mut self) -> Result<Vec<Fields>, TrainError> {
        self.metrics.lines()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    Run,
}

fn inspect(path: &Path) -> Result<Found, TrainError> {
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(TrainError::writing(path, error)),
    };
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    // A process that died early leaves its lock file, or what was to become a file: hidden until it is whole.
    let names: Vec<String> = names.filter(|name| name != LOCK_FILE && !name.starts_with('.')).collect();
    match names.iter().min() {
        None => Ok(Found::Nothing),
        Some(_) if names.iter().any(|name| name == "config.toml") => Ok(Found::Run),
        Some(found) => Err(TrainError::NotARun { path: path.to_owned(), found: found.clone() }),
    }
}

/// A resume must be of the same recipe, key for key; keys that `stage` does not read may have changed since.
fn compare_recipes(path: &Path, config: &str, stage: &str) -> Result<(), TrainError> {
    let file = path.join("config.toml");
    let earlier = std::fs::read_to_string(&file).map_err(|source| TrainError::reading(&file, source))?;
    let parse = |text: &str| {
        text.parse().map_err(|error: toml::de::Error| TrainError::Damaged {
            path: file.clone(),
            what: error.message().to_owned(),
        })
    };
    // A recipe of an earlier version lacks the keys that are new; they had the value that is their default now.
    let earlier = Recipe::from_toml(&earlier).map_or(earlier, |recipe| recipe.to_toml());
    let mut differences = Vec::new();
    collect_differences("", &parse(&earlier)?, &parse(config)?, &mut differences);
    differences.retain(|(key, _)| is_read_by(stage, key));
    if differences.is_empty() {
        return Ok(());
    }
    let sentences: Vec<String> = differences.into_iter().map(|(key, values)| format!("{key} {values}")).collect();
    Err(TrainError::OtherRecipe { path: path.to_owned(), keys: sentences.join(", ") })
}

/// Whether `stage` reads the key, or any in a list of tables. What no recipe knows counts.
fn is_read_by(stage: &str, key: &str) -> bool {
    let keys = keys::at(key);
    keys.is_empty() || keys.iter().any(|key| key.stages().iter().any(|reader| reader.section() == stage))
}

/// The keys whose values differ, each with "was A, is now B".
fn collect_differences(
    prefix: &str,
    earlier: &toml::Table,
    now: &toml::Table,
    differences: &mut Vec<(String, String)>,
) {
    let keys: std::collections::BTreeSet<&String> = earlier.keys().chain(now.keys()).collect();
    for key in keys {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match (earlier.get(key), now.get(key)) {
            (Some(toml::Value::Table(a)), Some(toml::Value::Table(b))) => {
                collect_differences(&path, a, b, differences);
            }
            (a, b) if a != b => {
                let show = |value: Option<&toml::Value>| value.map_or("absent".to_owned(), |v| v.to_string());
                differences.push((path, format!("was {}, is now {}", show(a), show(b))));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_read_by;

    #[test]
    fn a_resume_compares_the_keys_that_its_stage_reads() {
        let compared = ["pretrain", "finetune", "knn"].map(|stage| {
            let keys = ["pretrain.epochs", "knn.k", "model.decoder.dim", "method.targets", "method.k", "of.the.future"];
            keys.map(|key| is_read_by(stage, key))
        });
        assert_eq!(compared[0], [true; 6]);
        // An evaluation reads no decoder and no targets; its run.toml names K of the method that pre-trained its
        // encoder.
        assert_eq!(compared[1], [false, false, false, false, true, true]);
        assert_eq!(compared[2], [false, true, false, false, true, true]);
    }
}
