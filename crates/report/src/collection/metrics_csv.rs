//! What runs logged, one number a row, for spreadsheets and plots of one's own.

use crate::error::ReportError;
use crate::run_directory::{METRICS_FILE, Run};

/// The columns.
const COLUMNS: [&str; 8] = ["run", "stage", "seed", "kind", "epoch", "step", "name", "value"];

/// Fields that say what a row is about, not what was measured.
const NOT_MEASURED: [&str; 6] = ["kind", "run", "seed", "epoch", "step", "evaluation"];

/// How the names of rows begin that tell of a change of the targets, before and after the epoch's training.
const EVENT: &str = "event";
const EVENT_AFTER: &str = "event_after";

/// Every number of the `metrics.jsonl` of `runs` as CSV. The losses against several targets are `targets.0`,
/// `targets.1`, ..., and other lists likewise; a change of the targets is a row `event.copy` before the epoch's training
/// and `event_after.copy` after it, with the value 1. A torn last line is left out.
///
/// # Errors
/// [`ReportError::Read`] when a file cannot be read.
pub fn metrics_csv(runs: &[Run]) -> Result<String, ReportError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail: every row has as many cells as the header.
    let _ = writer.write_record(COLUMNS);
    for run in runs {
        let path = run.directory.join(METRICS_FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(source) => return Err(ReportError::Read { path, source }),
        };
        let lines = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        for line in lines {
            for (name, value) in measured(&line) {
                let field = |name: &str| line.get(name).map(plain).unwrap_or_default();
                let [kind, epoch, step] = ["kind", "epoch", "step"].map(field);
                let (run, stage, seed) = (&run.about.name, run.about.stage.name(), run.about.seed.to_string());
                let _ = writer.write_record([run, stage, &seed, &kind, &epoch, &step, &name, &value]);
            }
        }
    }
    Ok(String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default())
}

fn measured(line: &serde_json::Value) -> Vec<(String, String)> {
    let at_end = line.get("event_at_end").is_some_and(|at_end| at_end == true);
    let fields = line.as_object().into_iter().flatten();
    let fields = fields.filter(|(name, _)| !NOT_MEASURED.contains(&name.as_str()));
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
        serde_json::Value::Number(_) => vec![(name.to_owned(), plain(value))],
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

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
