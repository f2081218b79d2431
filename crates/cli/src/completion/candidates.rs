//! The words that may stand for an argument.

use std::ffi::OsStr;
use std::path::Path;

use bmae_recipe::key_search::every_key;
use bmae_recipe::sweep::NAMES;
use bmae_recipe::{AnyKey, Choice, Preset, data_sets, keys};
use clap_complete::engine::{CompletionCandidate, PathCompleter, ValueCompleter};

/// How deep runs are looked for below a folder.
const DEPTH: usize = 3;
/// Entries of a folder that are looked at.
const MOST: usize = 1000;

/// Presets, and recipe files.
pub fn presets(typed: &OsStr) -> Vec<CompletionCandidate> {
    let words = words(typed, Preset::ALL.iter().map(|(_, word)| *word));
    together(words, files(typed, &["toml"]))
}

/// Built-in sweeps, and sweep files.
pub fn sweeps(typed: &OsStr) -> Vec<CompletionCandidate> {
    together(words(typed, NAMES), files(typed, &["toml"]))
}

/// Data sets by name, folders and archives.
pub fn data(typed: &OsStr) -> Vec<CompletionCandidate> {
    together(words(typed, data_sets()), files(typed, &["gz", "tar", "tgz", "bin", "csv", "zip"]))
}

/// Runs, folders that lead to some, and weights.
pub fn weights(typed: &OsStr) -> Vec<CompletionCandidate> {
    let mut found = together(runs(typed), files(typed, &["safetensors", "pth", "pt", "bin"]));
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|candidate| seen.insert(candidate.get_value().to_owned()));
    found
}

/// The same, and random weights.
pub fn weights_or_scratch(typed: &OsStr) -> Vec<CompletionCandidate> {
    together(words(typed, ["scratch"]), weights(typed))
}

/// Runs and folders that lead to some; where there are none, every folder.
pub fn runs(typed: &OsStr) -> Vec<CompletionCandidate> {
    let mut folders = paths(&PathCompleter::dir(), typed);
    let leads = |folder: &CompletionCandidate| leads_to_run(Path::new(folder.get_value()), DEPTH);
    if folders.iter().any(leads) {
        folders.retain(leads);
    }
    folders
}

fn leads_to_run(folder: &Path, depth: usize) -> bool {
    let below = || std::fs::read_dir(folder).into_iter().flatten().flatten().take(MOST);
    let is_folder = |entry: &std::fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    folder.join("run.toml").is_file()
        || (depth > 0 && below().filter(is_folder).any(|entry| leads_to_run(&entry.path(), depth - 1)))
}

/// Paths of keys.
pub fn key_paths(typed: &OsStr) -> Vec<CompletionCandidate> {
    words(typed, every_key().into_iter().map(AnyKey::path))
}

/// `KEY=VALUE`: keys, then the words that the key chooses between.
pub fn settings(typed: &OsStr) -> Vec<CompletionCandidate> {
    assignments(typed, |value| (String::new(), value.to_owned()))
}

/// `KEY=VALUE,VALUE`.
pub fn grids(typed: &OsStr) -> Vec<CompletionCandidate> {
    assignments(typed, |value| match value.rsplit_once(',') {
        Some((before, last)) => (format!("{before},"), last.to_owned()),
        None => (String::new(), value.to_owned()),
    })
}

/// `split` tells what stays of the values from the one that is typed.
fn assignments(typed: &OsStr, split: impl Fn(&str) -> (String, String)) -> Vec<CompletionCandidate> {
    let Some(typed) = typed.to_str() else { return Vec::new() };
    let Some((path, value)) = typed.split_once('=') else {
        let all = keys::all().into_iter().filter(|key| key.path().starts_with(typed));
        return all
            .map(|key| CompletionCandidate::new(format!("{}=", key.path())).help(Some(key.short().into())))
            .collect();
    };
    let (before, last) = split(value);
    let words = keys::find(path).map(values).unwrap_or_default();
    let fitting = words.into_iter().filter(|word| word.starts_with(&last));
    fitting.map(|word| CompletionCandidate::new(format!("{path}={before}{word}"))).collect()
}

/// The words that a key chooses between; its default where it is no choice between words.
fn values(key: &dyn AnyKey) -> Vec<String> {
    let words: Vec<String> = match key.path() {
        "data.source" => data_sets().map(str::to_owned).to_vec(),
        _ => key.words().into_iter().map(str::to_owned).collect(),
    };
    let default = key.default_value();
    match default {
        _ if !words.is_empty() => words,
        toml::Value::Boolean(_) => vec!["true".to_owned(), "false".to_owned()],
        toml::Value::Integer(_) | toml::Value::Float(_) => vec![default.to_string()],
        _ => Vec::new(),
    }
}

fn together(mut one: Vec<CompletionCandidate>, other: Vec<CompletionCandidate>) -> Vec<CompletionCandidate> {
    one.extend(other);
    one
}

fn words<'a>(typed: &OsStr, known: impl IntoIterator<Item = &'a str>) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    known.into_iter().filter(|word| word.starts_with(&*typed)).map(CompletionCandidate::new).collect()
}

/// Folders, and files that end in one of these.
fn files(typed: &OsStr, endings: &'static [&'static str]) -> Vec<CompletionCandidate> {
    let ends_so = |path: &Path| path.extension().is_some_and(|ending| endings.iter().any(|known| ending == *known));
    paths(&PathCompleter::any().filter(move |path: &Path| path.is_dir() || ends_so(path)), typed)
}

/// What the completer finds, without the folder itself.
fn paths(completer: &PathCompleter, typed: &OsStr) -> Vec<CompletionCandidate> {
    let mut found = completer.complete(typed);
    found.retain(|candidate| candidate.get_value() != ".");
    found
}
