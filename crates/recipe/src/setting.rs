//! One key as it is given beside a recipe file.

use toml::Value;

use super::error::{Place, RecipeError};

/// A key with the value that it is given, and the place that errors and warnings quote.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The key's path, such as `method.tau`, or that of a section whose value is a table.
    pub path: String,
    /// Its value.
    pub value: Value,
    /// What the user knows as its place, such as the option that gave it.
    pub place: String,
}

impl Setting {
    /// Reads `key.path=value`, where the value is TOML and a bare word a string.
    ///
    /// # Errors
    /// Without a key or an equals sign, and where what opens a string, list or table is none.
    pub fn parse(assignment: &str, place: String) -> Result<Setting, RecipeError> {
        let parts = assignment.split_once('=').map(|(path, text)| (path.trim(), text.trim()));
        let Some((path, text)) = parts.filter(|(path, _)| !path.is_empty()) else {
            return Err(RecipeError::NotAnAssignment { place });
        };
        let value = match text.parse::<Value>() {
            Ok(value) => value,
            // What opens a string, list or table meant one; everything else is a bare word, paths with spaces too.
            Err(error) if text.is_empty() || text.starts_with(['"', '\'', '[', '{']) => {
                let message = error.message().replace('\n', " ");
                return Err(RecipeError::Syntax { place: Place::Given(place), line: String::new(), message });
            }
            Err(_) => Value::String(text.to_owned()),
        };
        Ok(Setting { path: path.to_owned(), value, place })
    }
}
