//! Some keys of a recipe with their values: what was given, before defaults.

use std::collections::BTreeMap;

use toml::Value;

use super::key::{AnyKey, Key, KeyValue};

/// Keys with values of the right type and range; anything may be absent.
#[derive(Clone, Debug, Default)]
pub(crate) struct GivenKeys {
    values: BTreeMap<&'static str, Value>,
    /// The tables of `[[method.targets]]`, if any were given.
    pub(crate) targets: Option<Vec<GivenKeys>>,
    /// The tables of `[[runs]]`, if any were given.
    pub(crate) runs: Option<Vec<GivenKeys>>,
}

impl GivenKeys {
    /// Lays `over` over these keys: its values hold where both have one. Lists are replaced as a whole.
    pub(crate) fn lay(&mut self, over: &GivenKeys) {
        self.values.extend(over.values.iter().map(|(path, value)| (*path, value.clone())));
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

    /// Gives `key` this value; whether it accepts it.
    pub(crate) fn try_set(&mut self, key: &'static dyn AnyKey, value: &Value) -> bool {
        let accepted = key.accepts(value);
        if accepted {
            self.values.insert(key.path(), value.clone());
        }
        accepted
    }

    /// The tables of `[[runs]]`; none where none were given.
    pub(crate) fn runs(&self) -> &[GivenKeys] {
        self.runs.as_deref().unwrap_or_default()
    }
}
