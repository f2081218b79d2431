//! Advice on errors of data sets and downloads.

use bmae_data::DataError;

/// What to do about `error`; `None` where it says so itself.
pub fn of_data(error: &DataError) -> Option<String> {
    let _ = error;
    None
}
