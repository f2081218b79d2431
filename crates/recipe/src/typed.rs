//! A recipe as it was typed: some keys, each with its value and the place it came from. Reading it has no side effect.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::error::{Place, RecipeError};
use super::keys::{self, AnyKey, Key, KeyValue, RUNS, TARGETS};

/// Keys with values of the right type and range; anything may be absent.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    values: BTreeMap<&'static str, Value>,
    targets: Option<Vec<Typed>>,
    runs: Option<Vec<Typed>>,
}

impl Typed {
    /// Reads a TOML document. Every key is checked, whether or not a later layer overrides it.
    pub(super) fn from_text(text: &str, place: &Place) -> Result<Typed, RecipeError> {
        let table: Table = toml::from_str(text).map_err(|error| {
            let line = error.span().and_then(|span| text.get(..span.start));
            RecipeError::Syntax {
                place: place.clone(),
                line: line.map_or(String::new(), |before| format!(" at line {}", before.matches('\n').count() + 1)),
                message: error.message().replace('\n', " "),
            }
        })?;
        let mut typed = Typed::default();
        for (name, value) in &table {
            typed.read(name, value, place)?;
        }
        Ok(typed)
    }

    /// Reads the argument of one `--set`: `key.path=value`, where the value is TOML and a bare word a string.
    pub(super) fn from_assignment(argument: &str) -> Result<Typed, RecipeError> {
        let not_an_assignment = || RecipeError::NotAnAssignment { argument: argument.to_owned() };
        let (path, text) = argument.split_once('=').ok_or_else(not_an_assignment)?;
        let (path, text) = (path.trim(), text.trim());
        if path.is_empty() {
            return Err(not_an_assignment());
        }
        let place = Place::Set(argument.to_owned());
        let value = match text.parse::<Value>() {
            Ok(value) => value,
            // What opens a string, list or table meant one; everything else is a bare word, paths with spaces too.
            Err(error) if text.is_empty() || text.starts_with(['"', '\'', '[', '{']) => {
                let message = error.message().replace('\n', " ");
                return Err(RecipeError::Syntax { place, line: String::new(), message });
            }
            Err(_) => Value::String(text.to_owned()),
        };
        Typed::from_value(path, &value, &place)
    }

    /// One key, or a section as a table.
    pub(super) fn from_value(path: &str, value: &Value, place: &Place) -> Result<Typed, RecipeError> {
        let mut typed = Typed::default();
        typed.read(path, value, place)?;
        Ok(typed)
    }

    /// Lays `over` over these keys: its values hold where both have one. Lists are replaced as a whole.
    pub(super) fn lay(&mut self, over: &Typed) {
        self.values.extend(over.values.iter().map(|(path, value)| (*path, value.clone())));
        if over.targets.is_some() {
            self.targets.clone_from(&over.targets);
        }
        if over.runs.is_some() {
            self.runs.clone_from(&over.runs);
        }
    }

    /// Keeps only the keys of `[data]` and `[model]`, and with `method` of `[method]`: what is taken over from a run.
    pub(super) fn keep_what_is_taken_over(&mut self, method: bool) {
        let taken = |path: &str| ["data.", "model."].iter().any(|section| path.starts_with(section));
        self.values.retain(|path, _| taken(path) || (method && path.starts_with("method.")));
        if !method {
            self.targets = None;
        }
        self.runs = None;
    }

    /// The value that was given for `key`.
    pub(super) fn given<T: KeyValue>(&self, key: &Key<T>) -> Option<T> {
        // Only values that their key accepts are ever stored.
        self.values.get(key.path()).and_then(|value| key.read(value))
    }

    /// The value of `key`: what was given, else its default.
    pub(super) fn get<T: KeyValue>(&self, key: &Key<T>) -> T {
        self.given(key).unwrap_or_else(|| key.default())
    }

    /// Gives `key` this value.
    pub(super) fn set<T: KeyValue>(&mut self, key: &Key<T>, value: &T) {
        self.values.insert(key.path(), value.write());
    }

    /// The tables of `[[method.targets]]`, if any were given.
    pub(super) fn targets(&self) -> Option<&[Typed]> {
        self.targets.as_deref()
    }

    /// The tables of `[[runs]]`; none where none were given.
    pub(super) fn runs(&self) -> &[Typed] {
        self.runs.as_deref().unwrap_or_default()
    }

