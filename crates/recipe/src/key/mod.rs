//! What a key is: a path, a type with its range, a default, two descriptions, and who reads it.

mod range;
mod value;

use toml::Value;

use crate::choices::MethodName;
use crate::stage::Stage;

pub(crate) use range::{Count, Number, TextRange};
pub use value::KeyValue;

/// The one definition of a recipe key whose checked value is a `T`.
pub struct Key<T: KeyValue> {
    pub(crate) path: &'static str,
    pub(crate) range: T::Range,
    pub(crate) default: fn() -> T,
    pub(crate) short: &'static str,
    pub(crate) long: &'static str,
    pub(crate) stages: &'static [Stage],
    pub(crate) methods: &'static [MethodName],
}

/// A key of any type, for whoever goes through all of them.
pub trait AnyKey: Sync {
    /// Its dotted path from the top of the recipe, such as `pretrain.epochs`.
    fn path(&self) -> &'static str;
    /// What it means, in a few words.
    fn short(&self) -> &'static str;
    /// What there is to know beyond that; empty where the short description says it all.
    fn long(&self) -> &'static str;
    /// The values it may have, as it reads after "must be".
    fn allowed(&self) -> String;
    /// The words that it chooses between; none where its value is no choice between words.
    fn words(&self) -> Vec<&'static str>;
    /// The value it has where nothing gives one.
    fn default_value(&self) -> Value;
    /// Whether `value` is of its type and within its range.
    fn accepts(&self, value: &Value) -> bool;
    /// The stages that read it: what they compute, log or write in `run.toml` depends on it. That an evaluation begins
    /// with the weights of a pre-training does not count.
    fn stages(&self) -> &'static [Stage];
    /// The methods that read it.
    fn methods(&self) -> &'static [MethodName];

    /// Whether anything depends on it that a finished run leaves. Where nothing does, it may change between two sessions.
    fn changes_run(&self) -> bool {
        self.name() != "checkpoint_minutes"
    }

    /// Whether the weights of a stage that reads it depend on it: those in `[knn]` and `[monitor]` measure and draw, and so
    /// do those that choose the test images.
    fn changes_weights(&self) -> bool {
        let measures = ["knn.", "monitor."].iter().any(|section| self.path().starts_with(section));
        let chooses_test_images = matches!(self.path(), "data.test_limit" | "data.shapes_test");
        self.changes_run() && !measures && !chooses_test_images
    }

    /// Its name within its section, such as `epochs`.
    fn name(&self) -> &'static str {
        self.path().rsplit('.').next().unwrap_or_default()
    }
}

impl<T: KeyValue> Key<T> {
    /// The value where nothing gives one.
    pub fn default(&self) -> T {
        (self.default)()
    }

    /// The checked value of this key; `None` where type or range does not fit.
    pub fn read(&self, value: &Value) -> Option<T> {
        T::read(value, &self.range)
    }
}

impl<T: KeyValue> AnyKey for Key<T> {
    fn path(&self) -> &'static str {
        self.path
    }
    fn short(&self) -> &'static str {
        self.short
    }
    fn long(&self) -> &'static str {
        self.long
    }
    fn allowed(&self) -> String {
        T::allowed(&self.range)
    }
    fn words(&self) -> Vec<&'static str> {
        T::words()
    }
    fn default_value(&self) -> Value {
        self.default().write()
    }
    fn accepts(&self, value: &Value) -> bool {
        self.read(value).is_some()
    }
    fn stages(&self) -> &'static [Stage] {
        self.stages
    }
    fn methods(&self) -> &'static [MethodName] {
        self.methods
    }
}
