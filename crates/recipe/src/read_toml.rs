//! From TOML to the keys that it gives: a recipe file, or the value of a single key. Reading has no side effect.

use toml::{Table, Value};

use super::error::{Place, RecipeError};
use super::given::GivenKeys;
use super::key::AnyKey;
use super::keys::{self, RUNS, TARGETS};
use super::meanings::meant_word;
use super::sections::target::TargetRecipe;
use super::suggestion::did_you_mean;

/// A TOML document. Every key is checked, whether or not a later layer overrides it.
pub(crate) fn document(text: &str, place: &Place) -> Result<GivenKeys, RecipeError> {
    let table: Table = toml::from_str(text).map_err(|error| {
        let line = error.span().and_then(|span| text.get(..span.start));
        RecipeError::Syntax {
            place: place.clone(),
            line: line.map_or(String::new(), |before| format!(" at line {}", before.matches('\n').count() + 1)),
            message: error.message().replace('\n', " "),
        }
    })?;
    let mut given = GivenKeys::default();
    for (name, value) in &table {
        read(&mut given, name, value, place)?;
    }
    Ok(given)
}

/// One key, or a section as a table.
pub(crate) fn value(path: &str, value: &Value, place: &Place) -> Result<GivenKeys, RecipeError> {
    let mut given = GivenKeys::default();
    read(&mut given, path, value, place)?;
    Ok(given)
}

fn read(given: &mut GivenKeys, path: &str, value: &Value, place: &Place) -> Result<(), RecipeError> {
    match path {
        TARGETS => {
            given.targets = Some(tables(TARGETS, value, place, target)?);
            given.place_list(TARGETS, place);
            return Ok(());
        }
        RUNS => {
            given.runs = Some(tables(RUNS, value, place, run)?);
            return Ok(());
        }
        _ => {}
    }
    if let Some(key) = keys::find(path) {
        return store(given, key, value, place);
    }
    for list in [TARGETS, RUNS] {
        if path.starts_with(&format!("{list}.")) {
            return Err(list_error(list, path, place));
        }
    }
    let Some(first) = keys::at(path).first().copied() else {
        return Err(unknown(path, place, &keys::paths()));
    };
    let Some(table) = value.as_table() else {
        let example = first.path().to_owned();
        return Err(RecipeError::Section { key: path.to_owned(), place: place.clone(), example });
    };
    for (name, value) in table {
        read(given, &format!("{path}.{name}"), value, place)?;
    }
    Ok(())
}

fn target(table: &Table, place: &Place) -> Result<GivenKeys, RecipeError> {
    let known = keys::of_targets();
    let mut given = GivenKeys::default();
    for (name, value) in table {
        let path = format!("{TARGETS}.{name}");
        match known.iter().find(|key| key.path() == path) {
            Some(key) => store(&mut given, *key, value, place)?,
            None => return Err(unknown(&path, place, &paths(&known))),
        }
    }
    TargetRecipe::check(&given, place)?;
    Ok(given)
}

fn run(table: &Table, place: &Place) -> Result<GivenKeys, RecipeError> {
    let known = keys::of_runs();
    let mut given = GivenKeys::default();
    for (name, value) in table {
        if name == "targets" {
            given.targets = Some(tables(TARGETS, value, place, target)?);
            continue;
        }
        match known.iter().find(|key| name_in_a_run(key.path()) == name) {
            Some(key) => store(&mut given, *key, value, place)?,
            None => {
                let inside: Vec<String> =
                    known.iter().map(|key| format!("{RUNS}.{}", name_in_a_run(key.path()))).collect();
                let inside: Vec<&str> = inside.iter().map(String::as_str).collect();
                return Err(unknown(&format!("{RUNS}.{name}"), place, &inside));
            }
        }
    }
    Ok(given)
}

/// The name under which a run gives a key: a run's `name` is its own, so its method goes by `method`.
fn name_in_a_run(path: &str) -> &str {
    match path {
        "method.name" => "method",
        _ => path.rsplit('.').next().unwrap_or(path),
    }
}

fn store(given: &mut GivenKeys, key: &'static dyn AnyKey, value: &Value, place: &Place) -> Result<(), RecipeError> {
    match given.try_set(key, value, place) {
        true => Ok(()),
        false => Err(RecipeError::Value {
            key: key.path().to_owned(),
            place: place.clone(),
            found: describe(value).into(),
            allowed: key.allowed().into(),
            hint: value_hint(key, value).into(),
        }),
    }
}

/// Reads a list of tables with `read`, or says how such a list is written.
fn tables(
    path: &'static str,
    value: &Value,
    place: &Place,
    read: impl Fn(&Table, &Place) -> Result<GivenKeys, RecipeError>,
) -> Result<Vec<GivenKeys>, RecipeError> {
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
    let hint = keys::unknown_key_hint(path, known, None);
    RecipeError::UnknownKey { key: path.to_owned(), place: place.clone(), hint }
}

/// `; did you mean "mae-k"?`, or nothing: for a word that is none of those that `key` chooses between, and for a number or
/// a truth that was written as a word.
fn value_hint(key: &dyn AnyKey, value: &Value) -> String {
    let Some(text) = value.as_str() else { return String::new() };
    let words = key.words();
    let truth = match text.to_ascii_lowercase().as_str() {
        "yes" | "on" | "true" => Some(Value::Boolean(true)),
        "no" | "off" | "false" => Some(Value::Boolean(false)),
        _ => None,
    };
    let meant = match (words.is_empty(), truth.filter(|truth| key.accepts(truth))) {
        (false, _) => meant_word(text, &words).map(|word| format!("\"{word}\"")),
        (true, Some(truth)) => Some(truth.to_string()),
        (true, None) => {
            let value = text.parse::<Value>().ok().or_else(|| pair(text));
            value.filter(|value| key.accepts(value)).map(|value| value.to_string())
        }
    };
    did_you_mean(meant.as_deref())
}

/// `[64, 32]` for `64x32`, as sizes are often written.
fn pair(text: &str) -> Option<Value> {
    let (first, second) = text.split_once(['x', '×'])?;
    let number = |text: &str| text.trim().parse::<u32>().ok();
    format!("[{}, {}]", number(first)?, number(second)?).parse().ok()
}

fn paths(keys: &[&'static dyn AnyKey]) -> Vec<&'static str> {
    keys.iter().map(|key| key.path()).collect()
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