    fn read(&mut self, path: &str, value: &Value, place: &Place) -> Result<(), RecipeError> {
        match path {
            TARGETS => {
                self.targets = Some(tables(TARGETS, value, place, Typed::from_target)?);
                return Ok(());
            }
            RUNS => {
                self.runs = Some(tables(RUNS, value, place, Typed::from_run)?);
                return Ok(());
            }
            _ => {}
        }
        let known = keys::all();
        if let Some(key) = keys::find(&known, path) {
            return self.store(key, value, place);
        }
        if keys::is_section(path) {
            let Some(table) = value.as_table() else {
                let inside = known.iter().find(|key| key.path().starts_with(&format!("{path}.")));
                return Err(RecipeError::Section {
                    key: path.to_owned(),
                    place: place.clone(),
                    example: inside.map_or(path, |key| key.path()).to_owned(),
                });
            };
            for (name, value) in table {
                self.read(&format!("{path}.{name}"), value, place)?;
            }
            return Ok(());
        }
        for list in [TARGETS, RUNS] {
            if path.starts_with(&format!("{list}.")) {
                return Err(list_error(list, path, place));
            }
        }
        let mut paths: Vec<&str> = known.iter().map(|key| key.path()).collect();
        paths.extend([TARGETS, RUNS]);
        Err(unknown(path, place, &paths))
    }

    fn from_target(table: &Table, place: &Place) -> Result<Typed, RecipeError> {
        let known = keys::of_a_target();
        let mut typed = Typed::default();
        for (name, value) in table {
            let path = format!("{TARGETS}.{name}");
            match keys::find(&known, &path) {
                Some(key) => typed.store(key, value, place)?,
                None => {
                    let paths: Vec<&str> = known.iter().map(|key| key.path()).collect();
                    return Err(unknown(&path, place, &paths));
                }
            }
        }
        Ok(typed)
    }

    fn from_run(table: &Table, place: &Place) -> Result<Typed, RecipeError> {
        let known = keys::of_a_run();
        let mut typed = Typed::default();
        for (name, value) in table {
            if name == "targets" {
                typed.targets = Some(tables(TARGETS, value, place, Typed::from_target)?);
                continue;
            }
            let path = match name.as_str() {
                "name" => format!("{RUNS}.name"),
                // A run's `name` is its own, so its method goes by `method`.
                "method" => keys::method::NAME.path().to_owned(),
                _ => format!("method.{name}"),
            };
            match keys::find(&known, &path) {
                Some(key) => typed.store(key, value, place)?,
                None => {
                    let inside: Vec<String> = known.iter().map(|key| path_in_a_run(key.path())).collect();
                    let inside: Vec<&str> = inside.iter().map(String::as_str).collect();
                    return Err(unknown(&format!("{RUNS}.{name}"), place, &inside));
                }
            }
        }
        Ok(typed)
    }

    fn store(&mut self, key: &'static dyn AnyKey, value: &Value, place: &Place) -> Result<(), RecipeError> {
        if !key.accepts(value) {
            return Err(RecipeError::Value {
                key: key.path().to_owned(),
                place: place.clone(),
                found: describe(value),
                allowed: key.allowed(),
            });
        }
        self.values.insert(key.path(), value.clone());
        Ok(())
    }
}

/// Reads a list of tables with `read`, or says how such a list is written.
fn tables(
    path: &'static str,
    value: &Value,
    place: &Place,
    read: impl Fn(&Table, &Place) -> Result<Typed, RecipeError>,
) -> Result<Vec<Typed>, RecipeError> {
    let list = value.as_array().ok_or_else(|| list_error(path, path, place))?;
    let table = |entry: &Value| match entry.as_table() {
        Some(table) => read(table, place),
        None => Err(list_error(path, path, place)),
    };
    list.iter().map(table).collect()
}

fn list_error(list: &'static str, path: &str, place: &Place) -> RecipeError {
    let example = match list {
        TARGETS => "method.targets=[{weight=1, update=\"ema\", tau=0.1}]",
        _ => "runs=[{name=\"mae\"}, {name=\"mae-k\", k=10}]",
    };
    RecipeError::List { key: path.to_owned(), place: place.clone(), example }
}

fn unknown(path: &str, place: &Place, known: &[&str]) -> RecipeError {
    RecipeError::UnknownKey { key: path.to_owned(), place: place.clone(), hint: keys::unknown_key_hint(path, known) }
}

/// The path under which a run names a key.
fn path_in_a_run(path: &str) -> String {
    match path {
        "method.name" => format!("{RUNS}.method"),
        _ => match path.strip_prefix("method.") {
            Some(name) => format!("{RUNS}.{name}"),
            None => path.to_owned(),
        },
    }
}

/// The value as an error names it: with its type where it could be mistaken.
fn describe(value: &Value) -> String {
    match value {
        Value::String(text) => format!("the string \"{text}\""),
        Value::Array(_) => format!("the list {value}"),
        Value::Table(_) => "a table".to_owned(),
        Value::Datetime(_) => format!("the date {value}"),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) => value.to_string(),
    }
}
