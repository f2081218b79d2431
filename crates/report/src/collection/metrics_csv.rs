//! What runs logged, and what their test predictions give, one number a row, for spreadsheets and plots of one's own, and the same for programs.

use bmae_output::path_text::to_text;
use bmae_output::plain::plain_path;
use serde_json::{Map, Value, json};

use crate::classification::TestOutcome;
use crate::comparison::SweptColumns;
use crate::error::ReportError;
use crate::run_directory::{METRICS_FILE, Run, each_line, open};
use crate::text::csv_cell;

/// The columns. Where a run lies, its data, and the keys in which the runs differ stand behind them.
const COLUMNS: [&str; 10] = ["run", "stage", "seed", "kind", "epoch", "step", "name", "value", "directory", "data"];

/// Fields that say what a row is about, not what was measured.
const NOT_MEASURED: [&str; 6] = ["kind", "run", "seed", "epoch", "step", "evaluation"];

/// How the names of rows begin that tell of a change of the targets, before and after the epoch's training.
const EVENT: &str = "event";
const EVENT_AFTER: &str = "event_after";

/// What runs logged, as CSV or as records.
#[derive(Debug)]
pub struct LoggedMetrics<T> {
    /// One number a row.
    pub rows: T,
    /// Why the metrics of some runs are not in it, or not all, one for each.
    pub unreadable: Vec<ReportError>,
}

/// Every number of the `metrics.jsonl` of `runs` as CSV, and before those of each evaluation the scores that its test
/// predictions give (`test`), in percent. The losses against several targets are `targets.0`,
/// `targets.1`, ..., and other lists likewise; a change of the targets is a row `event.copy` before the epoch's training
/// and `event_after.copy` after it, with the value 1. Behind the number stand the run's directory, its data, and its
/// values of the keys in which the runs differ, so that two runs of one name stay apart. A torn last line is left out.
/// Names that a spreadsheet would take for a formula stand behind an apostrophe. What cannot be read of one run keeps
/// nothing back of the others.
pub fn metrics_csv(runs: &[Run]) -> LoggedMetrics<String> {
    let swept = SweptColumns::of(&runs.iter().collect::<Vec<_>>());
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail: every row has as many cells as the header.
    let _ = writer.write_record(COLUMNS.into_iter().chain(swept.keys.iter().map(String::as_str)));
    let unreadable = each_number(runs, |run, line, measure, value| {
        let field = |name: &str| line.get(name).map(cell).unwrap_or_default();
        let about = [csv_cell(&run.about.name), run.about.stage.name().to_owned(), run.about.seed.to_string()];
        let number = [field("kind"), field("epoch"), field("step"), csv_cell(measure), cell(value)];
        let place = [csv_cell(&plain_path(&run.directory)), csv_cell(swept.data(run))];
        let keys = swept.cells(run).into_iter().map(|value| csv_cell(&value));
        let _ = writer.write_record(about.into_iter().chain(number).chain(place).chain(keys));
    });
    LoggedMetrics { rows: String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default(), unreadable }
}

/// The same as records: an object for each row, with the columns as fields. `settings` has the run's values of the keys
/// in which the runs differ. Numbers are numbers; what does not apply is `null`.
pub fn metrics_records(runs: &[Run]) -> LoggedMetrics<Vec<Value>> {
    let swept = SweptColumns::of(&runs.iter().collect::<Vec<_>>());
    let mut rows = Vec::new();
    let unreadable = each_number(runs, |run, line, measure, value| {
        let field = |name: &str| line.get(name).cloned().unwrap_or(Value::Null);
        rows.push(json!({
            "run": run.about.name,
            "stage": run.about.stage.name(),
            "seed": run.about.seed,
            "kind": field("kind"),
            "epoch": field("epoch"),
            "step": field("step"),
            "name": measure,
            "value": value,
            "directory": to_text(&run.directory),
            "data": swept.data(run),
            "settings": swept.values(run),
        }));
    });
    LoggedMetrics { rows, unreadable }
}

/// Gives each number of `runs` to `take`: the run, the line that it stands in, its name and itself. Returns why some
/// could not be read.
fn each_number(runs: &[Run], mut take: impl FnMut(&Run, &Map<String, Value>, &str, &Value)) -> Vec<ReportError> {
    let mut unreadable = Vec::new();
    for run in runs {
        match TestOutcome::of(run) {
            Ok(outcome) => {
                let line = test_line(run);
                for (score, percent) in outcome.iter().flat_map(TestOutcome::scores) {
                    take(run, &line, &score, &Value::from(percent));
                }
            }
            Err(reason) => unreadable.push(ReportError::Predictions { path: run.directory.clone(), reason }),
        }
        let path = run.directory.join(METRICS_FILE);
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
                take(run, &line, &measure, &value);
            }
            Ok(())
        });
        unreadable.extend(read.err());
    }
    unreadable
}

/// The fields of a line that its scores of classes would stand in, had the run logged them.
fn test_line(run: &Run) -> Map<String, Value> {
    let epoch = run.metrics.evals.last().map(|eval| eval.epoch);
    Map::from_iter([("kind".to_owned(), Value::from("test")), ("epoch".to_owned(), Value::from(epoch))])
}

fn measured(line: &Map<String, Value>) -> Vec<(String, Value)> {
    let at_end = line.get("event_at_end").is_some_and(|at_end| at_end == true);
    let fields = line.iter().filter(|(name, _)| !NOT_MEASURED.contains(&name.as_str()));
    fields
        .flat_map(|(name, value)| match value {
            Value::String(event) if name == EVENT || name == EVENT_AFTER => {
                let name = if at_end { EVENT_AFTER } else { name };
                vec![(format!("{name}.{event}"), Value::from(1))]
            }
            _ => numbers(name, value),
        })
        .collect()
}

/// The numbers in `value`, each under `name` and its way to them.
fn numbers(name: &str, value: &Value) -> Vec<(String, Value)> {
    match value {
        Value::Number(_) => vec![(name.to_owned(), value.clone())],
        Value::Array(values) => {
            let within = values.iter().enumerate();
            within.flat_map(|(index, value)| numbers(&format!("{name}.{index}"), value)).collect()
        }
        Value::Object(fields) => {
            fields.iter().flat_map(|(field, value)| numbers(&format!("{name}.{field}"), value)).collect()
        }
        _ => Vec::new(),
    }
}

fn cell(value: &Value) -> String {
    csv_cell(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}
