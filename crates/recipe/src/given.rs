//! Some keys of a recipe with their values: what was given, before defaults.

use std::collections::BTreeMap;

use toml::Value;

use super::error::Place;
use super::key::{AnyKey, Key, KeyValue};

/// Keys with values of the right type and range; anything may be absent.
#[derive(Clone, Debug, Default)]
pub(crate) struct GivenKeys {
    values: BTreeMap<&'static str, Value>,
    /// Where each of them was given.
    places: BTreeMap<&'static str, Place>,
    /// The tables of `[[method.targets]]`, if any were given.
    pub(crate) targets: Option<Vec<GivenKeys>>,
    /// The tables of `[[runs]]`, if any were given.
    pub(crate) runs: Option<Vec<GivenKeys>>,
}

impl GivenKeys {
    /// Lays `over` over these keys: its values hold where both have one. Lists are replaced as a whole.
    pub(crate) fn lay(&mut self, over: &GivenKeys) {
        self.values.extend(over.values.iter().map(|(path, value)| (*path, value.clone())));
        self.places.extend(over.places.iter().map(|(path, place)| (*path, place.clone())));
        if over.targets.is_some() {
            self.targets.clone_from(&over.targets);
        }
        if over.runs.is_some() {
            self.runs.clone_from(&over.runs);
        }
    }

    /// Keeps only these keys and the keys of these sections, and no `[[runs]]`.
    pub(crate) fn keep(&mut self, wanted: &[&str]) {
        let kept = |path: &str| wanted.iter().any(|wanted| path == *wanted || path.split('.').next() == Some(wanted));
        self.values.retain(|path, _| kept(path));
        self.targets = self.targets.take().filter(|_| kept("method.targets"));
        self.runs = None;
    }

    /// Forgets what was given for these keys.
    pub(crate) fn forget(&mut self, paths: &[&str]) {
        self.values.retain(|path, _| !paths.contains(path));
        self.places.retain(|path, _| !paths.contains(path));
    }

    /// The value that was given for `key`.
    pub(crate) fn given<T: KeyValue>(&self, key: &Key<T>) -> Option<T> {
        // Only values that their key accepts are ever stored.
        self.values.get(key.path()).and_then(|value| key.read(value))
    }

    /// The value that was given for the key `path`.
    pub(crate) fn value(&self, path: &str) -> Option<&Value> {
        self.values.get(path)
    }

    /// The value of `key`: what was given, else its default.
    pub(crate) fn get<T: KeyValue>(&self, key: &Key<T>) -> T {
        self.given(key).unwrap_or_else(|| key.default())
    }

    /// Gives `key` this value.
    pub(crate) fn set<T: KeyValue>(&mut self, key: &Key<T>, value: &T) {
        self.values.insert(key.path(), value.write());
    }

    /// Gives `key` this value, from `place`; whether it accepts it.
    pub(crate) fn try_set(&mut self, key: &'static dyn AnyKey, value: &Value, place: &Place) -> bool {
        let accepted = key.accepts(value);
        if accepted {
            self.values.insert(key.path(), value.clone());
            self.places.insert(key.path(), place.clone());
        }
        accepted
    }

    /// Where each key was given, by its path.
    pub(crate) fn places(&self) -> &BTreeMap<&'static str, Place> {
        &self.places
    }

    /// Notes that the list at `path` was given at `place`.
    pub(crate) fn place_list(&mut self, path: &'static str, place: &Place) {
        self.places.insert(path, place.clone());
    }

    /// Changes the text that was given for the key at `path`, if one was.
    pub(crate) fn change_text(&mut self, path: &str, change: impl FnOnce(&str) -> String) {
        if let Some(Value::String(text)) = self.values.get_mut(path) {
            *text = change(text);
        }
    }

    /// The tables of `[[runs]]`; none where none were given.
    pub(crate) fn runs(&self) -> &[GivenKeys] {
        self.runs.as_deref().unwrap_or_default()
    }
}
