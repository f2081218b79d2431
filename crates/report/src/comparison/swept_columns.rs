//! What tells runs apart in tables of single runs, where two may share a name: their data, and the keys in which they
//! differ.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::data_set::{DataSets, last_word};
use super::differing_keys::{encoder_keys, result_keys, swept_keys};
use super::encoder::encoders;
use crate::run_directory::{Run, Stage};

/// The data, and the keys in which runs differ, as columns.
#[derive(Debug)]
pub(crate) struct SweptColumns<'a> {
    /// The keys' paths, in order.
    pub keys: Vec<String>,
    rows: HashMap<&'a Path, Row>,
}

#[derive(Debug, Default)]
struct Row {
    data: String,
    values: Vec<Option<String>>,
}

impl<'a> SweptColumns<'a> {
    /// The columns of a table of `runs`. A run has the keys that its stage reads, and an evaluation those of its
    /// pre-training too, where that is among them: what stands in its own recipe of that, nothing was trained by.
    pub(crate) fn of(runs: &[&'a Run]) -> Self {
        let keys = swept_keys(runs.iter().copied());
        let data = DataSets::of(runs);
        let mut rows = HashMap::new();
        for encoder in encoders(runs) {
            let of_encoder = encoder.pretraining.map(encoder_keys).unwrap_or_default();
            for run in encoder.pretraining.into_iter().chain(encoder.evaluations) {
                let own = result_keys(run, run.about.stage);
                let value = |key: &String| {
                    let of_encoder = of_encoder.get(key).filter(|_| run.about.stage != Stage::Pretrain);
                    own.get(key).or(of_encoder).cloned()
                };
                let data = data.of_run(run).map_or_else(|| read_data(run, runs).to_owned(), |data| data.name.clone());
                rows.insert(run.directory.as_path(), Row { data, values: keys.iter().map(value).collect() });
            }
        }
        Self { keys, rows }
    }

    /// The name of the run's data set; of a pre-training what it read.
    pub(crate) fn data(&self, run: &Run) -> &str {
        self.rows.get(run.directory.as_path()).map_or("", |row| &row.data)
    }

    /// Its values, in the order of the keys, texts without their quotes; empty where it does not have the key.
    pub(crate) fn cells(&self, run: &Run) -> Vec<String> {
        let cell = |value: &Option<String>| {
            value.as_deref().map(|value| value.trim_matches('"').to_owned()).unwrap_or_default()
        };
        self.rows.get(run.directory.as_path()).map(|row| row.values.iter().map(cell).collect()).unwrap_or_default()
    }

    /// The keys that it has with their values as JSON has them.
    pub(crate) fn values(&self, run: &Run) -> BTreeMap<String, serde_json::Value> {
        let row = self.rows.get(run.directory.as_path());
        let values = row.into_iter().flat_map(|row| self.keys.iter().zip(&row.values));
        values.filter_map(|(key, value)| Some((key.clone(), json_of(value.as_deref()?)))).collect()
    }
}

/// What the data of a pre-training is called: by its folder alone where no other of `runs` has another folder of that name.
fn read_data<'a>(run: &'a Run, runs: &[&Run]) -> &'a str {
    let whole = run.about.data.as_deref().unwrap_or_default();
    let mut others = runs.iter().filter_map(|other| other.about.data.as_deref());
    let is_short = others.all(|other| other == whole || last_word(other) != last_word(whole));
    if is_short { last_word(whole) } else { whole }
}

/// A value as TOML writes it, as JSON has it; a text that is none stays a text.
pub(crate) fn json_of(text: &str) -> serde_json::Value {
    let parsed = format!("value = {text}").parse::<toml::Table>().ok();
    let value = parsed.and_then(|mut table| table.remove("value")).and_then(|value| serde_json::to_value(value).ok());
    // A number that JSON does not have, such as inf, would be null.
    value.filter(|value| !value.is_null()).unwrap_or_else(|| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_keep_their_types() {
        for (text, value) in [
            ("0.5", json!(0.5)),
            ("12", json!(12)),
            ("true", json!(true)),
            ("\"a b\"", json!("a b")),
            ("[0.2, 1.0]", json!([0.2, 1.0])),
            ("inf", json!("inf")),
            ("no toml", json!("no toml")),
        ] {
            assert_eq!(json_of(text), value);
        }
    }
}
