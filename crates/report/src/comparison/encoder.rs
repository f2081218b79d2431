//! Which encoder each run trains or evaluates. An evaluation belongs to what it started from, wherever it lies and
//! whatever its folder is called.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use bmae_output::absolute::absolute;
use bmae_output::path_text::{from_text, to_text};
use bmae_output::plain::{plain, plain_path};
use bmae_recipe::plan::run_name;

use super::differing_keys::{encoder_keys, key_values};
use super::folders::{experiment, experiment_at, is_staged, own_folder_at};
use crate::run_directory::{About, MethodSetting, Run, Stage, about_of, origin_of_weights, run_of};

/// What is known of the pre-training behind a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// It is among the runs, or none is needed: a random encoder.
    Known,
    /// It is a run that is not among these.
    Elsewhere,
    /// The weights are no run's: a file, or the folder of another program.
    Foreign,
}

/// An encoder with its evaluations.
#[derive(Debug, Clone)]
pub(crate) struct Encoder<'a> {
    /// The name of its run, or of its file.
    pub name: String,
    /// The method that pre-trained it.
    pub setting: MethodSetting,
    /// Its seed.
    pub seed: u64,
    /// What is known of its pre-training.
    pub origin: Origin,
    /// Its pre-training, where that is among the runs.
    pub pretraining: Option<&'a Run>,
    /// Its evaluations.
    pub evaluations: Vec<&'a Run>,
    /// How many epochs its pre-training was planned for.
    pub pretrained_epochs: Option<u64>,
    /// Where it lies, or lay, and the stage whose folder that is.
    pub place: (PathBuf, Stage),
    /// The keys of the recipe that made it; `None` where its pre-training is not among the runs.
    pub recipe: Option<BTreeMap<String, String>>,
}

impl Encoder<'_> {
    /// The folder of its experiment, that of its run, and its own.
    pub(crate) fn folders(&self) -> [&Path; 3] {
        let (place, stage) = &self.place;
        [experiment_at(place, *stage), own_folder_at(place, *stage), place]
    }

    /// Whether it has two runs of one stage and seed.
    fn clashes(&self) -> bool {
        let key = |run: &Run| (run.about.stage, run.about.seed);
        let is_again = |(at, run): (usize, &&Run)| self.evaluations[..at].iter().any(|other| key(other) == key(run));
        self.evaluations.iter().enumerate().any(is_again)
    }
}

/// The seed that an evaluation of one of a line's `encoders` counts as: that of the pre-training where the line has
/// several, which may all be evaluated with one seed, else its own.
pub(crate) fn counted_seed(encoders: &[Encoder], encoder: &Encoder, run: &Run) -> u64 {
    let is_known = |encoder: &&Encoder| encoder.pretrained_epochs.is_some();
    let several = encoders.iter().filter(is_known).count() > 1;
    if several && is_known(&encoder) { encoder.seed } else { run.about.seed }
}

/// The encoders of `runs`, each with all its evaluations: first those whose pre-training is among the runs.
pub(crate) fn encoders<'a>(runs: &[&'a Run]) -> Vec<Encoder<'a>> {
    let (pretrainings, evaluations): (Vec<&Run>, Vec<&Run>) =
        runs.iter().partition(|run| run.about.stage == Stage::Pretrain);
    let index = Pretrainings::of(&pretrainings);
    let mut encoders: Vec<Encoder> = pretrainings.iter().map(|run| pretrained(run)).collect();
    let mut others: Vec<(Identity, Encoder)> = Vec::new();
    for run in evaluations {
        if let Some(place) = index.of_run(run) {
            encoders[place].evaluations.push(run);
            continue;
        }
        let (identity, encoder) = unknown(run);
        match others.iter_mut().find(|(other, _)| *other == identity) {
            Some((_, encoder)) => encoder.evaluations.push(run),
            None => others.push((identity, encoder)),
        }
    }
    encoders.extend(others.into_iter().flat_map(|(_, encoder)| split_experiments(encoder)));
    encoders
}

/// What a checkpoint is called that an evaluation started from, where that is not the last one of its pre-training.
pub(crate) fn checkpoint(run: &Run) -> Option<String> {
    let from = from_text(run.about.from.as_deref()?);
    let is_kept = run_of(&from) != from && from.file_stem() != Some(OsStr::new("last"));
    from.file_stem().filter(|_| is_kept).map(plain_path)
}

