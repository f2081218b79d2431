//! What a key is: a path, a type with its range, a default and two descriptions.

use toml::Value;

use crate::choices::{
    Augmentation, Choice, CopyAt, EmaUnit, Feature, FeatureHead, MethodName, Pooling, Ramp, ScratchInit,
    TargetNormalisation, UpdateKind,
};

/// The one definition of a recipe key whose checked value is a `T`.
pub struct Key<T: KeyValue> {
    pub(super) path: &'static str,
    pub(super) range: T::Range,
    pub(super) default: fn() -> T,
    pub(super) short: &'static str,
    pub(super) long: &'static str,
}

/// A type that a recipe key may have.
pub trait KeyValue: Sized + 'static {
    /// What limits it.
    type Range: Sync + 'static;

    /// What is allowed, as it reads after "must be".
    fn allowed(range: &Self::Range) -> String;

    /// The checked value; `None` where the type or the range does not fit.
    fn read(value: &Value, range: &Self::Range) -> Option<Self>;

    /// The value as TOML, which [`KeyValue::read`] reads back equal.
    fn write(&self) -> Value;
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
    /// The value it has where nothing gives one.
    fn default_value(&self) -> Value;
    /// Whether `value` is of its type and within its range.
    fn accepts(&self, value: &Value) -> bool;
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
    fn default_value(&self) -> Value {
        self.default().write()
    }
    fn accepts(&self, value: &Value) -> bool {
        self.read(value).is_some()
    }
}

/// A range of whole numbers, both ends included.
pub struct Count {
    pub(super) least: u64,
    pub(super) most: u64,
}

impl Count {
    /// `least` and everything above that a TOML integer can say.
    pub(super) const fn from(least: u64) -> Self {
        Count { least, most: i64::MAX as u64 }
    }

    /// `least` to `most`.
    pub(super) const fn between(least: u64, most: u64) -> Self {
        Count { least, most }
    }

    fn read(&self, value: &Value) -> Option<u64> {
        let count = u64::try_from(value.as_integer()?).ok()?;
        (self.least..=self.most).contains(&count).then_some(count)
    }

    fn describe(&self) -> String {
        if self.most == i64::MAX as u64 {
            format!("a whole number of at least {}", self.least)
        } else {
            format!("a whole number from {} to {}", self.least, self.most)
        }
    }
}

impl KeyValue for usize {
    type Range = Count;
    fn allowed(range: &Count) -> String {
        range.describe()
    }
    fn read(value: &Value, range: &Count) -> Option<usize> {
        usize::try_from(range.read(value)?).ok()
    }
    fn write(&self) -> Value {
        (*self as u64).write()
    }
}

impl KeyValue for u64 {
    type Range = Count;
    fn allowed(range: &Count) -> String {
        range.describe()
    }
    fn read(value: &Value, range: &Count) -> Option<u64> {
        range.read(value)
    }
    fn write(&self) -> Value {
        // No count beyond i64::MAX passes `read`.
        Value::Integer(i64::try_from(*self).unwrap_or(i64::MAX))
    }
}

/// A range of finite numbers, either end included or not.
pub struct Number {
    least: f64,
    most: f64,
    without_least: bool,
    without_most: bool,
    or_zero: bool,
}

impl Number {
    /// `least` to `most`, both included; `most` may be infinite.
    pub(super) const fn between(least: f64, most: f64) -> Self {
        Number { least, most, without_least: false, without_most: false, or_zero: false }
    }

    /// The same range without its lower end.
    pub(super) const fn above_least(mut self) -> Self {
        self.without_least = true;
        self
    }

    /// The same range without its upper end.
    pub(super) const fn below_most(mut self) -> Self {
        self.without_most = true;
        self
    }

    /// The same range and 0, which switches something off.
    pub(super) const fn or_zero(mut self) -> Self {
        self.or_zero = true;
        self
    }

