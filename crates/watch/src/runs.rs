//! What is watched, and keeping it fresh.
//!
//! `bmae_report::read_run` reads a run whole, so a run is read again only when its `run.toml` or `metrics.jsonl`
//! changed or its lock was taken or let go, and, where reading takes long, so seldom that it costs no more than a
//! twentieth of the time.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use bmae_output::count::count;
use bmae_output::plain::{plain, plain_path};
use bmae_report::{METRICS_FILE, RUN_FILE, Run, RunState, Stage, find_runs, is_locked, origin, read_run};

use crate::error::WatchError;
use crate::pace::Pace;

/// A growing run is read again no sooner than this many times as long as the last reading took.
const PATIENCE: u32 = 20;

/// One run that is watched.
#[derive(Debug)]
pub(crate) struct WatchedRun {
    /// Where it lies.
    pub directory: PathBuf,
    /// The run as last read; `None` while it never could be.
    pub run: Option<Run>,
    /// Why it could not be read the last time, in one sentence.
    pub read_error: Option<String>,
    /// Which colour and letter it has, from 0: the same for all stages of one run, different for runs of one stage.
    pub number: usize,
    /// The pace it keeps.
    pub pace: Pace,
    seen: Signs,
    read_at: Instant,
    cost: Duration,
}

/// What tells without reading that a run changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Signs {
    about: Option<(u64, SystemTime)>,
    metrics: Option<(u64, SystemTime)>,
    /// Of the run that an evaluation started from: with other weights it makes it outdated.
    origin: Option<(u64, SystemTime)>,
    locked: bool,
}

impl Signs {
    /// All but the lock, of the run in `directory`, which is `run` where it was read before.
    fn of_files(directory: &Path, run: Option<&Run>) -> Self {
        let sign = |path: PathBuf| {
            let data = std::fs::metadata(path).ok()?;
            Some((data.len(), data.modified().ok()?))
        };
        let from = run.filter(|run| run.about.stage != Stage::Pretrain).and_then(|run| run.about.from.as_deref());
        let origin = from.and_then(|from| origin(directory, from));
        Self {
            about: sign(directory.join(RUN_FILE)),
            metrics: sign(directory.join(METRICS_FILE)),
            origin: origin.and_then(|origin| sign(origin.join(RUN_FILE))),
            locked: false,
        }
    }
}

impl WatchedRun {
    fn read(directory: PathBuf, now: Instant) -> Self {
        let mut watched = Self {
            seen: Signs { locked: is_locked(&directory), ..Signs::of_files(&directory, None) },
            directory,
            run: None,
            read_error: None,
            number: 0,
            pace: Pace::default(),
            read_at: now,
            cost: Duration::ZERO,
        };
        watched.read_again(watched.seen, now);
        watched.seen.origin = Signs::of_files(&watched.directory, watched.run.as_ref()).origin;
        watched
    }

    /// Reads it if its signs changed; whether it did.
    fn refresh(&mut self, now: Instant) -> bool {
        let mut signs = Signs::of_files(&self.directory, self.run.as_ref());
        // Asking for a lock takes it for a moment, in which a process that starts on the run would be refused: a run
        // that is at its end is asked only when its files change.
        let rests =
            self.run.as_ref().is_some_and(|run| matches!(run.state(), RunState::Finished | RunState::Outdated(_)));
        if !(rests && signs == self.seen) {
            signs.locked = is_locked(&self.directory);
        }
        if signs == self.seen {
            return false;
        }
        // More lines can wait; what the run says of itself cannot.
        let grew_only =
            (signs.about, signs.origin, signs.locked) == (self.seen.about, self.seen.origin, self.seen.locked);
        if grew_only && now.saturating_duration_since(self.read_at) < self.cost * PATIENCE {
            return false;
        }
        self.read_again(signs, now);
        true
    }

    fn read_again(&mut self, signs: Signs, now: Instant) {
        let began = Instant::now();
        match read_run(&self.directory) {
            Ok(run) => {
                if let Some(wall_s) = run.metrics.wall_s {
                    self.pace.note(progress(&run), wall_s);
                }
                self.run = Some(run);
                self.read_error = None;
            }
            Err(error) => self.read_error = Some(error.to_string()),
        }
        self.cost = began.elapsed();
        self.read_at = now;
        self.seen = signs;
    }

