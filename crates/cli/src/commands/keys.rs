//! `bmae keys`.

use std::fmt::Write as _;

use bmae_output::plain::plain;
use bmae_output::shell::quoted;
use bmae_recipe::key_search::{every_key, hint, in_presets, search};
use bmae_recipe::{AnyKey, MethodName, Stage};
use serde_json::{Value, json};

use crate::arguments::Keys;
use crate::ending::Ending;
use crate::output::Output;
use crate::terminal;

/// Columns between those of the list.
const GAP: usize = 2;
/// A default that is longer takes no column of its own width for all.
const WIDEST_DEFAULT: usize = 14;

/// Lists the keys that the words find, or tells all about the only one.
pub fn run(arguments: &Keys, output: &Output) -> Result<(), Ending> {
    let word = arguments.words.join(" ");
    let found = if word.is_empty() { every_key() } else { search(&word) };
    let text = match found.as_slice() {
        [] => {
            let message = format!(
                "no key has \"{}\" in its name or its description: {} (`bmae keys` lists all)",
                plain(&word),
                hint(&word)
            );
            return Err(Ending::Usage(message.into()));
        }
        [key] => whole(*key, terminal::columns()),
        keys => list(keys, terminal::columns()),
    };
    let json: Vec<Value> = found.iter().map(|key| as_json(*key)).collect();
    Ok(output.result(&text, &json.into())?)
}

