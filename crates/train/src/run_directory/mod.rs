//! A run directory: recipe, metrics, checkpoints and state of one stage of one run.
//! `docs/formats.md`, "Run directory", says what is in it.

mod checkpoint;
mod clear;
mod inputs;
mod leftovers;
mod lock;
mod metrics;
mod moved;
mod pictures;
mod place;
mod recorded;
mod result_weights;
mod run_file;
mod state_file;
mod tensorboard;
mod test_files;
mod told;
mod trunk;

use std::path::{Path, PathBuf};
use std::time::Instant;

use bmae_nn::weights::StateDict;
use bmae_output::count::count;
use bmae_recipe::{AnyKey, Recipe, Stage, Trunk, keys};

pub(crate) use checkpoint::furthest as furthest_position;
use checkpoint::{Loaded, with_config};
pub use checkpoint::{exists as has_checkpoint, last_weights};
pub use inputs::{InputChange, Inputs, KnownWeights};
use metrics::METRICS;
pub use metrics::{
    Common, EpochLine, EvalLine, Fields, Line, MapLine, MetricsFile, Renewal, RenewedAt, StabilityLine,
    StabilityMeasures, StepLine,
};
pub use moved::Moved;
pub use pictures::PictureName;
pub use recorded::Recorded;
pub(crate) use recorded::recorded_recipe;
pub use result_weights::result_weights;
pub(crate) use run_file::run_of;
pub use run_file::{Ending, RunFile, SessionRecord};
pub use state_file::{Checkpoint, Position, Snapshot, chosen_by, epochs_done};
pub use test_files::TestFile;

use clear::clear;
use lock::{LOCK_FILE, Lock};
use place::Place;
use result_weights::best_weights;
use tensorboard::EventFile;
use told::Told;

use crate::TrainError;
use crate::file_checksum::sha256_of_file;
use crate::ranks::Ranks;
use crate::whole_file::{create_folder, write_whole, write_whole_by};

/// The open run directory of a loop at work. Of several [ranks](crate::ranks) the first alone reads and writes it: on the
/// others what would be written is not, and what is read was told by the first.
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
    config: String,
    /// Of the classes that its head tells apart, in the order of the labels; empty without a head.
    class_names: Vec<String>,
    run_file: RunFile,
    began: Instant,
    earlier_wall_s: f64,
    ranks: Ranks,
    /// `None` on all ranks but the first.
    files: Option<Files>,
}

/// What the first rank writes.
#[derive(Debug)]
struct Files {
    place: Place,
    metrics: MetricsFile,
    events: EventFile,
    /// When this session last wrote a checkpoint, or began.
    saved: Instant,
    _lock: Lock,
}

/// What was found where a run is to be written.
#[derive(Debug)]
pub enum Opened {
    /// Nothing: the run begins.
    Fresh(RunDirectory),
    /// A run that stopped: it goes on from this checkpoint. What was damaged and is lost, a sentence each.
    Resumed(RunDirectory, Option<Box<Checkpoint>>, Vec<String>),
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
    ///
    /// All `ranks` call this; the first opens the folder and tells the others what it found.
    pub fn open(
        path: &Path,
        config: &str,
        run_file: RunFile,
        trunk: Option<&Trunk>,
        resume: bool,
        other_inputs: OtherInputs,
        ranks: &Ranks,
    ) -> Result<Opened, TrainError> {
        if !ranks.is_first() {
            let Told::Begun(checkpoint) = told::hear(ranks)? else { return Ok(Opened::Finished(None)) };
            let directory = Self {
                path: path.to_owned(),
                config: config.to_owned(),
                class_names: Vec::new(),
                run_file,
                began: Instant::now(),
                earlier_wall_s: checkpoint.as_ref().map_or(0.0, |checkpoint| checkpoint.wall_s),
                ranks: ranks.clone(),
                files: None,
            };
            return Ok(match checkpoint {
                None => Opened::Fresh(directory),
                kept => Opened::Resumed(directory, kept, Vec::new()),
            });
        }
        let opened = Self::open_files(path, config, run_file, trunk, resume, other_inputs, ranks)?;
        match &opened {
            Opened::Finished(_) => told::finished(ranks),
            Opened::Resumed(_, checkpoint, _) => told::begun(ranks, checkpoint.as_deref())?,
            Opened::Fresh(_) | Opened::Repeated(..) => told::begun(ranks, None)?,
        }
        Ok(opened)
    }

