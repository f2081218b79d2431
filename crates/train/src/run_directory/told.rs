//! What the first of several ranks finds in the run directory, told to the others.

use std::path::Path;

use bmae_nn::weights::StateDict;

use super::metrics::Fields;
use super::state_file::Checkpoint;
use crate::TrainError;
use crate::ranks::Ranks;

/// What was found, in one byte before the bytes of the checkpoint, if there is one.
const FINISHED: u8 = 0;
const BEGUN: u8 = 1;

/// What the first rank found.
pub(super) enum Told {
    /// A run that is finished.
    Finished,
    /// One that begins, or goes on from a checkpoint.
    Begun(Option<Box<Checkpoint>>),
}

/// Tells the other ranks that the run is finished.
pub(super) fn finished(ranks: &Ranks) {
    if ranks.count() > 1 {
        ranks.of_first(vec![FINISHED]);
    }
}

/// Tells the other ranks that the run begins or, where there is a `checkpoint`, goes on from it.
pub(super) fn begun(ranks: &Ranks, checkpoint: Option<&Checkpoint>) -> Result<(), TrainError> {
    if ranks.count() == 1 {
        return Ok(());
    }
    let mut bytes = vec![BEGUN];
    if let Some(checkpoint) = checkpoint {
        checkpoint.write(&mut bytes).map_err(|source| TrainError::reading(&checkpoint.file, source))?;
    }
    ranks.of_first(bytes);
    Ok(())
}

/// What the first rank tells.
pub(super) fn hear(ranks: &Ranks) -> Result<Told, TrainError> {
    let bytes = ranks.of_first(Vec::new());
    match bytes.split_first() {
        Some((&BEGUN, [])) => Ok(Told::Begun(None)),
        Some((&BEGUN, of_checkpoint)) => {
            let place = "the checkpoint of the first rank";
            let without_weights = || unreachable!("a checkpoint that is told holds its weights");
            let state = StateDict::from_bytes(of_checkpoint, place)?;
            Checkpoint::of_file(state, Path::new(place), without_weights).map(|told| Told::Begun(Some(Box::new(told))))
        }
        _ => Ok(Told::Finished),
    }
}

/// The lines of metrics that the first rank read, which gives them as its `own`.
pub(super) fn lines(ranks: &Ranks, own: Option<Vec<Fields>>) -> Vec<Fields> {
    match own {
        Some(own) if ranks.count() == 1 => own,
        Some(own) => {
            ranks.of_first(serde_json::to_vec(&own).unwrap_or_default());
            own
        }
        None => serde_json::from_slice(&ranks.of_first(Vec::new())).unwrap_or_default(),
    }
}