    /// The time it has left, less what went by since it was last heard of; `None` unless it runs and has a plan and a
    /// pace.
    pub(crate) fn left(&self, now: Instant) -> Option<Duration> {
        let run = self.run.as_ref().filter(|run| run.state() == RunState::Running)?;
        let left = self.pace.left(run.about.epochs?)?;
        Some(left.saturating_sub(now.saturating_duration_since(self.read_at)))
    }

    /// The stage, unless it never could be read.
    pub(crate) fn stage(&self) -> Option<Stage> {
        self.run.as_ref().map(|run| run.about.stage)
    }

    /// Whether a process was working on it when it was last read.
    pub(crate) fn running(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.running)
    }

    /// The name: the run's own, or its folder and the one around it while it cannot be read, as a
    /// reader may have it.
    pub(crate) fn name(&self) -> String {
        let name = match &self.run {
            Some(run) => run.about.name.clone(),
            None => {
                let parts: Vec<_> = self.directory.iter().rev().take(2).map(plain_path).collect();
                parts.into_iter().rev().collect::<Vec<_>>().join("/")
            }
        };
        plain(&name).into_owned()
    }

    /// What the run is called in a sentence: name, stage and seed.
    pub(crate) fn title(&self) -> String {
        match &self.run {
            Some(run) => format!("{} {} seed {}", self.name(), run.about.stage.name(), run.about.seed),
            None => self.name(),
        }
    }

    /// Whether both are stages of one run and seed in one folder.
    fn is_of_the_run_of(&self, other: &WatchedRun) -> bool {
        let (Some(mine), Some(theirs)) = (&self.run, &other.run) else { return false };
        (mine.about.seed, &mine.about.name) == (theirs.about.seed, &theirs.about.name)
            && self.directory.parent() == other.directory.parent()
    }

    /// What went wrong, in one sentence; `None` while it is well. An announced collapse stays until the run is resumed
    /// before it.
    pub(crate) fn warning(&self) -> Option<String> {
        if let Some(read_error) = &self.read_error {
            return Some(plain(read_error).into_owned());
        }
        let run = self.run.as_ref()?;
        let state = run.state();
        if let Some(trouble) = state.trouble() {
            return Some(format!("{} {}: {}", self.title(), state.word(), plain(&trouble)));
        }
        let line = run.metrics.epochs.iter().rev().find(|line| line.collapse.is_some())?;
        let done = line.epoch.saturating_add(1);
        let after = format!("after {}", count(usize::try_from(done).unwrap_or(usize::MAX), "epoch"));
        Some(format!("{}, {after}: {}", self.title(), plain(line.collapse.as_deref()?)))
    }
}

/// Epochs done, with the fraction that the last step tells.
pub(crate) fn progress(run: &Run) -> f64 {
    let step = run.metrics.steps.last().map_or(0.0, |step| step.epoch_1000x() / 1000.0);
    step.max(run.epochs_done() as f64)
}

/// The runs at and below the paths that were given.
#[derive(Debug)]
pub(crate) struct Runs {
    paths: Vec<PathBuf>,
    /// In the order they were found; what is found at once in one folder, by stage.
    pub watched: Vec<WatchedRun>,
    /// What was found the last time.
    found: Vec<PathBuf>,
    /// When that was, and what it cost: beside a large data set it is done so seldom that it costs no more than a
    /// twentieth.
    looked: Option<(Instant, Duration)>,
}

impl Runs {
    /// Finds and reads the runs at and below `paths`. There may be none yet.
    ///
    /// # Errors
    /// [`WatchError::NoPaths`], [`WatchError::Missing`] or [`WatchError::NotAFolder`] for a path that cannot come to
    /// hold a run.
    pub(crate) fn open(paths: &[PathBuf], now: Instant) -> Result<Self, WatchError> {
        if paths.is_empty() {
            return Err(WatchError::NoPaths);
        }
        for path in paths {
            if !path.exists() {
                return Err(WatchError::Missing { path: path.clone() });
            }
            if !path.is_dir() {
                return Err(WatchError::NotAFolder { path: path.clone() });
            }
        }
        let mut runs = Self { paths: paths.to_vec(), watched: Vec::new(), found: Vec::new(), looked: None };
        runs.refresh(now);
        Ok(runs)
    }

