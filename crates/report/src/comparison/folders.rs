//! The folders that a run lies in, by which runs of one name are told apart.

use std::path::Path;

use crate::run_directory::{Run, Stage};

/// The folder of the experiment that a run belongs to (EXPERIMENT/run/stage), or the run's own folder.
pub(crate) fn experiment(run: &Run) -> &Path {
    experiment_at(&run.directory, run.about.stage)
}

/// The same of a run of `stage` that lies, or lay, at `place`.
pub(crate) fn experiment_at(place: &Path, stage: Stage) -> &Path {
    let folder = if is_staged(place, stage) { place.parent().and_then(Path::parent) } else { None };
    folder.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(place)
}

/// The folder of the run that a stage at `place` belongs to (run/stage), or the stage's own.
pub(crate) fn own_folder_at(place: &Path, stage: Stage) -> &Path {
    let folder = if is_staged(place, stage) { place.parent() } else { None };
    folder.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(place)
}

/// Whether its folder is called by its stage, as experiments of many runs are laid out.
pub(crate) fn is_staged(place: &Path, stage: Stage) -> bool {
    place.file_name().is_some_and(|name| name == stage.name())
}
