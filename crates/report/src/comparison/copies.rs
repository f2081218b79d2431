//! Run directories that are copies of others among the same runs: a copied folder is no second run.

use crate::run_directory::Run;

/// The runs that are no copy of an earlier one, in their order.
pub(crate) fn without_copies(runs: &[Run]) -> Vec<&Run> {
    let mut kept: Vec<&Run> = Vec::new();
    for run in runs {
        if !kept.iter().any(|other| is_copy(run, other)) {
            kept.push(run);
        }
    }
    kept
}

/// Each copy with the run that it is a copy of.
pub(crate) fn copies(runs: &[Run]) -> Vec<(&Run, &Run)> {
    let kept = without_copies(runs);
    let original = |run| kept.iter().copied().find(|other| is_copy(run, other));
    let copies = runs.iter().filter_map(|run| Some((run, original(run)?)));
    copies.filter(|(run, original)| run.directory != original.directory).collect()
}

/// Whether two directories hold the record of the same run: begun in the same second, made of the same, with the same
/// numbers and the same times. A run that went on since is another.
fn is_copy(run: &Run, other: &Run) -> bool {
    run.about.started.is_some()
        && run.metrics.wall_s.is_some()
        && run.about == other.about
        && run.metrics == other.metrics
        && run.recipe == other.recipe
}