    /// Looks for new runs, forgets those that were removed, and reads those that changed. Whether anything is different
    /// now.
    pub(crate) fn refresh(&mut self, now: Instant) -> bool {
        self.look(now);
        let found = std::mem::take(&mut self.found);
        let before = self.watched.len();
        let there: HashSet<&PathBuf> = found.iter().collect();
        self.watched.retain(|watched| there.contains(&watched.directory));
        let mut changed = self.watched.len() != before;
        for watched in &mut self.watched {
            changed |= watched.refresh(now);
        }
        let known: HashSet<&PathBuf> = self.watched.iter().map(|watched| &watched.directory).collect();
        let new: Vec<&PathBuf> = found.iter().filter(|directory| !known.contains(directory)).collect();
        for mut watched in
            in_order_of_stages(new.into_iter().map(|directory| WatchedRun::read(directory.clone(), now)).collect())
        {
            watched.number = self.number_for(&watched);
            self.watched.push(watched);
            changed = true;
        }
        self.found = found;
        changed
    }

    /// Looks for runs, if it is time.
    fn look(&mut self, now: Instant) {
        /// So little is no cost.
        const CHEAP: Duration = Duration::from_millis(20);
        let soon =
            |(at, cost): &(Instant, Duration)| *cost > CHEAP && now.saturating_duration_since(*at) < PATIENCE * *cost;
        if !self.looked.as_ref().is_some_and(soon) {
            let began = Instant::now();
            self.found = find_runs(&self.paths);
            self.looked = Some((now, began.elapsed()));
        }
    }

    /// The number of the run's other stages, or the first that no run has.
    fn number_for(&self, new: &WatchedRun) -> usize {
        let taken =
            |number: usize| self.watched.iter().any(|other| other.number == number && other.stage() == new.stage());
        let same = self.watched.iter().filter(|other| other.is_of_the_run_of(new));
        if let Some(number) = same.map(|other| other.number).find(|&number| !taken(number)) {
            return number;
        }
        self.watched.iter().map(|other| other.number + 1).max().unwrap_or(0)
    }

    /// What is waited for while there is no run, in one sentence.
    pub(crate) fn waiting(&self) -> String {
        let paths: Vec<String> = self.paths.iter().map(plain_path).collect();
        let place = if let [path] = paths.as_slice() { path.clone() } else { format!("any of {}", paths.join(", ")) };
        format!("no run in {place} yet: waiting for the first one to write its {RUN_FILE}")
    }
}

/// The runs with those of one folder together, where the first of them is, pre-training before what evaluates it.
fn in_order_of_stages(mut new: Vec<WatchedRun>) -> Vec<WatchedRun> {
    let mut places: HashMap<PathBuf, usize> = HashMap::new();
    for (place, watched) in new.iter().enumerate() {
        places.entry(parent(watched).to_owned()).or_insert(place);
    }
    new.sort_by_key(|watched| (places.get(parent(watched)).copied(), watched.stage().is_none(), watched.stage()));
    new
}

