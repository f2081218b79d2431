//! The settings and results in which two runs differ.

use std::collections::{BTreeMap, BTreeSet};

use bmae_output::path_text::to_text;
use serde::Serialize;
use serde_json::Value;

use super::list::ListedRun;
use crate::comparison::json_of;
use crate::run_directory::{Epoch, Fingerprint, Run};
use crate::text::{aligned, duration};

/// What differs between two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunComparison {
    /// Where the two lie.
    pub runs: [String; 2],
    /// Keys of the recipe, and what else the runs were begun with, in which they differ.
    pub settings: Vec<ComparedSetting>,
    /// What came out, with both values, also where they are equal.
    pub results: Vec<ComparedResult>,
}

/// A setting and what it is in both runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedSetting {
    /// The key, or in brackets what is none.
    pub name: String,
    /// In the first and in the second run, with their types; `null` where a run does not have it.
    pub values: [Value; 2],
}

/// Something measured and what it is in both runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedResult {
    /// What was measured, with its unit behind it.
    pub name: &'static str,
    /// The same for readers.
    #[serde(skip)]
    pub title: &'static str,
    /// In the first and in the second run; `null` where it does not apply.
    pub values: [Value; 2],
    /// The same for readers; empty where it does not apply.
    #[serde(skip)]
    pub texts: [String; 2],
}

/// Compares two runs. They may be of different stages: then the stage is one of the differences.
pub fn compare_runs(a: &Run, b: &Run) -> RunComparison {
    let (mut of_a, mut of_b) = (settings(a), settings(b));
    let keys: BTreeSet<String> = of_a.keys().chain(of_b.keys()).cloned().collect();
    let settings = keys.into_iter().filter_map(|name| {
        let values = [&mut of_a, &mut of_b].map(|of| of.remove(&name).unwrap_or_default());
        (values[0] != values[1]).then_some(ComparedSetting { name, values })
    });
    let results = results(a).into_iter().zip(results(b)).map(|(a, b)| ComparedResult {
        name: a.name,
        title: a.title,
        values: [a.value, b.value],
        texts: [a.text, b.text],
    });
    RunComparison {
        runs: [a, b].map(|run| to_text(&run.directory)),
        settings: settings.collect(),
        results: results.filter(|row| row.values.iter().any(|value| !value.is_null())).collect(),
    }
}

impl RunComparison {
    /// Both parts as aligned tables for a terminal.
    pub fn text(&self) -> String {
        let table = |title: &str, rows: Vec<[String; 3]>| {
            let head = vec![title.to_owned(), self.runs[0].clone(), self.runs[1].clone()];
            let rows = rows.into_iter().map(|[name, a, b]| {
                let [a, b] = [a, b].map(|value| if value.is_empty() { "-".to_owned() } else { value });
                vec![name, a, b]
            });
            aligned(&std::iter::once(head).chain(rows).collect::<Vec<_>>(), &[false, true, true])
        };
        let words = |value: &Value| match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        let of_settings = |row: &ComparedSetting| [row.name.clone(), words(&row.values[0]), words(&row.values[1])];
        let of_results = |row: &ComparedResult| [row.title.to_owned(), row.texts[0].clone(), row.texts[1].clone()];
        let settings = match self.settings.is_empty() {
            true => "settings: the same\n".to_owned(),
            false => table("settings", self.settings.iter().map(of_settings).collect()),
        };
        format!("{settings}\n{}", table("results", self.results.iter().map(of_results).collect()))
    }
}

/// The keys of a run's recipe by their paths, and what else it was begun with.
fn settings(run: &Run) -> BTreeMap<String, Value> {
    let mut settings: BTreeMap<String, Value> =
        run.keys().into_iter().map(|(path, value)| (path, json_of(&value))).collect();
    let about = &run.about;
    let also: [(&str, Option<Value>); 11] = [
        ("(stage)", Some(about.stage.name().into())),
        ("(program)", about.program.clone().map(Value::from)),
        ("(commit)", about.commit.clone().map(Value::from)),
        ("(machine)", about.machine.clone().map(Value::from)),
        ("(threads)", about.threads.map(Value::from)),
        ("(data)", about.data.clone().map(Value::from)),
        ("(from)", about.from.clone().map(Value::from)),
        ("(weights)", about.inputs.from_sha256.as_deref().map(|checksum| short(checksum).into())),
        ("(training images)", about.inputs.train.as_ref().map(|images| in_words(images).into())),
        ("(test set)", about.test_origin.clone().map(Value::from)),
        ("(test images)", about.inputs.test.as_ref().map(|images| in_words(images).into())),
    ];
    settings.extend(also.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    settings
}

/// A fingerprint as it can be compared by eye.
fn in_words(of: &Fingerprint) -> String {
    format!("{} (names {}, contents {})", of.images, short(&of.listing), short(&of.contents))
}

/// Enough of a checksum to tell two apart.
fn short(checksum: &str) -> &str {
    checksum.get(..12).unwrap_or(checksum)
}

/// What came out of one run.
struct ListedResult {
    name: &'static str,
    title: &'static str,
    value: Value,
    text: String,
}

impl ListedResult {
    /// A number, for readers as `text` has it.
    fn number(name: &'static str, title: &'static str, value: Option<f64>, text: impl Fn(f64) -> String) -> Self {
        // JSON has no number that is not finite.
        let value = value.filter(|value| value.is_finite());
        Self { name, title, value: value.into(), text: value.map(text).unwrap_or_default() }
    }
}

/// What came out of a run, the same names for every run; what does not apply is empty.
fn results(run: &Run) -> [ListedResult; 10] {
    let listed = ListedRun::of(run);
    let last = |value: fn(&Epoch) -> Option<f64>| run.metrics.epochs.iter().rev().find_map(value);
    let last_top1 = run.metrics.evals.iter().rev().find_map(|line| line.top1);
    let best_top1 = listed.best_top1.filter(|_| last_top1.is_some());
    let epochs = run.about.epochs.map(|_| run.epochs_done());
    let state =
        ListedResult { name: "state", title: "state", value: listed.state.into(), text: listed.state.to_owned() };
    let epochs = ListedResult {
        name: "epochs_done",
        title: "epochs",
        value: epochs.into(),
        text: epochs.map(|epochs| epochs.to_string()).unwrap_or_default(),
    };
    let four = |value: f64| format!("{value:.4}");
    let two = |value: f64| format!("{value:.2}");
    let one = |value: f64| format!("{value:.1}");
    [
        state,
        epochs,
        ListedResult::number("loss_last", "loss, last epoch", last(|line| line.loss), four),
        ListedResult::number("top1_last_percent", "top-1, last epoch", last_top1, two),
        ListedResult::number("top1_best_percent", "top-1, best", best_top1, two),
        ListedResult::number("quick_knn_top1_last_percent", "quick kNN top-1, last", last(|line| line.knn_top1), two),
        ListedResult::number("rank_me_last", "RankMe, last", last(|line| line.rank_me), four),
        ListedResult::number("target_spread_last", "target spread, last", last(|line| line.target_std), four),
        ListedResult::number("images_per_s", "images/s", run.images_per_s(), one),
        ListedResult::number("wall_s", "time", run.metrics.wall_s, duration),
    ]
}
