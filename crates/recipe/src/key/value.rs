//! The types that a recipe key may have: how each is read from TOML, within its range, and written.

use bmae_architecture::{ImageSize, PatchSize, Precision};
use toml::{Table, Value};

use super::range::{Count, Number, TextRange};
use crate::choices::{
    Augmentation, Born, ChannelsFromRgb, Choice, ClassWeighting, CopyAt, EmaUnit, Feature, FeatureHead, LossOn, Masks,
    MethodName, Pooling, Ramp, ScratchInit, TargetNormalisation, Unreadable, UpdateKind, WarmupWeight,
};
use crate::planned_epochs::EarlierPlan;

/// A type that a recipe key may have.
pub trait KeyValue: Sized + 'static {
    /// What limits it.
    type Range: Sync + 'static;

    /// What is allowed, as it reads after "must be".
    fn allowed(range: &Self::Range) -> String;

    /// The words that such a value chooses between; none where it is no choice between words.
    fn words() -> Vec<&'static str> {
        Vec::new()
    }

    /// The checked value; `None` where the type or the range does not fit.
    fn read(value: &Value, range: &Self::Range) -> Option<Self>;

    /// The value as TOML, which [`KeyValue::read`] reads back equal.
    fn write(&self) -> Value;
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

/// A height and a width: one number for both, or a list of two.
fn sides(value: &Value, range: &Count) -> Option<(usize, usize)> {
    let side = |value: &Value| usize::try_from(range.read(value)?).ok();
    match value.as_array().map(Vec::as_slice) {
        None => side(value).map(|side| (side, side)),
        Some([height, width]) => side(height).zip(side(width)),
        Some(_) => None,
    }
}

fn allowed_sides(range: &Count) -> String {
    format!("{}, or a list of two such, [height, width]", range.describe())
}

/// One number where both are the same.
fn write_sides(height: usize, width: usize) -> Value {
    match height == width {
        true => height.write(),
        false => Value::Array(vec![height.write(), width.write()]),
    }
}

impl KeyValue for ImageSize {
    type Range = Count;
    fn allowed(range: &Count) -> String {
        allowed_sides(range)
    }
    fn read(value: &Value, range: &Count) -> Option<ImageSize> {
        sides(value, range).map(|(height, width)| ImageSize { height, width })
    }
    fn write(&self) -> Value {
        write_sides(self.height, self.width)
    }
}

impl KeyValue for PatchSize {
    type Range = Count;
    fn allowed(range: &Count) -> String {
        allowed_sides(range)
    }
    fn read(value: &Value, range: &Count) -> Option<PatchSize> {
        sides(value, range).map(|(height, width)| PatchSize { height, width })
    }
    fn write(&self) -> Value {
        write_sides(self.height, self.width)
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

impl KeyValue for String {
    type Range = TextRange;
    fn allowed(range: &TextRange) -> String {
        range.allowed.to_owned()
    }
    fn read(value: &Value, range: &TextRange) -> Option<String> {
        value.as_str().filter(|text| (range.fits)(text)).map(str::to_owned)
    }
    fn write(&self) -> Value {
        Value::String(self.clone())
    }
}

/// Three channels by their numbers.
impl KeyValue for [usize; 3] {
    type Range = Count;
    fn allowed(range: &Count) -> String {
        format!("a list of three numbers, each {}", range.describe())
    }
    fn read(value: &Value, range: &Count) -> Option<[usize; 3]> {
        let numbers: Option<Vec<usize>> = value.as_array()?.iter().map(|number| usize::read(number, range)).collect();
        numbers?.try_into().ok()
    }
    fn write(&self) -> Value {
        Value::Array(self.iter().map(KeyValue::write).collect())
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

/// Plans in the order in which they were given up.
impl KeyValue for Vec<EarlierPlan> {
    type Range = ();
    fn allowed((): &()) -> String {
        "a list such as [{ epochs = 20, until = 12 }], with no `until` above its `epochs` or below the one before"
            .to_owned()
    }
    fn read(value: &Value, (): &()) -> Option<Self> {
        let plan = |entry: &Value| {
            let table = entry.as_table().filter(|table| table.len() == 2)?;
            let count = |name: &str| usize::try_from(table.get(name)?.as_integer()?).ok();
            let plan = EarlierPlan { epochs: count("epochs")?, until: count("until")? };
            (plan.epochs > 0 && plan.until <= plan.epochs).then_some(plan)
        };
        let plans: Vec<EarlierPlan> = value.as_array()?.iter().map(plan).collect::<Option<_>>()?;
        plans.is_sorted_by_key(|plan| plan.until).then_some(plans)
    }
    fn write(&self) -> Value {
        let plan = |plan: &EarlierPlan| {
            let entries = [("epochs", plan.epochs), ("until", plan.until)];
            Value::Table(Table::from_iter(entries.map(|(name, count)| (name.to_owned(), count.write()))))
        };
        Value::Array(self.iter().map(plan).collect())
    }
}

macro_rules! choice_values {
    ($($name:ident),+) => { $(
        impl KeyValue for $name {
            type Range = ();
            fn allowed((): &()) -> String {
                one_of::<$name>()
            }
            fn words() -> Vec<&'static str> {
                $name::ALL.iter().map(|(_, word)| *word).collect()
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
    Masks,
    WarmupWeight,
    Born,
    EmaUnit,
    Ramp,
    TargetNormalisation,
    LossOn,
    FeatureHead,
    ScratchInit,
    Pooling,
    Feature,
    ClassWeighting,
    ChannelsFromRgb,
    Augmentation,
    Unreadable,
    Precision
);

fn one_of<T: Choice>() -> String {
    let words: Vec<String> = T::ALL.iter().map(|(_, word)| format!("\"{word}\"")).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}
