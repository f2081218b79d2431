//! What the first of several ranks finds in the run directory, told to the others.

use bmae_nn::weights::StateDict;

use super::{Checkpoint, Fields, Opened, RunDirectory};
use crate::TrainError;
use crate::ranks::Ranks;

/// What was found, in one byte before the bytes of the checkpoint, if there is one.
const FINISHED: u8 = 0;
const BEGUN: u8 = 1;

/// Tells the other ranks what `opened` says; nothing where there are none.
pub(super) fn tell(ranks: &Ranks, opened: &Opened) -> Result<(), TrainError> {
    if ranks.count() == 1 {
        return Ok(());
    }
    let mut bytes = match opened {
        Opened::Finished(_) => vec![FINISHED],
        Opened::Fresh(_) | Opened::Resumed(..) | Opened::Repeated(..) => vec![BEGUN],
    };
    if let Opened::Resumed(directory, Some(checkpoint), _) = opened {
        checkpoint.write(&mut bytes).map_err(|source| TrainError::reading(directory.path(), source))?;
    }
    ranks.of_first(bytes);
    Ok(())
}

/// What the first rank told, in the words of [`RunDirectory::open`]; `directory` makes that of this rank.
pub(super) fn opened(
    ranks: &Ranks,
    directory: impl FnOnce(Option<&Checkpoint>) -> RunDirectory,
) -> Result<Opened, TrainError> {
    let bytes = ranks.of_first(Vec::new());
    let (Some(&tag), of_checkpoint) = (bytes.first(), bytes.get(1..).unwrap_or_default()) else {
        unreachable!("the first rank tells at least one byte")
    };
    if tag == FINISHED {
        return Ok(Opened::Finished(None));
    }
    if of_checkpoint.is_empty() {
        return Ok(Opened::Fresh(directory(None)));
    }
    let directory_of_none = || unreachable!("a checkpoint that is told holds its weights");
    let state = StateDict::from_bytes(of_checkpoint, "the checkpoint of the first rank")?;
    let checkpoint = Checkpoint::of_file(state, "the checkpoint of the first rank".as_ref(), directory_of_none)?;
    Ok(Opened::Resumed(directory(Some(&checkpoint)), Some(Box::new(checkpoint)), Vec::new()))
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