/// One line for each key, or several where its description needs them, below the name of its section.
fn list(keys: &[&'static dyn AnyKey], columns: usize) -> String {
    let widest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
    let names = widest(&mut keys.iter().map(|key| key.name().chars().count()));
    let defaults = widest(&mut keys.iter().map(|key| default(*key).chars().count().min(WIDEST_DEFAULT)));
    let before = GAP + names + GAP + defaults + GAP;
    // Where little is left beside the columns, the description goes below them.
    let is_narrow = columns < before + 30;
    let (indent, room) = if is_narrow { (2 * GAP, columns - 2 * GAP) } else { (before, columns - before) };
    let mut text = String::new();
    let mut section = None;
    for key in keys {
        let own = section_of(*key);
        if section.as_ref() != Some(&own) {
            let gap = if section.is_some() { "\n" } else { "" };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{gap}{own}");
            section = Some(own);
        }
        // Where there are no columns, there is nothing to line up.
        let (names, defaults) = if is_narrow { (0, 0) } else { (names, defaults) };
        let mut line = format!("{:GAP$}{:<names$}{:GAP$}{:<defaults$}", "", key.name(), "", default(*key));
        if is_narrow || line.chars().count() + GAP > before {
            let _ = writeln!(text, "{}", line.trim_end());
            line = String::new();
        }
        for part in wrapped(&[key.short()], room) {
            let _ = writeln!(text, "{line:<indent$}{part}");
            line.clear();
        }
    }
    if let Some(first) = keys.first() {
        let _ = writeln!(text, "\nAll about one: bmae keys {}", first.path());
    }
    text
}

/// Everything that there is to say of a key.
fn whole(key: &'static dyn AnyKey, columns: usize) -> String {
    let mut rows = vec![("default", default(key)), ("allowed", key.allowed())];
    let presets: Vec<String> = in_presets(key.path()).iter().map(|(name, value)| format!("{name} {value}")).collect();
    if !presets.is_empty() {
        rows.push(("presets", presets.join(", ")));
    }
    let stages: Vec<&str> = key.stages().iter().map(|stage| stage.words()).collect();
    let by = if stages.len() == Stage::ALL.len() { "every stage".to_owned() } else { stages.join(", ") };
    rows.push(("read by", by));
    if key.methods().len() < MethodName::VARIANTS.len() {
        let methods: Vec<String> = key.methods().iter().map(ToString::to_string).collect();
        rows.push(("methods", methods.join(", ")));
    }
    if let Some(set) = how_to_set(key) {
        rows.push(("to set it", set));
    }
    let mut text = format!("{}\n", key.path());
    for part in wrapped(&[key.short(), key.long()], columns - GAP) {
        let _ = writeln!(text, "{:GAP$}{part}", "");
    }
    text.push('\n');
    let indent = GAP + "to set it".len() + GAP;
    for (name, value) in rows {
        let mut name = format!("{:GAP$}{name}", "");
        for part in wrapped(&[&value], columns - indent) {
            let _ = writeln!(text, "{name:<indent$}{part}");
            name.clear();
        }
    }
    text
}

/// As a command line says it; keys of a list are set with their list.
fn how_to_set(key: &dyn AnyKey) -> Option<String> {
    let path = key.path();
    let is_in_a_list = path.starts_with("method.targets.") || path.starts_with("runs.");
    let value = in_presets(path).into_iter().next().map_or_else(|| key.default_value(), |(_, value)| value);
    (!is_in_a_list && path != "data.root").then(|| match value {
        toml::Value::String(word) => format!("--set {path}={word}"),
        value => format!("--set {path}={}", quoted(value.to_string())),
    })
}

fn section_of(key: &dyn AnyKey) -> String {
    match key.path().rsplit_once('.') {
        Some((list @ ("method.targets" | "runs"), _)) => format!("[[{list}]]"),
        Some((section, _)) => format!("[{section}]"),
        None => "above all sections".to_owned(),
    }
}

/// The default, in words where it depends on the machine or on other keys.
fn default(key: &dyn AnyKey) -> String {
    match key.path() {
        "data.root" => "the cache folder".to_owned(),
        "method.targets.tau_end" => "tau".to_owned(),
        "runs.name" => "the method's".to_owned(),
        _ => key.default_value().to_string(),
    }
}

fn as_json(key: &'static dyn AnyKey) -> Value {
    let json = |value: &toml::Value| serde_json::to_value(value).unwrap_or(Value::Null);
    let presets: serde_json::Map<String, Value> =
        in_presets(key.path()).iter().map(|(name, value)| ((*name).to_owned(), json(value))).collect();
    json!({
        "key": key.path(),
        "default": json(&key.default_value()),
        "allowed": key.allowed(),
        "short": key.short(),
        "long": key.long(),
        "stages": key.stages().iter().map(|stage| stage.section()).collect::<Vec<_>>(),
        "methods": key.methods().iter().map(ToString::to_string).collect::<Vec<_>>(),
        "presets": presets,
    })
}

/// The sentences in lines of at most `columns`; a word that is longer has a line of its own.
fn wrapped(sentences: &[&str], columns: usize) -> Vec<String> {
    let whole: Vec<&str> = sentences.iter().copied().filter(|text| !text.is_empty()).collect();
    let mut lines = vec![String::new()];
    for word in whole.join(". ").split_whitespace() {
        let line = lines
            .last_mut()
            .filter(|line| line.is_empty() || line.chars().count() + 1 + word.chars().count() <= columns);
        match line {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_fits_any_terminal_and_has_every_key() {
        for columns in [40, 60, 80, 100, 120] {
            let text = list(&every_key(), columns);
            let widest = text.lines().max_by_key(|line| line.chars().count()).unwrap_or_default();
            assert!(widest.chars().count() <= columns, "{columns}: {widest}");
            for key in every_key() {
                assert!(text.contains(&format!("  {}", key.name())), "{}", key.path());
                let words = key.short().split_whitespace();
                assert!(words.clone().all(|word| text.contains(word)), "{}", key.path());
            }
        }
    }

    #[test]
    fn all_about_a_key_is_what_its_definition_says() {
        for key in every_key() {
            let text = whole(key, 80).split_whitespace().collect::<Vec<_>>().join(" ");
            for part in [key.path(), key.short(), &key.allowed()] {
                let part = part.split_whitespace().collect::<Vec<_>>().join(" ");
                assert!(text.contains(&part), "{part} in {text}");
            }
        }
        let text = whole(search("pretrain.base_lr")[0], 80);
        assert!(text.contains("presets    quick 0.003, mini 0.002, paper 0.001"), "{text}");
        assert!(text.contains("--set pretrain.base_lr=0.003"), "{text}");
    }
}
