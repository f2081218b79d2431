//! Advice on errors of reading runs and writing reports.

use bmae_report::ReportError;

/// What to do about `error`; `None` where it says so itself.
pub fn of_report(error: &ReportError) -> Option<String> {
    let _ = error;
    None
}