fn pretrained(run: &Run) -> Encoder<'_> {
    Encoder {
        name: run.about.name.clone(),
        setting: run.about.setting.clone(),
        seed: run.about.seed,
        origin: Origin::Known,
        pretraining: Some(run),
        evaluations: Vec::new(),
        pretrained_epochs: run.about.epochs,
        place: (run.directory.clone(), Stage::Pretrain),
        recipe: Some(encoder_keys(run)),
    }
}

/// What tells encoders apart whose pre-training is not among the runs: name and method, seed, weights, recipe.
type Identity = (String, MethodSetting, u64, String, Option<BTreeMap<String, String>>);

/// The encoder of an evaluation whose pre-training is not among the runs.
fn unknown(run: &Run) -> (Identity, Encoder<'_>) {
    let about = &run.about;
    let is_scratch = about.setting.method == "scratch";
    let known = about.from.as_deref().and_then(|from| at_origin(run, from));
    let (name, place, origin) = match (&about.from, &known) {
        (None, _) if is_scratch => ("scratch".to_owned(), (run.directory.clone(), about.stage), Origin::Known),
        (None, _) => (about.name.clone(), (run.directory.clone(), about.stage), Origin::Elsewhere),
        (Some(_), Some((place, of_origin))) => {
            (of_origin.name.clone(), (place.clone(), Stage::Pretrain), Origin::Elsewhere)
        }
        (Some(from), None) => {
            let from = from_text(from);
            let (name, origin) = called_by(&from, about.seed);
            (name, (run_of(&from).to_owned(), Stage::Pretrain), origin)
        }
    };
    // The random encoder of a seed is the same wherever it is evaluated, as long as the model is.
    let recipe =
        is_scratch.then(|| key_values(run, |path| path.starts_with("model.") || path == "method.scratch_init"));
    let weights = match (&about.inputs.from_sha256, about.from.as_deref().map(from_text)) {
        (Some(checksum), Some(from)) if run_of(&from) == from => checksum.clone(),
        (_, from) => from.map(|from| to_text(run_of(&from))).unwrap_or_default(),
    };
    let seed = known.as_ref().map_or(about.seed, |(_, of_origin)| of_origin.seed);
    let identity = (name.clone(), about.setting.clone(), seed, weights, recipe.clone());
    let encoder = Encoder {
        name,
        setting: about.setting.clone(),
        seed,
        origin,
        pretraining: None,
        evaluations: vec![run],
        pretrained_epochs: known.and_then(|(_, of_origin)| of_origin.epochs),
        place,
        recipe,
    };
    (identity, encoder)
}

/// The run that an evaluation started from, read where it lies, unless that has other weights now.
fn at_origin(run: &Run, from: &str) -> Option<(PathBuf, About)> {
    let place = origin_of_weights(&run.directory, from, run.about.inputs.from_sha256.as_deref())?;
    let about = about_of(&place)?;
    let is_other = checkpoint(run).is_none()
        && matches!((&run.about.inputs.from_sha256, &about.weights_sha256), (Some(of_run), Some(now)) if of_run != now);
    (run.outdated || !is_other).then_some((place, about))
}

/// What weights are called that are nowhere to be found among the runs: the run that lay there, or their file.
fn called_by(from: &Path, seed: u64) -> (String, Origin) {
    let run = run_of(from);
    let is_of_a_run = run != from || (!from.exists() && from.extension().is_none());
    let name = run_name(run, bmae_recipe::Stage::Pretrain, seed)
        .or_else(|| run.file_name().map(plain_path))
        .unwrap_or_else(|| plain_path(run));
    (plain(&name).into_owned(), if is_of_a_run { Origin::Elsewhere } else { Origin::Foreign })
}