    fn open_files(
        path: &Path,
        config: &str,
        mut run_file: RunFile,
        trunk: Option<&Trunk>,
        resume: bool,
        other_inputs: OtherInputs,
        ranks: &Ranks,
    ) -> Result<Opened, TrainError> {
        // Where somebody is at work, that is what there is to say of the folder, whatever is in it at this moment.
        let finished = RunFile::read(path).is_ok_and(|earlier| earlier.is_finished());
        let held = (!finished && Lock::is_held(path)).then(|| Lock::take(path)).transpose()?;
        let found = inspect(path)?;
        let (mut before, mut repeated, mut lost) = (None, None, Vec::new());
        if found == Found::Run {
            if !resume {
                return Err(TrainError::RunExists { path: path.to_owned() });
            }
            let about = RunFile::read(path);
            let images_are_known = about.as_ref().is_ok_and(|about: &RunFile| about.inputs.train.is_some());
            compare_recipes(path, config, &run_file.stage, images_are_known, &mut lost)?;
            match about {
                Ok(found) => before = Some(found),
                Err(error) => lost.push(format!("{error}: it is written anew, without the sessions before")),
            }
            repeated = before.as_ref().and_then(|before: &RunFile| before.change_of_inputs(&run_file));
            match &repeated {
                Some(change) if other_inputs == OtherInputs::Refused => {
                    return Err(TrainError::other_inputs(path, change.of(), change.to_string()));
                }
                Some(_) => before = None,
                None => {}
            }
            if let Some(before) = before.as_ref().filter(|before| before.has_all_of(&run_file)) {
                leftovers::clear(path);
                checkpoint::clear_superseded(path);
                return Ok(Opened::Finished(before.change_of_test_images(&run_file)));
            }
        }
        let trunk = trunk.filter(|_| !checkpoint::exists(path));
        let beginning = trunk.map(|trunk| trunk::read(trunk, path, config, &run_file)).transpose()?;
        let mut loaded = match repeated {
            Some(_) => Loaded::default(),
            None => checkpoint::load(path)?,
        };
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
        let place = Place::of(path)?;
        leftovers::clear(path);
        if repeated.is_some() {
            clear(path)?;
        }
        checkpoint::put_in_order(path, &mut loaded)?;
        let Loaded { checkpoint: mut kept, lost: lost_checkpoints } = loaded;
        lost.extend(lost_checkpoints);
        if let Some(before) = before {
            run_file.started = before.started;
            // While nothing is kept, nothing is left of the sessions before.
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
        let (keep, earlier_wall_s) = kept.as_ref().map_or((0, 0.0), |kept| (kept.metrics_bytes, kept.wall_s));
        let (mut metrics, lost_metrics) = MetricsFile::open(&path.join(METRICS), keep)?;
        lost.extend(lost_metrics);
        let mut events = EventFile::create(&path.join("tensorboard"), run_file.started, config)?;
        pictures::retell(path, &metrics.lines()?, &mut events)?;
        let now = Instant::now();
        let directory = Self {
            path: path.to_owned(),
            config: config.to_owned(),
            class_names: Vec::new(),
            run_file,
            began: now,
            earlier_wall_s,
            ranks: ranks.clone(),
            files: Some(Files { place, metrics, events, saved: now, _lock: lock }),
        };
        Ok(match repeated {
            Some(change) => Opened::Repeated(directory, change),
            None if kept.is_some() || !lost.is_empty() => Opened::Resumed(directory, kept.map(Box::new), lost),
            None => Opened::Fresh(directory),
        })
    }

    /// Refuses a place where no run can begin or go on, since it holds something else, before any work is done.
    ///
    /// # Errors
    /// [`TrainError::NotARun`]; when the folder cannot be listed.
    pub fn check_free(path: &Path) -> Result<(), TrainError> {
        // Of a folder at which somebody is at work, that is what there is to say, when it is opened.
        if Lock::is_held(path) { Ok(()) } else { inspect(path).map(drop) }
    }

    /// The run's name.
    pub fn name(&self) -> &str {
        &self.run_file.name
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether this process writes it.
    pub fn is_written(&self) -> bool {
        self.files.is_some()
    }

    /// Refuses to go on where the folder was moved, deleted or replaced meanwhile.
    pub fn check_place(&self) -> Result<(), TrainError> {
        self.files.as_ref().map_or(Ok(()), |files| files.place.check())
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
        let Some(Files { place, metrics, events, .. }) = &mut self.files else { return Ok(()) };
        place.check()?;
        events.line(&metrics.log(line)?)
    }

    /// Keeps a picture, the bytes of a PNG file, of the model after `epochs_done` whole epochs, the last of which was
    /// logged.
    pub fn keep_picture(&mut self, epochs_done: usize, name: PictureName, png: &[u8]) -> Result<(), TrainError> {
        let Some(Files { place, events, .. }) = &mut self.files else { return Ok(()) };
        place.check()?;
        pictures::write(&self.path, epochs_done, name, png)?;
        events.picture(name.word(), png)
    }

    /// Keeps a file about the test images that belongs to the end of the run, where there is anything to keep; one of an
    /// earlier end goes.
    pub fn keep_test_file(&self, file: TestFile, contents: Option<Vec<u8>>) -> Result<(), TrainError> {
        let Some(Files { place, .. }) = &self.files else { return Ok(()) };
        place.check()?;
        test_files::write(self.path(), file, contents)
    }

    /// Keeps a checkpoint of what the loop holds at `position`; after a whole epoch `weights_kept` keeps its weights as
    /// `epoch-NNNN.safetensors` too.
    pub fn save(&mut self, position: Position, mut snapshot: Snapshot, weights_kept: bool) -> Result<(), TrainError> {
        let Some(Files { place, metrics, .. }) = &self.files else { return Ok(()) };
        place.check()?;
        metrics.sync()?;
        let metrics_bytes = metrics.length()?;
        snapshot.weights = self.labelled(snapshot.weights);
        let (wall_s, file) = (self.wall_s(), PathBuf::new());
        let checkpoint = Checkpoint { position, metrics_bytes, wall_s, weights_kept, snapshot, file };
        checkpoint::save(self.path(), &checkpoint)?;
        if let Some(files) = &mut self.files {
            files.saved = Instant::now();
        }
        Ok(())
    }

    /// Whether the last checkpoint is `minutes` old; never with 0, nor where another process writes it.
    pub fn is_checkpoint_due(&self, minutes: f64) -> bool {
        let is_old = |files: &Files| files.saved.elapsed().as_secs_f64() >= minutes * 60.0;
        minutes > 0.0 && self.files.as_ref().is_some_and(is_old)
    }

    /// Keeps `weights`, those after `epochs_done` whole epochs, as the best so far, and by what they were chosen, in words.
    pub fn save_best(&self, weights: StateDict, epochs_done: usize, chosen_by: &str) -> Result<(), TrainError> {
        let Some(Files { place, .. }) = &self.files else { return Ok(()) };
        place.check()?;
        create_folder(&self.path().join("checkpoints"))?;
        let weights = self.labelled(weights);
        write_whole_by(&best_weights(self.path()), |out| {
            state_file::write_chosen_weights(out, weights, epochs_done, chosen_by)
        })
    }

    /// Lets the weights that are kept from now on carry the `names` of the classes that their head tells apart.
    pub fn name_classes(&mut self, names: &[String]) {
        names.clone_into(&mut self.class_names);
    }

    /// `weights` with all that those of this run carry.
    fn labelled(&self, weights: StateDict) -> StateDict {
        let mut weights = with_config(weights, &self.config);
        weights.name_classes(&self.class_names);
        weights
    }

    /// The best weights, which are those after `epochs_done` whole epochs.
    ///
    /// # Errors
    /// When they cannot be read, or are others.
    pub fn best_weights(&self, epochs_done: usize) -> Result<StateDict, TrainError> {
        let path = best_weights(self.path());
        let read = || std::fs::read(&path).map_err(|source| TrainError::reading(&path, source));
        let bytes = self.ranks.of_first(if self.is_written() { read()? } else { Vec::new() });
        let weights = StateDict::from_bytes(&bytes, &path.display().to_string())?;
        match state_file::epochs_done(&weights) == Some(epochs_done) {
            true => Ok(weights),
            false => {
                let what = format!(
                    "it should hold the weights after {}, the best on the validation images, which are to be tested; put a \
                     copy of them back, or run it again in another folder",
                    count(epochs_done, "epoch")
                );
                Err(TrainError::Damaged { path, what })
            }
        }
    }

    /// Notes that the run ends after `epochs_done` whole epochs, though more were planned.
    pub fn ends_after(&mut self, epochs_done: usize) {
        self.run_file.ended_after = Some(epochs_done);
    }

    /// Marks the run as finished.
    pub fn finish(&mut self) -> Result<(), TrainError> {
        let Some(Files { place, metrics, .. }) = &self.files else { return Ok(()) };
        place.check()?;
        metrics.sync()?;
        let weights = result_weights(self.path());
        self.run_file.weights_sha256 = weights.exists().then(|| sha256_of_file(&weights)).transpose()?;
        self.run_file.ending = Ending::Finished;
        self.run_file.write(self.path())
    }

    /// Passes on how the work on the run went; a failure is written down in `run.toml` too.
    pub fn keep_failure<T>(&mut self, result: Result<T, TrainError>) -> Result<T, TrainError> {
        if let Err(error) = &result
            && self.files.as_ref().is_some_and(|files| files.place.check().is_ok())
        {
            self.run_file.ending = Ending::Failed(error.to_string());
            // What stopped the run, a full disk for one, may stop this as well; it is the first that counts.
            let _ = self.run_file.write(self.path());
        }
        result
    }

    /// Every line of `metrics.jsonl` so far.
    pub fn lines(&mut self) -> Result<Vec<Fields>, TrainError> {
        let own = self.files.as_mut().map(|files| files.metrics.lines()).transpose()?;
        Ok(told::lines(&self.ranks, own))
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
    let is_left = |name: &String| name.starts_with('.') || (name == LOCK_FILE && !lock::is_foreign(path));
    let names: Vec<String> = names.filter(|name| !is_left(name)).collect();
    match names.iter().min() {
        None => Ok(Found::Nothing),
        Some(_) if is_run(path) => Ok(Found::Run),
        Some(found) => Err(TrainError::NotARun { path: path.to_owned(), found: found.clone() }),
    }
}

/// Whether the folder holds a run, though parts of it may be damaged. Files of these names that say nothing of a run, and
/// no checkpoint beside them, are somebody else's.
fn is_run(path: &Path) -> bool {
    let (config, run_file) = (path.join("config.toml"), path.join("run.toml"));
    let is_recipe = |text: String| Recipe::from_toml(&text).is_ok();
    (config.exists() || run_file.exists())
        && (checkpoint::exists(path)
            || RunFile::read(path).is_ok()
            || std::fs::read_to_string(config).is_ok_and(is_recipe))
}

/// A resume must be of the same recipe, key for key; keys that `stage` does not read may have changed since, and so may
/// those that no result depends on, what [`Recipe::as_before`] names (`images_are_known` where `run.toml` tells them). Where
/// the recipe of the run cannot be read, that which its checkpoints carry counts, and `lost` says so.
fn compare_recipes(
    path: &Path,
    config: &str,
    stage: &str,
    images_are_known: bool,
    lost: &mut Vec<String>,
) -> Result<(), TrainError> {
    let file = path.join("config.toml");
    let parse = |text: &str| -> Result<toml::Table, TrainError> {
        let what = |error: toml::de::Error| error.message().to_owned();
        text.parse().map_err(|error| TrainError::Damaged { path: file.clone(), what: what(error) })
    };
    let read = || {
        let text = std::fs::read_to_string(&file).map_err(|source| TrainError::reading(&file, source))?;
        // A recipe of an earlier version lacks the keys that are new; they had the value that is their default now.
        parse(&Recipe::from_toml(&text).map_or(text, |recipe| recipe.to_toml()))
    };
    let earlier = read().or_else(|error| {
        let carried = checkpoint::carried_config(path).and_then(|text| Recipe::from_toml(&text).ok());
        let Some(carried) = carried else {
            // Where nothing is kept, nothing can be mixed up.
            return if checkpoint::exists(path) { Err(error) } else { parse(config) };
        };
        lost.push(format!("{error}: the recipe that its checkpoint carries is taken"));
        parse(&carried.to_toml())
    })?;
    let known = (Recipe::from_toml(config), Recipe::from_toml(&earlier.to_string()), Stage::of_section(stage));
    let now = match known {
        (Ok(now), Ok(earlier), Some(stage)) => now.as_before(&earlier, stage, images_are_known).to_toml(),
        _ => config.to_owned(),
    };
    let mut differences = Vec::new();
    collect_differences("", &earlier, &parse(&now)?, &mut differences);
    differences.retain(|(key, _)| is_read_by(stage, key));
    if differences.is_empty() {
        return Ok(());
    }
    let sentences: Vec<String> = differences.into_iter().map(|(key, values)| format!("{key} {values}")).collect();
    Err(TrainError::OtherRecipe { path: path.to_owned(), keys: sentences.join(", ") })
}

/// Whether what `stage` gives depends on the key, or any in a list of tables. What no recipe knows counts.
fn is_read_by(stage: &str, key: &str) -> bool {
    let keys = keys::at(key);
    let is_read = |key: &&dyn AnyKey| key.changes_run() && key.stages().iter().any(|reader| reader.section() == stage);
    keys.is_empty() || keys.iter().any(is_read)
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
            assert!(!is_read_by(stage, &format!("{stage}.checkpoint_minutes")) || stage == "knn");
            keys.map(|key| is_read_by(stage, key))
        });
        assert_eq!(compared[0], [true; 6]);
        // An evaluation reads no decoder and no targets; its run.toml names K of the method that pre-trained its
        // encoder.
        assert_eq!(compared[1], [false, false, false, false, true, true]);
        assert_eq!(compared[2], [false, true, false, false, true, true]);
    }
}