    fn read(&self, value: &Value) -> Option<f64> {
        let number = value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64))?;
        let low = number < self.least || (self.without_least && number == self.least);
        let high = number > self.most || (self.without_most && number == self.most);
        let within = number.is_finite() && !low && !high;
        (within || (self.or_zero && number == 0.0)).then_some(number)
    }

    fn describe(&self) -> String {
        let least = match self.without_least {
            true => format!("above {}", self.least),
            false => format!("of at least {}", self.least),
        };
        let number = match (self.most.is_finite(), self.without_most) {
            (false, _) => format!("a number {least}"),
            (true, true) => format!("a number {least} and below {}", self.most),
            (true, false) => format!("a number {least} and at most {}", self.most),
        };
        if self.or_zero { format!("0 or {number}") } else { number }
    }
}

impl KeyValue for f64 {
    type Range = Number;
    fn allowed(range: &Number) -> String {
        range.describe()
    }
    fn read(value: &Value, range: &Number) -> Option<f64> {
        range.read(value)
    }
    fn write(&self) -> Value {
        Value::Float(*self)
    }
}

impl KeyValue for bool {
    type Range = ();
    fn allowed((): &()) -> String {
        "true or false".to_owned()
    }
    fn read(value: &Value, (): &()) -> Option<bool> {
        value.as_bool()
    }
    fn write(&self) -> Value {
        Value::Boolean(*self)
    }
}

/// What a text may be: as it reads after "must be", and as a test.
pub struct Words {
    pub(super) allowed: &'static str,
    pub(super) fits: fn(&str) -> bool,
}

impl KeyValue for String {
    type Range = Words;
    fn allowed(range: &Words) -> String {
        range.allowed.to_owned()
    }
    fn read(value: &Value, range: &Words) -> Option<String> {
        value.as_str().filter(|text| (range.fits)(text)).map(str::to_owned)
    }
    fn write(&self) -> Value {
        Value::String(self.clone())
    }
}

/// One number per colour channel.
impl KeyValue for [f32; 3] {
    type Range = Number;
    fn allowed(range: &Number) -> String {
        format!("three numbers (red, green, blue), each {}", range.describe())
    }
    fn read(value: &Value, range: &Number) -> Option<[f32; 3]> {
        let numbers: Option<Vec<f32>> =
            value.as_array()?.iter().map(|number| range.read(number).map(|n| n as f32)).collect();
        // A value so small or large that it leaves f32 would otherwise become 0 or infinite.
        let numbers = numbers?;
        numbers.iter().all(|n| range.read(&Value::Float(f64::from(*n))).is_some()).then_some(())?;
        numbers.try_into().ok()
    }
    fn write(&self) -> Value {
        // The shortest decimal that is this f32, so that 0.4914 does not become 0.49140000343322754.
        let decimal = |n: &f32| n.to_string().parse().unwrap_or(f64::from(*n));
        Value::Array(self.iter().map(|n| Value::Float(decimal(n))).collect())
    }
}

/// Two parts of a whole: least, most.
impl KeyValue for [f64; 2] {
    type Range = ();
    fn allowed((): &()) -> String {
        "two numbers above 0 and at most 1, the smaller one first".to_owned()
    }
    fn read(value: &Value, (): &()) -> Option<[f64; 2]> {
        let range = Number::between(0.0, 1.0).above_least();
        let numbers: Option<Vec<f64>> = value.as_array()?.iter().map(|n| range.read(n)).collect();
        let [least, most] = numbers?.try_into().ok()?;
        (least <= most).then_some([least, most])
    }
    fn write(&self) -> Value {
        Value::Array(self.iter().map(|n| Value::Float(*n)).collect())
    }
}

macro_rules! choice_values {
    ($($name:ident),+) => { $(
        impl KeyValue for $name {
            type Range = ();
            fn allowed((): &()) -> String {
                one_of::<$name>()
            }
            fn read(value: &Value, (): &()) -> Option<$name> {
                $name::from_word(value.as_str()?)
            }
            fn write(&self) -> Value {
                Value::String(self.word().to_owned())
            }
        }
    )+ };
}

choice_values!(
    MethodName,
    UpdateKind,
    CopyAt,
    EmaUnit,
    Ramp,
    TargetNormalisation,
    FeatureHead,
    ScratchInit,
    Pooling,
    Feature,
    Augmentation
);

fn one_of<T: Choice>() -> String {
    let words: Vec<String> = T::ALL.iter().map(|(_, word)| format!("\"{word}\"")).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}
