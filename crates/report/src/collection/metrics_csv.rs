//! What runs logged, one number a row, for spreadsheets and plots of one's own.

use crate::error::ReportError;
use crate::run_directory::{METRICS_FILE, Run, each_line, open};
use crate::text::csv_cell;

/// The columns.
const COLUMNS: [&str; 8] = ["run", "stage", "seed", "kind", "epoch", "step", "name", "value"];

/// Fields that say what a row is about, not what was measured.
const NOT_MEASURED: [&str; 6] = ["kind", "run", "seed", "epoch", "step", "evaluation"];

/// How the names of rows begin that tell of a change of the targets, before and after the epoch's training.
const EVENT: &str = "event";
const EVENT_AFTER: &str = "event_after";

/// What runs logged as CSV.
#[derive(Debug)]
pub struct LoggedMetrics {
    /// One number a row.
    pub csv: String,
    /// Why the metrics of some runs are not in it, or not all, one for each.
    pub unreadable: Vec<ReportError>,
}

/// Every number of the `metrics.jsonl` of `runs` as CSV. The losses against several targets are `targets.0`,
/// `targets.1`, ..., and other lists likewise; a change of the targets is a row `event.copy` before the epoch's training
/// and `event_after.copy` after it, with the value 1. A torn last line is left out. Names that a spreadsheet would take
/// for a formula stand behind an apostrophe. What cannot be read of one run keeps nothing back of the others.
pub fn metrics_csv(runs: &[Run]) -> LoggedMetrics {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail: every row has as many cells as the header.
    let _ = writer.write_record(COLUMNS);
    let mut unreadable = Vec::new();
    for run in runs {
        let path = run.directory.join(METRICS_FILE);
        let (name, stage, seed) = (csv_cell(&run.about.name), run.about.stage.name(), run.about.seed.to_string());
        let file = match open(&path) {
            Ok(Some(file)) => file,
            Ok(None) => continue,
            Err(error) => {
                unreadable.push(error);
                continue;
            }
        };
        let read = each_line(file, &path, |line| {
            for (measure, value) in measured(&line) {
                let field = |name: &str| line.get(name).map(cell).unwrap_or_default();
                let [kind, epoch, step] = ["kind", "epoch", "step"].map(field);
                let _ = writer.write_record([&name, stage, &seed, &kind, &epoch, &step, &csv_cell(&measure), &value]);
            }
            Ok(())
        });
        unreadable.extend(read.err());
    }
    let csv = String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default();
    LoggedMetrics { csv, unreadable }
}

fn measured(line: &serde_json::Map<String, serde_json::Value>) -> Vec<(String, String)> {
    let at_end = line.get("event_at_end").is_some_and(|at_end| at_end == true);
    let fields = line.iter().filter(|(name, _)| !NOT_MEASURED.contains(&name.as_str()));
    fields
        .flat_map(|(name, value)| match value {
            serde_json::Value::String(event) if name == EVENT || name == EVENT_AFTER => {
                let name = if at_end { EVENT_AFTER } else { name };
                vec![(format!("{name}.{event}"), "1".to_owned())]
            }
            _ => numbers(name, value),
        })
        .collect()
}

/// The numbers in `value`, each under `name` and its way to them.
fn numbers(name: &str, value: &serde_json::Value) -> Vec<(String, String)> {
    match value {
        serde_json::Value::Number(_) => vec![(name.to_owned(), cell(value))],
        serde_json::Value::Array(values) => {
            let within = values.iter().enumerate();
            within.flat_map(|(index, value)| numbers(&format!("{name}.{index}"), value)).collect()
        }
        serde_json::Value::Object(fields) => {
            fields.iter().flat_map(|(field, value)| numbers(&format!("{name}.{field}"), value)).collect()
        }
        _ => Vec::new(),
    }
}

fn cell(value: &serde_json::Value) -> String {
    csv_cell(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}
