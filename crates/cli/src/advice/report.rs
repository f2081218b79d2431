//! Advice on errors of reading runs and writing reports, and for readers of a report that lacks runs.

use super::of_taken;
use bmae_report::{FigureFamily, ReportError};

use super::near_path::near_path;

/// What to do about `error`; `None` where it says so itself.
pub fn of_report(error: &ReportError) -> Option<String> {
    let advice = match error {
        ReportError::Missing { path } => return near_path(path).map(|near| format!("did you mean {near}?")),
        ReportError::Taken(taken) => return of_taken(taken),
        ReportError::NotARun { .. } => {
            "name what `bmae pretrain`, `finetune`, `linprobe`, `knn` or `reproduce` wrote with --out"
        }
        ReportError::IntoARun { .. } => "choose another --out",
        _ => return None,
    };
    Some(advice.to_owned())
}

/// The command that makes the runs which a family of figures needs; `None` where every run will do.
pub fn figure_command(family: FigureFamily) -> Option<&'static str> {
    match family {
        FigureFamily::Best | FigureFamily::Baselines | FigureFamily::MaeNew => Some("bmae reproduce"),
        FigureFamily::K => Some("bmae sweep k"),
        FigureFamily::Wse => Some("bmae sweep wse"),
        FigureFamily::Tau => Some("bmae sweep tau"),
        FigureFamily::Lambda => Some("bmae sweep lambda"),
        FigureFamily::Loss => Some("bmae pretrain"),
        FigureFamily::Sweep
        | FigureFamily::Cost
        | FigureFamily::All
        | FigureFamily::Stability
        | FigureFamily::Monitors => None,
    }
}
