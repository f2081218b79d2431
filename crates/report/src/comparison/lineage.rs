//! Which evaluations start from which pre-trainings of a report.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use bmae_output::path_text::from_text;

use super::group::{RunGroup, experiment};
use crate::run_directory::{Run, Stage};

/// How the lines of a report hang together, a line by its place among the groups.
#[derive(Debug, Default)]
pub(crate) struct Lineage {
    borrowing: BTreeSet<usize>,
    lent: BTreeSet<(usize, Stage)>,
    /// Whether the pre-training of some evaluated encoder is not among the runs.
    pub unknown: bool,
}

impl Lineage {
    /// Looks up every run's `from`.
    pub(crate) fn of(groups: &[RunGroup]) -> Self {
        let pretrainings = Pretrainings::of(groups);
        let mut lineage = Self::default();
        for (index, group) in groups.iter().enumerate() {
            // A pre-training that begins with another's weights is a line of its own.
            for run in group.runs.iter().copied().filter(|run| run.about.stage != Stage::Pretrain) {
                let from = pretrainings.of_run(run);
                lineage.unknown |= from.is_empty() && run.about.setting.method != "scratch";
                for other in from.into_iter().filter(|other| *other != index) {
                    lineage.borrowing.insert(index);
                    lineage.lent.insert((other, run.about.stage));
                }
            }
        }
        lineage
    }

    /// Whether a run of the line starts from another line's pre-training.
    pub(crate) fn borrows(&self, line: usize) -> bool {
        self.borrowing.contains(&line)
    }

    /// Whether another line's run of `stage` starts from the line's pre-training.
    pub(crate) fn lends(&self, line: usize, stage: Stage) -> bool {
        self.lent.contains(&(line, stage))
    }
}

/// A pre-training with the place of its line, and where it lies.
type Pretraining<'a> = (usize, &'a Run, PathBuf);

/// The pre-trainings of a report, to be found by what can be known of them.
struct Pretrainings<'a> {
    /// By the last two parts of where they lie.
    by_end: HashMap<PathBuf, Vec<Pretraining<'a>>>,
    /// By the folder that they lie in and their name in it.
    by_name: HashMap<(Option<&'a Path>, Option<&'a OsStr>), Vec<usize>>,
}

impl<'a> Pretrainings<'a> {
    fn of(groups: &[RunGroup<'a>]) -> Self {
        let mut found = Self { by_end: HashMap::new(), by_name: HashMap::new() };
        for (index, group) in groups.iter().enumerate() {
            for run in group.stage(Stage::Pretrain) {
                let place = std::path::absolute(&run.directory).unwrap_or_else(|_| run.directory.clone());
                let name = (run.directory.parent(), run.directory.file_name());
                found.by_name.entry(name).or_default().push(index);
                found.by_end.entry(end(&place)).or_default().push((index, run, place));
            }
        }
        found
    }

    /// The lines that `run` starts from: `from` was typed somewhere when it began, and both may have been moved since.
    fn of_run(&self, run: &Run) -> Vec<usize> {
        let Some(from) = run.about.from.as_deref().map(from_text) else { return Vec::new() };
        // A weights file of a run stands for the run.
        let from = match from.parent().filter(|folder| folder.ends_with("checkpoints")) {
            Some(folder) => folder.parent().unwrap_or(folder),
            None => &from,
        };
        let is_plain = from.components().all(|part| matches!(part, Component::Normal(_) | Component::RootDir));
        let tells_place = is_plain && from.components().count() > 1;
        let beside = (run.directory.parent(), from.file_name());
        let beside = self.by_name.get(&beside).filter(|_| !tells_place).into_iter().flatten().copied();
        let is_it = |(_, other, place): &&Pretraining| {
            (tells_place && place.ends_with(from)) || experiment(other) == experiment(run)
        };
        let alike = self.by_end.get(&end(from)).into_iter().flatten().filter(is_it).map(|(index, ..)| *index);
        beside.chain(alike).collect()
    }
}

/// The last two parts of a path: `<run>/pretrain`.
fn end(path: &Path) -> PathBuf {
    let mut parts: Vec<Component> = path.components().rev().take(2).collect();
    parts.reverse();
    parts.into_iter().collect()
}
