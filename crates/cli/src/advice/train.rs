//! Advice on errors of training, evaluating and exporting.

use bmae_train::TrainError;
use bmae_train::export::ExportError;

use super::{of_data, of_recipe};

/// What to do about `error`; `None` where it says so itself.
pub fn of_train(error: &TrainError) -> Option<String> {
    match error {
        TrainError::Recipe(error) => of_recipe(error),
        TrainError::Data(error) => of_data(error),
        _ => None,
    }
}

/// What to do about `error`; `None` where it says so itself.
pub fn of_export(error: &ExportError) -> Option<String> {
    match error {
        ExportError::Train(error) => of_train(error),
        _ => None,
    }
}
