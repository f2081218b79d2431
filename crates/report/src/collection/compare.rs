//! The settings and results in which two runs differ.

use std::collections::{BTreeMap, BTreeSet};

use bmae_output::path_text::to_text;
use serde::Serialize;

use super::list::ListedRun;
use crate::run_directory::{Epoch, Fingerprint, Run};
use crate::text::{aligned, duration};

/// What differs between two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunComparison {
    /// Where the two lie.
    pub runs: [String; 2],
    /// Keys of the recipe with their two values; an absent one is empty.
    pub settings: Vec<ComparedRow>,
    /// What came out, with both values, also where they are equal.
    pub results: Vec<ComparedRow>,
}

/// A name and what it is in both runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComparedRow {
    /// The key, or what was measured.
    pub name: String,
    /// In the first and in the second run.
    pub values: [String; 2],
}

/// Compares two runs. They may be of different stages: then the stage is one of the differences.
pub fn compare_runs(a: &Run, b: &Run) -> RunComparison {
    let (mut of_a, mut of_b) = (settings(a), settings(b));
    let keys: BTreeSet<String> = of_a.keys().chain(of_b.keys()).cloned().collect();
    let settings = keys.into_iter().filter_map(|name| {
        let values = [&mut of_a, &mut of_b].map(|of| of.remove(&name).unwrap_or_default());
        (values[0] != values[1]).then_some(ComparedRow { name, values })
    });
    let (results_of_a, results_of_b) = (results(a), results(b));
    let results = results_of_a
        .into_iter()
        .zip(results_of_b)
        .map(|((name, a), (_, b))| ComparedRow { name: name.to_owned(), values: [a, b] });
    RunComparison {
        runs: [a, b].map(|run| to_text(&run.directory)),
        settings: settings.collect(),
        results: results.filter(|row| row.values.iter().any(|value| !value.is_empty())).collect(),
    }
}

impl RunComparison {
    /// Both parts as aligned tables for a terminal.
    pub fn text(&self) -> String {
        let table = |title: &str, rows: &[ComparedRow]| {
            let head = vec![title.to_owned(), self.runs[0].clone(), self.runs[1].clone()];
            let rows = rows.iter().map(|row| {
                let [a, b] = row.values.clone().map(|value| if value.is_empty() { "-".to_owned() } else { value });
                vec![row.name.clone(), a, b]
            });
            aligned(&std::iter::once(head).chain(rows).collect::<Vec<_>>(), &[false, true, true])
        };
        let settings = match self.settings.is_empty() {
            true => "settings: the same\n".to_owned(),
            false => table("settings", &self.settings),
        };
        format!("{settings}\n{}", table("results", &self.results))
    }
}

/// The keys of a run's recipe by their paths, and what else it was begun with.
fn settings(run: &Run) -> BTreeMap<String, String> {
    let mut settings = run.keys();
    let about = &run.about;
    let also = [
        ("(stage)", Some(about.stage.name().to_owned())),
        ("(program)", about.program.clone()),
        ("(commit)", about.commit.clone()),
        ("(machine)", about.machine.clone()),
        ("(threads)", about.threads.map(|threads| threads.to_string())),
        ("(data)", about.data.clone()),
        ("(from)", about.from.clone()),
        ("(weights)", about.inputs.from_sha256.as_deref().map(|checksum| short(checksum).to_owned())),
        ("(training images)", about.inputs.train.as_ref().map(in_words)),
        ("(test images)", about.inputs.test.as_ref().map(in_words)),
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

/// What came out of a run, the same names for every run; what does not apply is empty.
fn results(run: &Run) -> [(&'static str, String); 10] {
    let listed = ListedRun::of(run);
    let last = |value: fn(&Epoch) -> Option<f64>| {
        let value = run.metrics.epochs.iter().rev().find_map(value);
        value.map(|value| format!("{value:.4}")).unwrap_or_default()
    };
    let percent = |value: Option<f64>| value.map(|value| format!("{value:.2}")).unwrap_or_default();
    let last_top1 = run.metrics.evals.iter().rev().find_map(|line| line.top1);
    [
        ("state", listed.state.to_owned()),
        ("epochs", if run.about.epochs.is_some() { run.epochs_done().to_string() } else { String::new() }),
        ("loss, last epoch", last(|line| line.loss)),
        ("top-1, last epoch", percent(last_top1)),
        ("top-1, best", percent(listed.best_top1.filter(|_| last_top1.is_some()))),
        ("quick kNN top-1, last", percent(run.metrics.epochs.iter().rev().find_map(|line| line.knn_top1))),
        ("RankMe, last", last(|line| line.rank_me)),
        ("target spread, last", last(|line| line.target_std)),
        ("images/s", run.images_per_s().map(|rate| format!("{rate:.1}")).unwrap_or_default()),
        ("time", run.metrics.wall_s.map(duration).unwrap_or_default()),
    ]
}
