//! Which trunks of a plan are still to be trained.

use bmae_recipe::plan::PlannedStage;

use crate::run_directory::has_checkpoint;

/// Whether the trunk `planned` is still to be trained: something in `stages` goes on from it that has no epoch of its
/// own yet.
pub(crate) fn is_wanted(planned: &PlannedStage, stages: &[PlannedStage]) -> bool {
    stages.iter().any(|stage| {
        stage.start.trunk().is_some_and(|trunk| trunk.directory == planned.out)
            && !has_checkpoint(&stage.out)
            && (stage.ends_after.is_none() || is_wanted(stage, stages))
    })
}
