//! Runs as a collection: what there is, how far it came, what differs between two, and what was logged as a table.

mod compare;
mod list;
mod metrics_csv;

pub use compare::{ComparedResult, ComparedSetting, RunComparison, compare_runs};
pub use list::{ListedRun, list, list_runs};
pub use metrics_csv::{LoggedMetrics, metrics_csv, metrics_records};
