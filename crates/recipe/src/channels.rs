//! How many channels images have, and the mean and standard deviation of each: given, or to be found out from the images.

use bmae_architecture::MOST_CHANNELS;
use toml::Value;

use super::key::{KeyValue, Number};

/// How many channels the images that a model sees have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// As many as the images have.
    Auto,
    /// So many, whatever they have.
    Count(usize),
}

/// A number for each channel, or where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum ChannelValues {
    /// CIFAR-10's for CIFAR and shapes, else measured.
    Standard,
    /// What the training images have.
    Measured,
    /// These.
    Each(Vec<f32>),
}

impl KeyValue for Channels {
    type Range = ();
    fn allowed((): &()) -> String {
        format!("\"auto\" or a whole number between 1 and {MOST_CHANNELS}")
    }
    fn read(value: &Value, (): &()) -> Option<Self> {
        match value {
            Value::String(word) => (word == "auto").then_some(Self::Auto),
            value => {
                let count = usize::try_from(value.as_integer()?).ok()?;
                (1..=MOST_CHANNELS).contains(&count).then_some(Self::Count(count))
            }
        }
    }
    fn write(&self) -> Value {
        match self {
            Self::Auto => Value::String("auto".to_owned()),
            Self::Count(count) => count.write(),
        }
    }
}

/// One number per channel.
impl KeyValue for ChannelValues {
    type Range = Number;
    fn allowed(range: &Number) -> String {
        format!("\"auto\", \"default\", or a list with a number for each channel, each {}", range.describe())
    }
    fn read(value: &Value, range: &Number) -> Option<Self> {
        match value {
            Value::String(word) => match word.as_str() {
                "auto" => Some(Self::Measured),
                "default" => Some(Self::Standard),
                _ => None,
            },
            value => {
                let numbers: Option<Vec<f32>> =
                    value.as_array()?.iter().map(|number| range.read(number).map(|n| n as f32)).collect();
                // A value so small or large that it leaves f32 would otherwise become 0 or infinite.
                let numbers = numbers.filter(|numbers| (1..=MOST_CHANNELS).contains(&numbers.len()))?;
                numbers
                    .iter()
                    .all(|n| range.read(&Value::Float(f64::from(*n))).is_some())
                    .then_some(Self::Each(numbers))
            }
        }
    }
    fn write(&self) -> Value {
        match self {
            Self::Standard => Value::String("default".to_owned()),
            Self::Measured => Value::String("auto".to_owned()),
            // The shortest decimal that is this f32, so that 0.4914 does not become 0.49140000343322754.
            Self::Each(numbers) => {
                let decimal = |n: &f32| n.to_string().parse().unwrap_or(f64::from(*n));
                Value::Array(numbers.iter().map(|n| Value::Float(decimal(n))).collect())
            }
        }
    }
}

impl ChannelValues {
    /// The numbers, where they are given.
    pub fn each(&self) -> Option<&[f32]> {
        match self {
            Self::Each(numbers) => Some(numbers),
            Self::Standard | Self::Measured => None,
        }
    }
}
