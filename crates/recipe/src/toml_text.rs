//! A TOML document that is written from top to bottom.

use std::fmt::Write as _;

use super::key::{AnyKey, Key, KeyValue};

/// What was written so far.
#[derive(Default)]
pub(crate) struct TomlText {
    /// The document.
    pub(crate) text: String,
}

impl TomlText {
    /// Begins the section with this heading, brackets included.
    pub(crate) fn section(&mut self, heading: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "\n{heading}");
    }

    /// A key with its value.
    pub(crate) fn put<T: KeyValue>(&mut self, key: &Key<T>, value: &T) {
        self.put_as(key.name(), value);
    }

    /// A key that goes by another name here.
    pub(crate) fn put_as<T: KeyValue>(&mut self, name: &str, value: &T) {
        let _ = writeln!(self.text, "{name} = {}", value.write());
    }

    /// A key that need not have a value.
    pub(crate) fn put_given<T: KeyValue>(&mut self, key: &Key<T>, value: Option<T>) {
        if let Some(value) = value {
            self.put(key, &value);
        }
    }
}
