//! Advice on errors of runs that are asked about images.

use bmae_output::shell::quoted;
use bmae_train::inference::AskedError;

use super::near_path::near_path;
use super::of_train;

/// What to do about `error`; `None` where it says so itself.
pub fn of_asked(error: &AskedError) -> Option<String> {
    match error {
        AskedError::Train(error) => of_train(error),
        AskedError::NoClassifier { path, .. } => {
            let from = quoted(path);
            Some(format!(
                "`bmae finetune --from {from} --out FOLDER` makes one, and so do `bmae linprobe` and `bmae knn`; give --from that folder"
            ))
        }
        AskedError::NotFound { path } => near_path(path).map(|near| format!("did you mean {near}?")),
        AskedError::OtherImages { .. } => {
            Some("or say with --data where they lie; `bmae knn` measures those that are there".to_owned())
        }
        AskedError::OtherWeights { from, .. } => {
            Some(format!("`bmae knn --from {} --out FOLDER` does that", quoted(from)))
        }
        AskedError::RunsBelow { .. } | AskedError::NoNormalisation { .. } | AskedError::NoImages { .. } => None,
    }
}