fn parent(watched: &WatchedRun) -> &Path {
    watched.directory.parent().unwrap_or(&watched.directory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{lock, losses, run, top1s};

    fn open(folder: &Path) -> Runs {
        Runs::open(&[folder.to_owned()], Instant::now()).unwrap()
    }

    fn later(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    #[test]
    fn a_run_that_did_not_change_is_not_read_again() {
        let folder = tempfile::tempdir().unwrap();
        losses(&run(folder.path(), "a", "pretrain", "epochs = 8"), &[3.0]);
        let mut runs = open(folder.path());
        assert!(!runs.refresh(later(1)));
    }

    #[test]
    fn new_lines_and_a_taken_lock_are_seen() {
        let folder = tempfile::tempdir().unwrap();
        let directory = run(folder.path(), "a", "pretrain", "epochs = 8");
        losses(&directory, &[3.0]);
        let mut runs = open(folder.path());
        assert_eq!(runs.watched[0].run.as_ref().unwrap().state(), RunState::Stopped);
        losses(&directory, &[3.0, 2.0]);
        let held = lock(&directory);
        assert!(runs.refresh(later(1)));
        let read = runs.watched[0].run.as_ref().unwrap();
        assert_eq!((read.state(), read.epochs_done()), (RunState::Running, 2));
        drop(held);
        assert!(runs.refresh(later(2)));
        assert!(!runs.watched[0].running());
    }

    #[test]
    fn an_evaluation_is_outdated_once_its_pre_training_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path(), "mae/pretrain", "pretrain", "started = 1000");
        let knn = run(folder.path(), "mae/knn", "knn", "from = 'mae/pretrain'\nstarted = 1001\nfinished = true");
        top1s(&knn, &[20.0]);
        let mut runs = open(folder.path());
        assert_eq!(runs.watched[1].run.as_ref().unwrap().state(), RunState::Finished);
        run(folder.path(), "mae/pretrain", "pretrain", "started = 1000000");
        assert!(runs.refresh(later(1)));
        let warning = runs.watched[1].warning().unwrap();
        assert!(warning.starts_with("mae knn seed 0 outdated: it was made from earlier weights of"), "{warning}");
        assert_eq!(runs.watched[1].run.as_ref().unwrap().top1(), None);
    }

    #[test]
    fn stages_that_appear_are_added_and_folders_that_go_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let mut runs = open(folder.path());
        assert!(runs.watched.is_empty());
        let pretrain = run(folder.path(), "mae/pretrain", "pretrain", "epochs = 8");
        assert!(runs.refresh(later(1)));
        run(folder.path(), "mae/finetune", "finetune", "epochs = 8");
        assert!(runs.refresh(later(2)));
        let stages: Vec<Option<Stage>> = runs.watched.iter().map(WatchedRun::stage).collect();
        assert_eq!(stages, [Some(Stage::Pretrain), Some(Stage::Finetune)]);
        std::fs::remove_dir_all(pretrain).unwrap();
        assert!(runs.refresh(later(3)));
        assert_eq!(runs.watched.len(), 1);
    }

    #[test]
    fn the_stages_of_a_run_share_a_colour_and_runs_of_a_stage_do_not() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["one", "two"] {
            for stage in ["finetune", "pretrain"] {
                run(folder.path(), &format!("{name}/{stage}"), stage, "epochs = 8");
            }
        }
        let numbers: Vec<(Option<Stage>, usize)> =
            open(folder.path()).watched.iter().map(|watched| (watched.stage(), watched.number)).collect();
        let (pretrain, finetune) = (Some(Stage::Pretrain), Some(Stage::Finetune));
        assert_eq!(numbers, [(pretrain, 0), (finetune, 0), (pretrain, 1), (finetune, 1)]);
    }

    #[test]
    fn a_path_that_is_a_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let directory = run(folder.path(), "a", "pretrain", "");
        let refused = Runs::open(&[directory.join(RUN_FILE)], Instant::now());
        assert!(matches!(refused, Err(WatchError::NotAFolder { .. })));
    }

    #[test]
    fn remaining_time_counts_down_between_two_lines_of_a_run() {
        let folder = tempfile::tempdir().unwrap();
        let directory = run(folder.path(), "a", "pretrain", "epochs = 8");
        losses(&directory, &[3.0, 2.0]);
        let _held = lock(&directory);
        let now = Instant::now();
        let runs = Runs::open(&[directory], now).unwrap();
        assert_eq!(runs.watched[0].left(now), Some(Duration::from_secs(12)));
        assert_eq!(runs.watched[0].left(now + Duration::from_secs(5)), Some(Duration::from_secs(7)));
        assert_eq!(runs.watched[0].left(now + Duration::from_secs(50)), Some(Duration::ZERO));
    }

    #[test]
    fn only_a_run_at_work_has_time_left() {
        let folder = tempfile::tempdir().unwrap();
        let directory = run(folder.path(), "a", "linprobe", "epochs = 8");
        top1s(&directory, &[10.0]);
        assert_eq!(open(&directory).watched[0].left(Instant::now()), None);
    }
}