/// Evaluations that say of nothing what they started from belong together as far as no two are of one stage and seed.
/// Two experiments stay apart; of a random encoder only these, since it is the same within one.
fn split_experiments(encoder: Encoder<'_>) -> Vec<Encoder<'_>> {
    if encoder.evaluations.iter().any(|run| run.about.from.is_some()) {
        return vec![encoder];
    }
    let is_scratch = encoder.setting.method == "scratch";
    let folder = |run: &Run, level: usize| -> PathBuf {
        let staged = is_staged(&run.directory, run.about.stage);
        match level {
            0 if is_scratch && !staged => PathBuf::new(),
            0 => experiment(run).to_owned(),
            1 => own_folder_at(&run.directory, run.about.stage).to_owned(),
            _ => run.directory.clone(),
        }
    };
    let mut parts = vec![encoder];
    for level in 0..if is_scratch { 1 } else { 3 } {
        let (clashing, apart): (Vec<Encoder>, Vec<Encoder>) = parts.into_iter().partition(Encoder::clashes);
        parts = apart;
        for encoder in clashing {
            let mut by_folder: Vec<(PathBuf, Encoder)> = Vec::new();
            for run in &encoder.evaluations {
                let folder = folder(run, level);
                match by_folder.iter_mut().find(|(other, _)| *other == folder) {
                    Some((_, part)) => part.evaluations.push(run),
                    None => {
                        let place = (run.directory.clone(), run.about.stage);
                        by_folder.push((folder, Encoder { evaluations: vec![run], place, ..encoder.clone() }));
                    }
                }
            }
            // What lies in no experiment is evaluated beside the only one there is.
            if let [(one, _), (other, _)] = by_folder.as_slice()
                && (one.as_os_str().is_empty() || other.as_os_str().is_empty())
            {
                by_folder = vec![(PathBuf::new(), encoder)];
            }
            parts.extend(by_folder.into_iter().map(|(_, part)| part));
        }
    }
    parts
}

/// The pre-trainings among the runs, to be found by what can be known of them.
struct Pretrainings<'a> {
    runs: Vec<&'a Run>,
    /// Where each lies, without links.
    real: Vec<PathBuf>,
    /// By the last two parts of where they lie.
    by_end: HashMap<PathBuf, Vec<usize>>,
    /// By their last weights.
    by_weights: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Pretrainings<'a> {
    fn of(runs: &[&'a Run]) -> Self {
        let real: Vec<PathBuf> = runs.iter().map(|run| real(&run.directory)).collect();
        let mut found = Self { runs: runs.to_vec(), real, by_end: HashMap::new(), by_weights: HashMap::new() };
        for (place, run) in runs.iter().enumerate() {
            found.by_end.entry(end(&absolute(&run.directory))).or_default().push(place);
            if let Some(checksum) = &run.about.weights_sha256 {
                found.by_weights.entry(checksum).or_default().push(place);
            }
        }
        found
    }

    /// The pre-training that `run` started from: the one that has its weights, else the one that lies where it was told
    /// to look. `from` was typed somewhere when it began, and both may have been moved since; of several the nearest.
    fn of_run(&self, run: &Run) -> Option<usize> {
        let from = run.about.from.as_deref()?;
        let recorded = run.about.inputs.from_sha256.as_deref();
        let placed = self.placed(run, from);
        let alike = recorded.and_then(|checksum| self.by_weights.get(checksum)).cloned().unwrap_or_default();
        let has_others = |place: &usize| {
            let now = self.runs[*place].about.weights_sha256.as_deref();
            checkpoint(run).is_none() && recorded.is_some() && now.is_some() && recorded != now
        };
        let candidates = match alike.is_empty() {
            false => alike,
            true => placed.iter().copied().filter(|place| run.outdated || !has_others(place)).collect(),
        };
        let here = real(&run.directory);
        let nearness = |place: &usize| {
            let shared = here.components().zip(self.real[*place].components()).take_while(|(a, b)| a == b).count();
            (placed.contains(place), shared)
        };
        // The first of equals.
        candidates.into_iter().rev().max_by_key(nearness)
    }

    /// Those that lie where the path `from` may lead.
    fn placed(&self, run: &Run, from: &str) -> Vec<usize> {
        let checksum = run.about.inputs.from_sha256.as_deref();
        if let Some(found) = origin_of_weights(&run.directory, from, checksum).map(|place| real(&place))
            && let Some(place) = self.real.iter().position(|other| *other == found)
        {
            return vec![place];
        }
        let from = run_of(Path::new(from));
        let is_plain = from.components().all(|part| matches!(part, Component::Normal(_) | Component::RootDir));
        let tells_place = is_plain && from.components().count() > 1;
        let is_beside = |place: &usize| {
            let other = &self.runs[*place].directory;
            !tells_place && other.parent() == run.directory.parent() && other.file_name() == from.file_name()
        };
        let is_it = |place: &usize| {
            let other = &self.runs[*place];
            (tells_place && absolute(&other.directory).ends_with(from)) || experiment(other) == experiment(run)
        };
        let beside = (0..self.runs.len()).filter(is_beside);
        beside.chain(self.by_end.get(&end(from)).into_iter().flatten().copied().filter(is_it)).collect()
    }
}

/// A path without links, or as it is where it cannot be followed.
fn real(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// The last two parts of a path: `<run>/pretrain`.
fn end(path: &Path) -> PathBuf {
    let mut parts: Vec<Component> = path.components().rev().take(2).collect();
    parts.reverse();
    parts.into_iter().collect()
}
